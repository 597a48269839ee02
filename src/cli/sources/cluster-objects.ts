import { type ApiClient, hasStatus } from "../../cluster/api-client.ts";
import * as kinds from "../../cluster/resource-type.ts";
import { policySource, TIERED_KINDS } from "../../cluster/watch-source.ts";
import { messageOf } from "../../errors.ts";
import { RESOURCE_KINDS } from "../../resources/resource.ts";
import { GROUP, VERSION } from "../../resources/resource-metadata.ts";
import { itemsOf } from "../../wire/document.ts";
import { textAt } from "../../wire/shape.ts";
import { usageError } from "../input-error.ts";
import type { Report } from "../report.ts";
import { NOWHERE, type SourceObject } from "./source-object.ts";

/** Which part of a cluster a question needs. */
export interface ClusterScope {
  /** Whose pods, policies and labels matter: a flow between two pods needs only their own. */
  readonly namespaces: "all" | readonly string[];
  /** Services and their endpoints; `optional`: go on without them if they may not be read. */
  readonly services: boolean | "optional";
  /** Ringfence's own resources, where it is installed and they may be read. */
  readonly resources: boolean;
  /** Pod templates: for rules that ask about pods which do not exist yet. */
  readonly workloads: boolean;
  /** Which ConfigMaps to read as well, as `namespace/name`, by what has been read: one by one. */
  readonly configMapsOf: ((objects: readonly unknown[]) => readonly string[]) | null;
  /** For addresses of nodes and pods on the host's network; left out where that is forbidden. */
  readonly nodes: boolean;
}

/** Objects per answer, as kubectl asks for them. */
const PAGE = "500";

/** A list to be asked for. */
interface Wanted {
  readonly type: kinds.ResourceType;
  /** Versions that serve the same objects, asked for where `type` is not served. */
  readonly otherVersions?: readonly string[];
  readonly namespaced: boolean;
  /** Go on without it where it may not be read. */
  readonly optional?: boolean;
}

/**
 * Read what `scope` names, by `get` and `list` and nothing else. A kind that the cluster does not serve has
 * no objects. What may not be read is noted if an answer is possible without it; else this throws
 * `ApiError`, which names the verb and the resource.
 */
export async function readCluster(
  client: ApiClient,
  scope: ClusterScope,
  report: Report,
): Promise<readonly SourceObject[]> {
  const lister = new Lister(client, scope, report);
  const wanted: readonly Wanted[] = [
    { type: kinds.PODS, namespaced: true },
    { type: kinds.NETWORK_POLICIES, namespaced: true },
    ...TIERED_KINDS.map((kind) => ({ ...policySource(kind), namespaced: false })),
    ...(scope.nodes ? [{ type: kinds.NODES, namespaced: false, optional: true }] : []),
    ...(scope.services !== false
      ? [
          { type: kinds.SERVICES, namespaced: true, optional: scope.services === "optional" },
          {
            type: kinds.ENDPOINT_SLICES,
            otherVersions: ["v1beta1"],
            namespaced: true,
            optional: true,
          },
        ]
      : []),
    ...(scope.workloads ? WORKLOADS : []),
    ...(scope.resources ? RESOURCES : []),
  ];
  const lists = await Promise.all([
    lister.namespaces(),
    ...wanted.map(async (one) => lister.read(one)),
  ]).finally(() => report.progress(""));
  const objects = lists.flat();
  const settings = await lister.configMaps(scope.configMapsOf?.(objects) ?? []);
  return [...objects, ...settings].map((raw) => ({ raw, origin: NOWHERE }));
}

const WORKLOADS: readonly Wanted[] = [
  { type: kinds.DEPLOYMENTS, namespaced: true, optional: true },
  { type: kinds.STATEFUL_SETS, namespaced: true, optional: true },
  { type: kinds.DAEMON_SETS, namespaced: true, optional: true },
  { type: kinds.CRON_JOBS, otherVersions: ["v1beta1"], namespaced: true, optional: true },
];

const RESOURCES: readonly Wanted[] = RESOURCE_KINDS.map(({ plural, scope }) => ({
  type: { group: GROUP, version: VERSION, resource: plural },
  namespaced: scope === "Namespaced",
  optional: true,
}));

class Lister {
  readonly #client: ApiClient;
  readonly #scope: ClusterScope;
  readonly #report: Report;
  #count = 0;

  constructor(client: ApiClient, scope: ClusterScope, report: Report) {
    this.#client = client;
    this.#scope = scope;
    this.#report = report;
  }

  /** Namespaces of the scope; one that may not be read is left out, and so are its labels. */
  async namespaces(): Promise<readonly unknown[]> {
    const { namespaces } = this.#scope;
    const type = kinds.NAMESPACES;
    if (namespaces === "all") return this.#list({ type, namespaced: false }, "");
    const found = await Promise.all(
      namespaces.map(async (name) =>
        this.#client.send({ verb: "get", type, name }).catch((error: unknown) => {
          if (hasStatus(error, 404)) throw usageError(`namespace \`${name}\` does not exist`);
          if (!hasStatus(error, 403)) throw error;
          this.#report.note(`labels of namespace ${name} are not known: ${messageOf(error)}`);
          return null;
        }),
      ),
    );
    return found.filter((raw) => raw !== null);
  }

  /** ConfigMaps by `namespace/name`, as far as they are there and may be read. */
  async configMaps(keys: readonly string[]): Promise<readonly unknown[]> {
    const found = await Promise.all(
      keys.map(async (key) => {
        const [namespace = "", name = ""] = key.split("/");
        const request = { verb: "get", type: kinds.CONFIG_MAPS, namespace, name } as const;
        return this.#client.send(request).catch((error: unknown) => {
          if (hasStatus(error, 404)) return null;
          if (!hasStatus(error, 403)) throw error;
          this.#report.note(`settings of the network plugin are not known: ${messageOf(error)}`);
          return null;
        });
      }),
    );
    return found.filter((raw) => raw !== null);
  }

  async read(wanted: Wanted): Promise<readonly unknown[]> {
    const { namespaces } = this.#scope;
    const places = wanted.namespaced && namespaces !== "all" ? namespaces : [""];
    const lists = await Promise.all(places.map(async (place) => this.#tolerant(wanted, place)));
    return lists.flat();
  }

  async #tolerant(wanted: Wanted, namespace: string): Promise<readonly unknown[]> {
    try {
      return await this.#list(wanted, namespace);
    } catch (error) {
      if (hasStatus(error, 404)) {
        const [version, ...otherVersions] = wanted.otherVersions ?? [];
        if (version === undefined) return [];
        const type = { ...wanted.type, version };
        return this.#tolerant({ ...wanted, type, otherVersions }, namespace);
      }
      if (wanted.optional !== true || !hasStatus(error, 403)) throw error;
      this.#report.note(`taken for none: ${messageOf(error)}`);
      return [];
    }
  }

  async #list({ type }: Wanted, namespace: string): Promise<readonly unknown[]> {
    const items: unknown[] = [];
    let next = "";
    this.#report.progress(this.#said(type));
    do {
      const query = { limit: PAGE, ...(next === "" ? {} : { continue: next }) };
      const page = await this.#client.send({ verb: "list", type, namespace, query });
      const found = itemsOf(page).map(({ raw }) => raw);
      items.push(...found);
      this.#count += found.length;
      this.#report.progress(this.#said(type));
      next = textAt(page, "metadata", "continue");
    } while (next !== "");
    return items;
  }

  #said({ resource }: kinds.ResourceType): string {
    return `reading ${resource}: ${this.#count} objects so far`;
  }
}
