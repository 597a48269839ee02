import { field } from "../wire/shape.ts";
import type { ReflectorTarget } from "./reflector.ts";

/** Agents of networks that do not enforce policies by themselves, by the names of their projects' own manifests. */
const BARE: ReadonlySet<string> = new Set([
  "kube-flannel-ds",
  "kube-flannel",
  "azure-cns",
  "vcn-native-ip-cni",
]);

/** Agents that enforce policies, or may, depending on how they are set up. */
const MAY_ENFORCE: ReadonlySet<string> = new Set([
  "anetd",
  "antrea-agent",
  "aws-node",
  "azure-npm",
  "calico-node",
  "canal",
  "cilium",
  "kindnet",
  "kube-network-policies",
  "kube-router",
  "ovnkube-node",
  "rke2-canal",
  "terway",
  "terway-eniip",
  "weave-net",
]);

/** Flannel's chart may put it into the same pod. */
const POLICY_IMAGE = "/kube-network-policies";

/**
 * The agent of a network that enforces no policies, where there is no other beside it that may:
 * `DaemonSet kube-flannel/kube-flannel-ds`. Null: something enforces, or nobody knows.
 */
export function bareNetwork(
  daemonSets: Iterable<readonly [key: string, raw: unknown]>,
): string | null {
  let bare: string | null = null;
  for (const [key, raw] of daemonSets) {
    const name = key.slice(key.indexOf("/") + 1);
    if (MAY_ENFORCE.has(name) || (BARE.has(name) && hasPolicyImage(raw))) return null;
    if (BARE.has(name)) bare = `DaemonSet ${key}`;
  }
  return bare;
}

/** The DaemonSets of a cluster that have to do with policies, as they are watched. */
export class NetworkAgents implements ReflectorTarget {
  readonly #agents = new Map<string, unknown>();
  #bare: string | null = null;

  upsert(key: string, raw: unknown): void {
    const name = key.slice(key.indexOf("/") + 1);
    if (!BARE.has(name) && !MAY_ENFORCE.has(name)) return;
    this.#agents.set(key, raw);
    this.#bare = bareNetwork(this.#agents);
  }

  delete(key: string): void {
    if (this.#agents.delete(key)) this.#bare = bareNetwork(this.#agents);
  }

  /** See `bareNetwork`. */
  bare(): string | null {
    return this.#bare;
  }
}

function hasPolicyImage(daemonSet: unknown): boolean {
  const containers = field(daemonSet, "spec", "template", "spec", "containers");
  return (
    Array.isArray(containers) &&
    containers.some((one) => String(field(one, "image")).includes(POLICY_IMAGE))
  );
}
