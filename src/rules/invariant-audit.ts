import { setTimeout as sleep } from "node:timers/promises";
import type { Breaches, EngineView, HeldClaim } from "../engine/query.ts";
import type { HeldInvariants } from "./held-invariants.ts";

export interface InvariantAuditOptions {
  readonly engine: EngineView;
  readonly invariants: HeldInvariants;
  /** Milliseconds, on a clock that never goes back. */
  readonly clock: () => number;
  /** Called with the name of an invariant that has been looked at. */
  readonly onAudited: (name: string) => void;
}

/** PERF: at most one part in this many of the process's time goes into looking at the whole cluster. */
const SHARE = 20;
/** A status names this many groups of flows. */
const NAMED_GROUPS = 3;

/**
 * Holds the whole cluster against the invariants, however it came about: by what two replicas let through at
 * the same moment, what came past the webhook, and what was there before.
 */
export class InvariantAudit {
  readonly #options: InvariantAuditOptions;
  readonly #found = new Map<HeldClaim, Breaches>();
  /** Fires when this process stops to look: what it found says nothing later. */
  #by: AbortSignal | null = null;

  constructor(options: InvariantAuditOptions) {
    this.#options = options;
  }

  /** What broke the invariant when it was last looked at; null: it has not been; undefined: it is not in force. */
  breaches(name: string): Breaches | null | undefined {
    for (const [claim, invariant] of this.#options.invariants.entries()) {
      if (invariant.name === name) return this.#known().get(claim) ?? null;
    }
    return undefined;
  }

  /** How many invariants were found broken when they were last looked at. */
  broken(): number {
    return this.#known()
      .values()
      .filter(({ certain }) => certain.groups.length > 0)
      .toArray().length;
  }

  /** Look at each invariant once, with little of the process's time; first at those that were never looked at. */
  async audit(signal: AbortSignal): Promise<void> {
    if (this.#by !== signal) this.#found.clear();
    this.#by = signal;
    const { invariants, clock, onAudited } = this.#options;
    const before = new Set(this.#found.keys());
    for (;;) {
      const held = new Map(invariants.entries());
      for (const claim of this.#found.keys()) if (!held.has(claim)) this.#found.delete(claim);
      const fresh = held.keys().find((claim) => !this.#found.has(claim));
      const claim = fresh ?? before.keys().find((one) => held.has(one));
      if (claim === undefined) return;
      before.delete(claim);
      const started = clock();
      this.#found.set(claim, this.#options.engine.breaches(claim, NAMED_GROUPS));
      onAudited(held.get(claim)?.name ?? "");
      // oxlint-disable-next-line no-await-in-loop -- requests are answered meanwhile
      await sleep((clock() - started) * (SHARE - 1), undefined, { signal });
    }
  }

  #known(): ReadonlyMap<HeldClaim, Breaches> {
    return this.#by?.aborted === false ? this.#found : new Map();
  }
}
