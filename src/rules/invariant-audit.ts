import type { Breaches, EngineView } from "../engine/query.ts";
import type { HeldInvariants } from "./held-invariants.ts";

export interface InvariantAuditOptions {
  readonly engine: EngineView;
  readonly invariants: HeldInvariants;
  /** Milliseconds, on a clock that never goes back. */
  readonly clock: () => number;
}

/** Breaches are looked for this often, as long as that is cheap. */
const SHORTEST_MS = 2_000;
/** PERF: at most one part in this many of the process's time goes into looking at the whole cluster. */
const SHARE = 50;
/** A status names this many groups of flows. */
const NAMED_GROUPS = 3;

/** What breaks an invariant in the cluster as it is. */
interface Audited {
  readonly breaches: Breaches;
  readonly until: number;
}

/**
 * Holds the whole cluster against the invariants, however it came about: by what two replicas let through at
 * the same moment, what came past the webhook, and what was there before.
 */
export class InvariantAudit {
  readonly #options: InvariantAuditOptions;
  readonly #audited = new Map<string, Audited>();

  constructor(options: InvariantAuditOptions) {
    this.#options = options;
  }

  /** What breaks the invariant of that name, or did a little while ago; undefined: it is not in force. */
  breaches(name: string): Breaches | undefined {
    const { engine, invariants, clock } = this.#options;
    const started = clock();
    const known = this.#audited.get(name);
    for (const [claim, invariant] of invariants.entries()) {
      if (invariant.name !== name) continue;
      if (known !== undefined && started < known.until) return known.breaches;
      const breaches = engine.breaches(claim, NAMED_GROUPS);
      const tookMs = clock() - started;
      const until = clock() + Math.max(SHORTEST_MS, tookMs * SHARE);
      this.#audited.set(name, { breaches, until });
      return breaches;
    }
    this.#audited.delete(name);
    return undefined;
  }

  /** How many invariants were found broken when they were last looked at. */
  broken(): number {
    return [...this.#audited.values()].filter(({ breaches }) => breaches.certain.groups.length > 0)
      .length;
  }
}
