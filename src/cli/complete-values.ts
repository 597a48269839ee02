import type { ResourceType } from "../cluster/resource-type.ts";
import * as kinds from "../cluster/resource-type.ts";
import { GROUP, VERSION } from "../resources/resource-metadata.ts";
import { itemsOf } from "../wire/document.ts";
import { textAt } from "../wire/shape.ts";
import { hasPodTemplate, WORKLOAD_KINDS } from "../wire/workload.ts";
import { QUIET } from "./report.ts";
import { clientOptions } from "./sources/cluster-flags.ts";
import type { SourceFlags } from "./sources/load-world.ts";

/** Completion that takes longer is no help. */
const TIMEOUT = "1s";

type IsMeant = (raw: unknown) => boolean;

/** Pods, and what has some. */
const hasPods: IsMeant = (raw) => {
  const kind = textAt(raw, "kind");
  return kind === "Pod" || WORKLOAD_KINDS.has(kind) || hasPodTemplate(raw);
};
const isA =
  (kind: string): IsMeant =>
  (raw) =>
    textAt(raw, "kind") === kind;

/** Flags whose values are names of objects: which to ask a cluster for, and which of manifests. */
const OBJECTS: Readonly<
  Record<string, { readonly type: ResourceType; readonly isMeant: IsMeant }>
> = {
  "--namespace": { type: kinds.NAMESPACES, isMeant: isA("Namespace") },
  "--src-pod": { type: kinds.PODS, isMeant: hasPods },
  "--dst-pod": { type: kinds.PODS, isMeant: hasPods },
  "--dst-service": { type: kinds.SERVICES, isMeant: isA("Service") },
  "--policy": { type: kinds.NETWORK_POLICIES, isMeant: isA("NetworkPolicy") },
};

const PROFILES: ResourceType = { group: GROUP, version: VERSION, resource: "profiles" };
const UNSCOPED: ReadonlySet<ResourceType> = new Set([kinds.NAMESPACES, PROFILES]);

/**
 * Names that may follow a flag, from the manifests or the cluster that the other flags name; none if that
 * fails.
 */
export async function namesFor(flag: string, flags: SourceFlags): Promise<readonly string[]> {
  try {
    if (["--context", "--cluster", "--user"].includes(flag)) return await ofKubeconfig(flag, flags);
    const objects = OBJECTS[flag];
    if (objects === undefined) return [];
    return flags.manifests === undefined
      ? await ofCluster(objects.type, flags)
      : await ofManifests(objects.isMeant, flags.manifests);
  } catch {
    // Whatever is wrong will be said when the command is run; a shell has no place for it.
    return [];
  }
}

/** Names of Profiles in the files of `--config`, and in `paths` and manifests or else the cluster; none of what fails. */
export async function profilesFor(
  flags: SourceFlags & { readonly config?: readonly string[] },
  paths: readonly string[],
): Promise<readonly string[]> {
  const { manifests = [], config = [] } = flags;
  const files = [...paths, ...manifests];
  const asked = [
    ...[...config, ...files].map(async (path) => ofManifests(isA("Profile"), [path])),
    ...(files.length === 0 ? [ofCluster(PROFILES, flags)] : []),
  ];
  const found = await Promise.allSettled(asked);
  return found.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
}

async function ofKubeconfig(flag: string, flags: SourceFlags): Promise<readonly string[]> {
  const { loadKubeconfig } = await import("../cluster/load-kubeconfig.ts");
  const config = await loadKubeconfig({ kubeconfig: flags.kubeconfig ?? null });
  const named =
    flag === "--context"
      ? config.getContexts()
      : flag === "--cluster"
        ? config.getClusters()
        : config.getUsers();
  return named.map(({ name }) => name);
}

async function ofCluster(type: ResourceType, flags: SourceFlags): Promise<readonly string[]> {
  const { ApiClient } = await import("../cluster/api-client.ts");
  const client = new ApiClient(clientOptions({ ...flags, requestTimeout: TIMEOUT }));
  try {
    const isAll = UNSCOPED.has(type) || flags.allNamespaces === true;
    const own = flags.namespace ?? (await client.contextNamespace()) ?? "default";
    const namespace = isAll ? "" : own;
    const list = await client.send({ verb: "list", type, namespace, query: { limit: "500" } });
    return itemsOf(list).map(({ raw }) => nameOf(raw, flags.allNamespaces === true));
  } finally {
    client.close();
  }
}

async function ofManifests(
  isMeant: IsMeant,
  manifests: readonly string[],
): Promise<readonly string[]> {
  if (manifests.includes("-")) return [];
  const { readManifests } = await import("./sources/manifest-objects.ts");
  const objects = await readManifests(manifests, QUIET);
  return objects.flatMap(({ raw }) => (isMeant(raw) ? [nameOf(raw, true)] : []));
}

function nameOf(raw: unknown, full: boolean): string {
  const name = textAt(raw, "metadata", "name");
  const namespace = textAt(raw, "metadata", "namespace");
  return full && namespace !== "" ? `${namespace}/${name}` : name;
}
