import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { leniency } from "../support/ringfence.ts";
import {
  find,
  type Manifest,
  manifestsFolder,
  parseManifests,
  readBase,
  webhookConfigurations,
} from "./rendered-manifests.ts";

/** Kustomize breaks long base64 values into lines. */
const oneLine = z.string().transform((value) => value.replaceAll(/\s/g, ""));
const secret = z.looseObject({ type: z.string(), data: z.record(z.string(), oneLine) });
const certificate = z.looseObject({
  spec: z.looseObject({
    isCA: z.boolean().default(false),
    secretName: z.string(),
    dnsNames: z.array(z.string()).default([]),
    issuerRef: z.object({ name: z.string() }),
  }),
});
const deployment = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ containers: z.array(z.looseObject({ image: z.string() })) }),
    }),
  }),
});

describeWithControlPlane("the overlays", (plane) => {
  const render = async (folder: string): Promise<readonly Manifest[]> => {
    const { code, stdout, stderr } = await plane().kubectl(["kustomize", folder]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return parseManifests(stdout);
  };
  const overlay = (name: string): Promise<readonly Manifest[]> =>
    render(join(manifestsFolder, "overlays", name));

  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "ringfence-manifests-"));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  /** `manifests/base` with components, in a Kustomization of its own. */
  const withComponents = async (...components: readonly string[]): Promise<string> => {
    const folder = await mkdtemp(join(scratch, "components-"));
    const at = (...path: readonly string[]): string =>
      relative(folder, join(manifestsFolder, ...path));
    const kustomization = {
      resources: [at("base")],
      components: components.map((name) => at("components", name)),
    };
    await writeFile(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
    return folder;
  };

  it.each(["cert-manager", "plain", "kind"])("%s renders everything of the base", async (name) => {
    const rendered = (await overlay(name)).map(identity);
    expect(rendered).toEqual(expect.arrayContaining((await readBase()).map(identity)));
  });

  it("cert-manager issues a leaf from a CA of its own and injects that CA", async () => {
    const objects = await overlay("cert-manager");
    const leaf = certificate.parse(find(objects, "Certificate", "ringfence-webhook")).spec;
    const issuer = z
      .looseObject({ spec: z.object({ ca: z.object({ secretName: z.string() }) }) })
      .parse(find(objects, "Issuer", leaf.issuerRef.name));
    const authority = certificate.parse(find(objects, "Certificate", "ringfence-ca")).spec;
    expect(leaf.isCA).toBe(false);
    expect(leaf.dnsNames).toContain(serviceNameOf(objects));
    expect(issuer.spec.ca.secretName).toBe(authority.secretName);
    expect(authority.isCA).toBe(true);
    for (const { metadata } of webhookConfigurations(objects)) {
      expect(metadata["annotations"]).toMatchObject({
        "cert-manager.io/inject-ca-from": "ringfence-system/ringfence-webhook",
      });
    }
  });

  /** A copy of the manifests without what the script has made before, and the script in it. */
  const copyPlain = async (name: string) => {
    const copy = join(scratch, name);
    await promisify(execFile)("cp", ["-r", manifestsFolder, copy]);
    const generated = join(copy, "generated");
    await rm(generated, { recursive: true, force: true });
    const run = async (...args: readonly string[]): Promise<readonly Manifest[]> => {
      const script = join(copy, "overlays", "plain", "render.sh");
      const { stdout } = await promisify(execFile)(script, args);
      return parseManifests(stdout);
    };
    return { generated, run };
  };
  const bundlesOf = (objects: readonly Manifest[]): ReadonlySet<string> =>
    new Set(
      webhookConfigurations(objects)
        .flatMap(({ webhooks }) => webhooks)
        .map(({ clientConfig }) => oneLine.parse(clientConfig.caBundle ?? "none")),
    );

  it("plain's script makes a certificate that every webhook trusts, twice under one CA", async () => {
    const { run } = await copyPlain("twice");
    const bundles = new Set<string>();
    const leaves = new Set<string>();
    for (const objects of [await run(), await run()]) {
      const { type, data } = secret.parse(find(objects, "Secret", "ringfence-webhook-tls"));
      const pem = (name: string): X509Certificate =>
        new X509Certificate(Buffer.from(data[name] ?? "", "base64"));
      expect(type).toBe("kubernetes.io/tls");
      expect(Object.keys(data).toSorted()).toEqual(["ca.crt", "tls.crt", "tls.key"]);
      expect(pem("tls.crt").verify(pem("ca.crt").publicKey)).toBe(true);
      expect(pem("tls.crt").checkHost(serviceNameOf(objects))).toBeDefined();
      expect(pem("tls.crt").ca).toBe(false);
      for (const bundle of bundlesOf(objects)) bundles.add(bundle);
      expect([...bundles]).toEqual([data["ca.crt"]]);
      leaves.add(pem("tls.crt").fingerprint256);
    }
    expect(leaves.size).toBe(2);
  });

  it("plain's script gives the webhooks of components their CA too", async () => {
    const { run } = await copyPlain("components");
    const objects = await run("plain", "pods", "match-conditions");
    const webhooks = webhookConfigurations(objects).flatMap((one) => one.webhooks);
    expect(webhooks.map(({ name }) => name)).toContain("pods.ringfence.dev");
    expect(webhooks.filter(({ matchConditions }) => matchConditions === undefined)).toMatchObject([
      { name: "pods.ringfence.dev" },
    ]);
    expect([...bundlesOf(objects)]).toEqual([expect.stringMatching(/^LS0t/)]);
  });

  it("plain's script has the webhooks trust the CA of before beside a new one", async () => {
    const { generated, run } = await copyPlain("renewed");
    const [before = ""] = bundlesOf(await run());
    await rename(join(generated, "ca.crt"), join(generated, "old-ca.crt"));
    await rm(join(generated, "ca.key"));
    const [both = "", ...others] = bundlesOf(await run());
    expect(others).toEqual([]);
    await rm(join(generated, "old-ca.crt"));
    const [after = ""] = bundlesOf(await run());
    expect(after).not.toBe(before);
    const text = (bundle: string): string => Buffer.from(bundle, "base64").toString();
    expect(text(both)).toBe(text(after) + text(before));
  });

  it("kind uses the image that its script loads", async () => {
    const { spec } = deployment.parse(find(await overlay("kind"), "Deployment", "ringfence"));
    expect(spec.template.spec.containers).toMatchObject([
      { image: "ringfence:kind", imagePullPolicy: "Never" },
    ]);
  });

  it("client-certificates mounts the authority where it is read, beside what there was", async () => {
    const objects = await render(await withComponents("client-certificates"));
    const { spec } = deployment.parse(find(objects, "Deployment", "ringfence"));
    expect(JSON.stringify(spec)).toContain('"secretName":"ringfence-client-ca"');
    expect(spec.template.spec.containers).toMatchObject([
      {
        env: [
          { name: "NODE_OPTIONS" },
          { name: "RINGFENCE__CLIENT_CA_PATH", value: "/etc/ringfence/client-ca/ca.crt" },
        ],
        volumeMounts: [
          { name: "certificate" },
          { name: "resources" },
          { name: "client-ca", mountPath: "/etc/ringfence/client-ca", readOnly: true },
        ],
      },
    ]);
    expect(objects.map(identity).toSorted()).toEqual((await readBase()).map(identity).toSorted());
  });

  it("alerts adds its rules, and nothing else", async () => {
    const objects = (await render(await withComponents("alerts"))).map(identity);
    const base = new Set((await readBase()).map(identity));
    expect(objects.filter((one) => !base.has(one))).toEqual([
      "PrometheusRule ringfence-system/ringfence",
    ]);
  });

  it("match-conditions gives every webhook its condition", async () => {
    const objects = await render(await withComponents("match-conditions"));
    const conditions = webhookConfigurations(objects)
      .flatMap(({ webhooks }) => webhooks)
      .map(({ matchConditions }) => matchConditions?.[0]?.name);
    expect(conditions).toHaveLength(
      webhookConfigurations(await readBase()).flatMap(({ webhooks }) => webhooks).length,
    );
    expect(new Set(conditions)).toEqual(new Set(["not-the-control-plane"]));
  });

  it("the API server takes all of the base, and the optional part it is new enough for", async () => {
    const namespace = find(await readBase(), "Namespace", "ringfence-system");
    await plane().create("/api/v1/namespaces", namespace);
    const folder = plane().atLeast(30)
      ? await withComponents("match-conditions")
      : plane().atLeast(21)
        ? join(manifestsFolder, "base")
        : await withComponents("kubernetes-1.20");
    const flags = ["--dry-run=server", ...leniency(plane())];
    const applied = await plane().kubectl(["apply", ...flags, "-k", folder]);
    expect(applied).toMatchObject({ code: 0 });
    const lines = applied.stdout.trim().split("\n");
    expect(lines).toHaveLength((await readBase()).length);
    for (const line of lines) expect(line).toMatch(/(created|configured) \(server dry run\)$/);
  });
});

/** The name by which the API server calls the webhook: the certificate has to carry it. */
function serviceNameOf(objects: readonly Manifest[]): string {
  const names = webhookConfigurations(objects)
    .flatMap(({ webhooks }) => webhooks)
    .map(({ clientConfig: { service } }) => `${service.name}.${service.namespace}.svc`);
  const [name] = new Set(names);
  if (name === undefined || new Set(names).size > 1) throw new Error(`names: ${names.join()}`);
  return name;
}

function identity({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}
