import { applyPatch } from "../../src/rules/json-patch.ts";
import type { Change } from "./change.ts";
import type { EmbeddedCluster } from "./embedded-cluster.ts";
import { type KubernetesObject, kubernetesObject } from "./example-cluster.ts";
import type { PatchOperation, ReviewClient, ReviewResponse, Situation } from "./review-client.ts";

/** What became of a change. */
export interface Answer {
  readonly situation: Situation;
  /** Which webhook of the manifests spoke; kubectl names it. */
  readonly webhook: string;
  readonly patch: readonly PatchOperation[];
  readonly response: ReviewResponse;
  /** What the API server would store; null for a delete, and where the change is denied. */
  readonly stored: KubernetesObject | null;
}

/** Do as the API server does: mutation, then validation of what that made. */
export async function ask(
  client: ReviewClient,
  cluster: EmbeddedCluster,
  change: Change,
): Promise<Answer> {
  const oldObject = cluster.stored(change.object);
  const operation = change.run.startsWith("kubectl delete")
    ? "DELETE"
    : oldObject === null
      ? "CREATE"
      : "UPDATE";
  const situation: Situation = { change, operation, oldObject };
  const webhook = `${webhookFor(change, cluster)}.ringfence.dev`;
  if (operation === "DELETE") {
    const response = await client.review("/validate", situation, null);
    return { situation, webhook, patch: [], response, stored: null };
  }
  const { patch = [] } = await client.review("/mutate", situation, change.object);
  const object = kubernetesObject.parse(applyPatch(change.object, patch));
  const response = await client.review("/validate", situation, object);
  return { situation, webhook, patch, response, stored: response.allowed ? object : null };
}

/** The name under which `manifests/base` registers the webhook that gets this request. */
function webhookFor({ object }: Change, cluster: EmbeddedCluster): string {
  const isNamespace = object.kind === "Namespace";
  const name = isNamespace ? object.metadata.name : object.metadata.namespace;
  const mode = cluster.engine.namespace(name)?.labels.get("ringfence.dev/mode");
  const advisory = mode === "warn" || mode === "audit" ? "-advisory" : "";
  return `${isNamespace ? "namespaces" : "policies"}${advisory}`;
}
