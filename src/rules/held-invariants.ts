import type { Engine, HeldClaim } from "../engine/query.ts";
import type { Invariant } from "../resources/invariant.ts";
import type { RuleBook } from "./rule-book.ts";

/** The invariants in force, each held by the engine, so that it can tell what breaks them. */
export class HeldInvariants {
  readonly #engine: Engine;
  readonly #byClaim = new Map<HeldClaim, Invariant>();

  /** Follows `ruleBook` from now on. */
  constructor(engine: Engine, ruleBook: RuleBook) {
    this.#engine = engine;
    const follow = (): void => this.#replace(ruleBook.invariants());
    ruleBook.onChange(follow);
    follow();
  }

  get size(): number {
    return this.#byClaim.size;
  }

  /** The invariant that the engine holds under that claim. */
  of(claim: HeldClaim): Invariant | undefined {
    return this.#byClaim.get(claim);
  }

  entries(): Iterable<readonly [HeldClaim, Invariant]> {
    return this.#byClaim.entries();
  }

  #replace(invariants: readonly Invariant[]): void {
    const wanted = new Set(invariants);
    for (const [claim, invariant] of this.#byClaim) {
      // An invariant that has not changed is the same object, and stays held.
      if (wanted.delete(invariant)) continue;
      this.#engine.release(claim);
      this.#byClaim.delete(claim);
    }
    for (const invariant of wanted) {
      this.#byClaim.set(this.#engine.hold(invariant.claim), invariant);
    }
  }
}
