import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

/** The repository's `manifests/`. */
export const manifestsFolder = fileURLToPath(new URL("../../manifests", import.meta.url));

const selector = z.strictObject({
  matchExpressions: z.array(
    z.strictObject({
      key: z.string(),
      operator: z.string(),
      values: z.array(z.string()).optional(),
    }),
  ),
});

const webhook = z.strictObject({
  name: z.string(),
  rules: z.array(
    z.strictObject({
      apiGroups: z.array(z.string()),
      apiVersions: z.array(z.string()),
      resources: z.array(z.string()),
      operations: z.array(z.string()),
      scope: z.string(),
    }),
  ),
  namespaceSelector: selector.optional(),
  objectSelector: selector.optional(),
  clientConfig: z.strictObject({
    caBundle: z.string().optional(),
    service: z.strictObject({
      namespace: z.string(),
      name: z.string(),
      port: z.number(),
      path: z.string(),
    }),
  }),
  failurePolicy: z.string(),
  matchPolicy: z.string(),
  sideEffects: z.string(),
  timeoutSeconds: z.number(),
  admissionReviewVersions: z.array(z.string()),
  reinvocationPolicy: z.string().optional(),
  matchConditions: z.array(z.strictObject({ name: z.string(), expression: z.string() })).optional(),
});

/** Any object of a manifest; tests parse the other fields they read. */
const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

const webhookConfiguration = z.looseObject({
  apiVersion: z.string(),
  kind: z.enum(["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]),
  metadata: z.looseObject({ name: z.string() }),
  webhooks: z.array(webhook),
});

export type Manifest = z.infer<typeof manifest>;
export type Webhook = z.infer<typeof webhook>;
export type WebhookConfiguration = z.infer<typeof webhookConfiguration>;

/** Parse the objects of a stream of YAML documents. */
export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => manifest.parse(document.toJS()));
}

/** The objects of `manifests/base` as they are written, before Kustomize. */
export async function readBase(): Promise<readonly Manifest[]> {
  const folder = join(manifestsFolder, "base");
  const names = (await readdir(folder)).filter((name) => name !== "kustomization.yaml");
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap(parseManifests);
}

/** The webhook configurations among `objects`. */
export function webhookConfigurations(
  objects: readonly Manifest[],
): readonly WebhookConfiguration[] {
  return objects
    .filter(({ kind }) => kind.endsWith("WebhookConfiguration"))
    .map((object) => webhookConfiguration.parse(object));
}

/** The one object of that kind and name. */
export function find(objects: readonly Manifest[], kind: string, name: string): Manifest {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} ${name}`);
  return only;
}
