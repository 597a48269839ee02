import { namespacedName } from "../wire/metadata.ts";
import { enforcerOf } from "./network-agents.ts";
import type { ReflectorTarget } from "./reflector-target.ts";

/**
 * The agent of a network that enforces no policies, if no other agent may: `DaemonSet
 * kube-flannel/kube-flannel-ds`. Null: something may enforce them, or nobody knows. What only an agent's
 * ConfigMap tells is left to `doctor`.
 */
export function bareNetwork(daemonSets: Iterable<unknown>): string | null {
  let bare: string | null = null;
  for (const daemonSet of daemonSets) {
    const found = enforcerOf(daemonSet, () => undefined);
    if (found === null) continue;
    if (found.enforces !== "no") return null;
    bare = `DaemonSet ${namespacedName(daemonSet)}`;
  }
  return bare;
}

/** The watched DaemonSets that have to do with policies. */
export class NetworkAgents implements ReflectorTarget {
  readonly #agents = new Map<string, unknown>();
  #bare: string | null = null;

  upsert(key: string, raw: unknown): void {
    if (enforcerOf(raw, () => undefined) === null) return;
    this.#agents.set(key, raw);
    this.#bare = bareNetwork(this.#agents.values());
  }

  delete(key: string): void {
    if (this.#agents.delete(key)) this.#bare = bareNetwork(this.#agents.values());
  }

  /** See `bareNetwork`. */
  bare(): string | null {
    return this.#bare;
  }
}
