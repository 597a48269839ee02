import type { DataplaneName } from "../engine/dataplane.ts";
import { namespacedName } from "../wire/metadata.ts";
import { listAt } from "../wire/shape.ts";
import type { ApiClient } from "./api-client.ts";
import { dataplaneOf } from "./network-agents.ts";
import { DAEMON_SETS } from "./resource-type.ts";

/** What enforces policies in the cluster, and what shows it. */
export interface DetectedDataplane {
  /** `generic` where nothing known was found, or more than one. */
  readonly dataplane: DataplaneName;
  /** `DaemonSet kube-system/calico-node`, one for each sign. */
  readonly evidence: readonly string[];
}

/** Tell the dataplane by the agents on the nodes, wherever they are installed. Throws `ApiError`. */
export async function detectDataplane(client: ApiClient): Promise<DetectedDataplane> {
  const answer = await client.send({ verb: "list", type: DAEMON_SETS });
  return nameDataplane(listAt(answer, "items").map(namespacedName));
}

/** The dataplane that these DaemonSets (`namespace/name`) belong to. */
export function nameDataplane(daemonSets: Iterable<string>): DetectedDataplane {
  const signs = Array.from(daemonSets).flatMap((key) => {
    const dataplane = dataplaneOf(key.slice(key.indexOf("/") + 1));
    return dataplane === undefined ? [] : [{ dataplane, sign: `DaemonSet ${key}` }];
  });
  const [found, ...others] = new Set(signs.map(({ dataplane }) => dataplane));
  return {
    dataplane: found === undefined || others.length > 0 ? "generic" : found,
    evidence: signs.map(({ sign }) => sign),
  };
}
