import { type BoundClaim, bindClaim, unbindClaim } from "./claim.ts";
import type { Item } from "./item.ts";
import type { Direction } from "./model.ts";
import type { HeldClaim } from "./query.ts";
import type { SelectorEntry, SelectorIndex } from "./selector-index.ts";
import { SetMap } from "./set-map.ts";

/** The claims that are held, and which of them each selector is an end of. */
export class ClaimIndex {
  readonly #selectors: SelectorIndex;
  readonly #bound = new Map<HeldClaim, BoundClaim>();
  readonly #bySelector: Readonly<Record<Direction, SetMap<SelectorEntry, HeldClaim>>> = {
    egress: new SetMap(),
    ingress: new SetMap(),
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
    for (const [end, entry] of endsOf(bound)) this.#bySelector[end].add(entry, held);
  }

  release(held: HeldClaim): void {
    const bound = this.#bound.get(held);
    if (bound === undefined) return;
    this.#bound.delete(held);
    for (const [end, entry] of endsOf(bound)) this.#bySelector[end].delete(entry, held);
    unbindClaim(bound, this.#selectors);
  }

  bound(held: HeldClaim): BoundClaim {
    const bound = this.#bound.get(held);
    if (bound === undefined) throw new TypeError("the claim is not held");
    return bound;
  }

  /**
   * The claims whose breaches may change when flows of these items change. They are found by the selectors
   * that match the items, so the work grows with what changes and not with how many claims are held. The
   * world is an end too, but nothing changes there by itself.
   */
  *concerning(end: Direction, items: Iterable<Item>): Iterable<HeldClaim> {
    const claims = this.#bySelector[end];
    for (const { before, after } of items) {
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
