import { type BoundClaim, bindClaim, unbindClaim } from "./claim.ts";
import type { Item } from "./item.ts";
import type { Direction } from "./model.ts";
import type { HeldClaim } from "./query.ts";
import type { SelectorEntry, SelectorIndex } from "./selector-index.ts";

/** The claims that are held, and which of them each selector is an end of. */
export class ClaimIndex {
  readonly #selectors: SelectorIndex;
  readonly #bound = new Map<HeldClaim, BoundClaim>();
  readonly #bySelector: Readonly<Record<Direction, Map<SelectorEntry, Set<HeldClaim>>>> = {
    egress: new Map(),
    ingress: new Map(),
  };

  constructor(selectors: SelectorIndex) {
    this.#selectors = selectors;
  }

  get size(): number {
    return this.#bound.size;
  }

  held(): Iterable<HeldClaim> {
    return this.#bound.keys();
  }

  hold(held: HeldClaim): void {
    const bound = bindClaim(held.claim, this.#selectors);
    this.#bound.set(held, bound);
    for (const [end, entry] of endsOf(bound)) {
      const claims = this.#bySelector[end].get(entry);
      if (claims === undefined) this.#bySelector[end].set(entry, new Set([held]));
      else claims.add(held);
    }
  }

  release(held: HeldClaim): void {
    const bound = this.#bound.get(held);
    if (bound === undefined) return;
    this.#bound.delete(held);
    for (const [end, entry] of endsOf(bound)) {
      const claims = this.#bySelector[end].get(entry);
      claims?.delete(held);
      if (claims?.size === 0) this.#bySelector[end].delete(entry);
    }
    unbindClaim(bound, this.#selectors);
  }

  bound(held: HeldClaim): BoundClaim {
    const bound = this.#bound.get(held);
    if (bound === undefined) throw new TypeError("the claim is not held");
    return bound;
  }

  /**
   * The claims that may be broken otherwise when flows of these items change: found by the selectors
   * that match them, so the work is with what changes and not with how many claims are held. The world
   * is an end too, but nothing changes there by itself.
   */
  *concerning(end: Direction, items: Iterable<Item>): Iterable<HeldClaim> {
    const claims = this.#bySelector[end];
    for (const { before, after } of claims.size === 0 ? [] : items) {
      for (const cls of new Set([before?.cls, after?.cls])) {
        for (const entry of cls?.selectors.keys() ?? []) yield* claims.get(entry) ?? [];
      }
    }
  }
}

function* endsOf({ from, to }: BoundClaim): Iterable<readonly [Direction, SelectorEntry]> {
  for (const entry of from.entries) yield ["egress", entry];
  for (const entry of to.entries) yield ["ingress", entry];
}
