import type { ApiClient } from "../../cluster/api-client.ts";
import { detectDataplane, nameDataplane } from "../../cluster/detect-dataplane.ts";
import { DATAPLANES, type DataplaneName } from "../../engine/dataplane.ts";
import { AppError, messageOf } from "../../errors.ts";
import { namespacedName } from "../../wire/metadata.ts";
import { textAt } from "../../wire/shape.ts";
import type { Report } from "../report.ts";
import { type ClusterFlags, clientOptions, isChosen, refuseClusterFlags } from "./cluster-flags.ts";
import type { ClusterScope } from "./cluster-objects.ts";
import { readManifests } from "./manifest-objects.ts";
import type { SourceObject } from "./source-object.ts";
import type { World } from "./world.ts";
import { createWorld, type Layer } from "./world-builder.ts";

/** The flags that say where objects come from, as every verb takes them. */
export interface SourceFlags extends ClusterFlags {
  readonly manifests?: readonly string[];
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly dataplane?: DataplaneName;
}

/** Where objects come from, with what is not said filled in. */
export interface Source {
  readonly kind: "files" | "cluster";
  /** Of objects and names that do not say theirs. */
  readonly namespace: string;
  readonly allNamespaces: boolean;
  /** The world, with at least what `scope` names. */
  load(scope: ClusterScope): Promise<World>;
  /** The same with the files of `-f` as if applied; it is the same world where there are none. */
  loadWithFiles(scope: ClusterScope): Promise<{ readonly before: World; readonly after: World }>;
}

/** Everything there is: what questions about all pairs need. */
export const EVERYTHING: ClusterScope = {
  namespaces: "all",
  services: false,
  workloads: false,
  resources: false,
  configMapsOf: null,
  nodes: true,
};

/** What a source is before the files of `-f` are laid over it. */
interface Base extends Pick<Source, "kind" | "namespace" | "allNamespaces"> {
  readonly read: (
    scope: ClusterScope,
  ) => Promise<{ readonly layer: Layer; readonly dataplane: DataplaneName }>;
}

/**
 * The source that `flags` name; `config` holds resources beside its own. The files of `-f` and the kubeconfig
 * are read at once, manifests and the cluster when the world is loaded.
 */
export async function openSource(
  flags: SourceFlags,
  report: Report,
  config: readonly SourceObject[] = [],
): Promise<Source> {
  const { manifests, filename } = flags;
  const { read, ...base } =
    manifests === undefined
      ? await openCluster(flags, report)
      : openFiles(manifests, flags, report);
  const applied: readonly Layer[] =
    filename === undefined
      ? []
      : [{ kind: "files", applied: true, objects: await readManifests(filename, report) }];
  const worlds = async (scope: ClusterScope): Promise<(layers: readonly Layer[]) => World> => {
    const { layer, dataplane } = await read(scope);
    const options = { dataplane: DATAPLANES[dataplane], namespace: base.namespace, report, config };
    return (layers) => createWorld([layer, ...layers], options);
  };
  return {
    ...base,
    load: async (scope) => (await worlds(scope))(applied),
    loadWithFiles: async (scope) => {
      const worldWith = await worlds(scope);
      return { before: worldWith([]), after: worldWith(applied) };
    },
  };
}

function openFiles(manifests: readonly string[], flags: SourceFlags, report: Report): Base {
  refuseClusterFlags(flags);
  return {
    kind: "files",
    namespace: flags.namespace ?? "default",
    allNamespaces: flags.allNamespaces ?? flags.namespace === undefined,
    read: async () => {
      const objects = await readManifests(manifests, report);
      const dataplane = flags.dataplane ?? nameDataplane(daemonSetsOf(objects)).dataplane;
      return { layer: { kind: "files", applied: false, objects }, dataplane };
    },
  };
}

async function openCluster(flags: SourceFlags, report: Report): Promise<Base> {
  const { ApiClient: Client } = await import("../../cluster/api-client.ts");
  const client = new Client(clientOptions(flags));
  const ofContext = await client.contextNamespace().catch((error: unknown) => {
    if (!(error instanceof AppError) || isChosen(flags)) throw error;
    throw new AppError(error.code, `${error.message} (or read files with --manifests)`, {
      cause: error,
    });
  });
  return {
    kind: "cluster",
    namespace: flags.namespace ?? ofContext ?? "default",
    allNamespaces: flags.allNamespaces ?? false,
    read: async (scope) => {
      const { readCluster } = await import("./cluster-objects.ts");
      try {
        const [objects, { dataplane, note }] = await Promise.all([
          readCluster(client, scope, report),
          chooseDataplane(flags.dataplane, client),
        ]);
        if (note !== null) report.note(note);
        return { layer: { kind: "cluster", applied: false, objects }, dataplane };
      } finally {
        client.close();
      }
    },
  };
}

/** DaemonSets of manifests, as `namespace/name`. */
function daemonSetsOf(objects: readonly SourceObject[]): readonly string[] {
  return objects.flatMap(({ raw }) =>
    textAt(raw, "kind") === "DaemonSet" ? [namespacedName(raw)] : [],
  );
}

/** The one that was named, else what the agents on the nodes show, else the most careful one. */
async function chooseDataplane(
  named: DataplaneName | undefined,
  client: ApiClient,
): Promise<{ readonly dataplane: DataplaneName; readonly note: string | null }> {
  if (named !== undefined) return { dataplane: named, note: null };
  try {
    return { dataplane: (await detectDataplane(client)).dataplane, note: null };
  } catch (error) {
    // What plugins differ in is then unknown, which is right whatever the reason.
    return { dataplane: "generic", note: `dataplane taken for generic: ${messageOf(error)}` };
  }
}
