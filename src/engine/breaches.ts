import type { BoundClaim } from "./claim.ts";
import { ClaimLens } from "./claim-lens.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import { FlowTally } from "./flow-tally.ts";
import type { Difference } from "./preview.ts";
import type { BreachDelta, Breaches, ClaimPreview, HeldClaim } from "./query.ts";
import { standing } from "./standing.ts";

/** The flows that break a claim as things stand; lists name at most `limit` groups. */
export function breachesOf(index: ClusterIndex, claim: BoundClaim, limit: number): Breaches {
  const certain = new FlowTally(limit);
  const perhaps = new FlowTally(limit);
  for (const { from, to, opened, unsure } of standing(index, new ClaimLens(claim))) {
    certain.add({ from, to, ports: opened });
    perhaps.add({ from, to, ports: unsure });
  }
  return { certain: certain.list(index), perhaps: perhaps.list(index) };
}

/** What a difference does to the claims that are held, while it is told by the index. */
export class PreviewedClaims implements ClaimPreview {
  readonly #index: ClusterIndex;
  readonly #difference: Difference;

  constructor(index: ClusterIndex, difference: Difference) {
    this.#index = index;
    this.#difference = difference;
  }

  concerned(): readonly HeldClaim[] {
    const { claims } = this.#index;
    const found = new Set(
      (["egress", "ingress"] as const).flatMap((end) => [
        ...claims.concerning(end, this.#difference.changedAt(end)),
      ]),
    );
    return [...claims.held()].filter((held) => found.has(held));
  }

  breaches(held: HeldClaim, limit: number): BreachDelta {
    const claim = this.#index.claims.bound(held);
    const appeared = new FlowTally(limit);
    const disappeared = new FlowTally(limit);
    const doubtful = new FlowTally(limit);
    for (const found of this.#difference.rectangles(new ClaimLens(claim))) {
      const { from, to, opened, closed, unsure } = found;
      appeared.add({ from, to, ports: opened });
      disappeared.add({ from, to, ports: closed });
      doubtful.add({ from, to, ports: unsure });
    }
    return {
      appeared: appeared.list(this.#index),
      disappeared: disappeared.list(this.#index),
      unsure: doubtful.list(this.#index),
    };
  }
}
