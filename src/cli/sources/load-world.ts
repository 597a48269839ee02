import type { ApiClient } from "../../cluster/api-client.ts";
import { detectDataplane, nameDataplane } from "../../cluster/detect-dataplane.ts";
import { DATAPLANES, type Dataplane, type DataplaneName } from "../../engine/dataplane.ts";
import { AppError } from "../../errors.ts";
import { textAt } from "../../wire/shape.ts";
import type { Report } from "../report.ts";
import { type ClusterFlags, clientOptions, isChosen, refuseClusterFlags } from "./cluster-flags.ts";
import type { ClusterScope } from "./cluster-objects.ts";
import { readManifests } from "./manifest-objects.ts";
import { type SourceObject } from "./source-object.ts";
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

/**
 * The source that `flags` name; `config` holds resources beside its own. No file and no cluster is read
 * before `load`.
 */
export async function openSource(
  flags: SourceFlags,
  report: Report,
  config: readonly SourceObject[] = [],
): Promise<Source> {
  const { manifests } = flags;
  if (manifests === undefined) return openCluster(flags, report, config);
  refuseClusterFlags(flags);
  const namespace = flags.namespace ?? "default";
  const applied = await applicable(flags, report);
  const objects = await readManifests(manifests, report);
  const dataplane = DATAPLANES[flags.dataplane ?? nameDataplane(daemonSetsOf(objects)).dataplane];
  const options = { dataplane, namespace, report, config };
  const base: readonly Layer[] = [{ kind: "files", applied: false, objects }];
  return {
    kind: "files",
    namespace,
    allNamespaces: flags.allNamespaces ?? flags.namespace === undefined,
    load: async () => createWorld([...base, ...applied], options),
    loadWithFiles: async () => ({
      before: createWorld(base, options),
      after: createWorld([...base, ...applied], options),
    }),
  };
}

async function openCluster(
  flags: SourceFlags,
  report: Report,
  config: readonly SourceObject[],
): Promise<Source> {
  const { ApiClient: Client } = await import("../../cluster/api-client.ts");
  const client = new Client(clientOptions(flags));
  const ofContext = await client.contextNamespace().catch((error: unknown) => {
    if (!(error instanceof AppError) || isChosen(flags)) throw error;
    throw new AppError(error.code, `${error.message} (or read files with --manifests)`, {
      cause: error,
    });
  });
  const namespace = flags.namespace ?? ofContext ?? "default";
  const applied = await applicable(flags, report);
  const read = async (scope: ClusterScope): Promise<readonly [Layer, Dataplane]> => {
    const { readCluster } = await import("./cluster-objects.ts");
    try {
      const [objects, dataplane] = await Promise.all([
        readCluster(client, scope, report),
        chooseDataplane(flags.dataplane, client),
      ]);
      if (dataplane.note !== null) report.note(dataplane.note);
      return [{ kind: "cluster", applied: false, objects }, DATAPLANES[dataplane.name]];
    } finally {
      client.close();
    }
  };
  return {
    kind: "cluster",
    namespace,
    allNamespaces: flags.allNamespaces ?? false,
    load: async (scope) => {
      const [layer, dataplane] = await read(scope);
      return createWorld([layer, ...applied], { dataplane, namespace, report, config });
    },
    loadWithFiles: async (scope) => {
      const [layer, dataplane] = await read(scope);
      const options = { dataplane, namespace, report, config };
      return {
        before: createWorld([layer], options),
        after: createWorld([layer, ...applied], options),
      };
    },
  };
}

/** DaemonSets of manifests, as `namespace/name`. */
function daemonSetsOf(objects: readonly SourceObject[]): readonly string[] {
  return objects.flatMap(({ raw }) =>
    textAt(raw, "kind") === "DaemonSet"
      ? [`${textAt(raw, "metadata", "namespace")}/${textAt(raw, "metadata", "name")}`]
      : [],
  );
}

async function applicable(flags: SourceFlags, report: Report): Promise<readonly Layer[]> {
  const { filename } = flags;
  if (filename === undefined) return [];
  const objects: readonly SourceObject[] = await readManifests(filename, report);
  return [{ kind: "files", applied: true, objects }];
}

/** The one that was named, else what the agents on the nodes show, else the most careful one. */
async function chooseDataplane(
  named: DataplaneName | undefined,
  client: ApiClient,
): Promise<{ readonly name: DataplaneName; readonly note: string | null }> {
  if (named !== undefined) return { name: named, note: null };
  try {
    return { name: (await detectDataplane(client)).dataplane, note: null };
  } catch (error) {
    // What plugins differ in is then unknown, which is right whatever the reason.
    const message = error instanceof Error ? error.message : String(error);
    return { name: "generic", note: `dataplane taken for generic: ${message}` };
  }
}
