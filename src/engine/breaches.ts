import type { BoundClaim } from "./claim.ts";
import { ClaimLens } from "./claim-lens.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import type { Difference } from "./difference.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import { FlowTally } from "./flow-tally.ts";
import { isMoved } from "./item.ts";
import { type ClassSide, changesKind } from "./lens.ts";
import { DIRECTIONS } from "./model.ts";
import { intersectPorts, isEmptyPorts } from "./port-set.ts";
import type { BreachDelta, Breaches, ClaimPreview, FlowList, HeldClaim } from "./query.ts";
import { standing } from "./standing.ts";

/**
 * PERF: the search ends when what was found has this many classes at its ends. A claim as wide as the
 * cluster, broken everywhere, would keep the process busy for a minute (`bench -- claims`).
 */
const ENOUGH = 200_000;

/** The flows that break a claim as things stand; lists name at most `limit` groups. */
export function breachesOf(index: ClusterIndex, claim: BoundClaim, limit: number): Breaches {
  const certain = new FlowTally(limit);
  const perhaps = new FlowTally(limit);
  let found = 0;
  for (const { from, to, opened, unsure } of standing(index, new ClaimLens(claim))) {
    certain.add({ from, to, ports: opened });
    perhaps.add({ from, to, ports: unsure });
    found += from.length + to.length;
    if (found > ENOUGH) break;
  }
  const complete = found <= ENOUGH;
  return { certain: certain.list(index, complete), perhaps: perhaps.list(index, complete) };
}

/** To find out whether and how a claim means an end takes as long as to look at so many peers. */
const LOOKS_PER_END = 4;

const NO_FLOWS: FlowList = { groups: [], omitted: 0, from: 0, to: 0, complete: true };
const NO_CHANGE: BreachDelta = { appeared: NO_FLOWS, disappeared: NO_FLOWS, unsure: NO_FLOWS };

/** What a difference does to the claims that are held, while the preview of it lasts. */
export class PreviewedClaims implements ClaimPreview {
  readonly #index: ClusterIndex;
  #told: Difference | null;
  #concerned: readonly HeldClaim[] | null = null;

  constructor(index: ClusterIndex, difference: Difference) {
    this.#index = index;
    this.#told = difference;
  }

  /** SECURITY: after the preview nothing would seem to break any claim. */
  end(): void {
    this.#told = null;
  }

  get #difference(): Difference {
    if (this.#told === null) throw new TypeError("the preview is over");
    return this.#told;
  }

  concerned(): readonly HeldClaim[] {
    this.#concerned ??= this.#findConcerned();
    return this.#concerned;
  }

  #findConcerned(): readonly HeldClaim[] {
    const { claims } = this.#index;
    if (claims.size === 0) return [];
    const found = new Set(
      DIRECTIONS.flatMap((end) => [...claims.concerning(end, this.#difference.changedAt(end))]),
    );
    return [...claims.held()].filter((held) => found.has(held));
  }

  breaches(held: HeldClaim, limit: number): BreachDelta {
    const lens = this.#lensOn(this.#index.claims.bound(held));
    if (lens === null) return NO_CHANGE;
    const appeared = new FlowTally(limit);
    const disappeared = new FlowTally(limit);
    const doubtful = new FlowTally(limit);
    for (const found of this.#difference.rectangles(lens)) {
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

  /**
   * PERF: if nobody comes to an end of the claim or leaves one, only flows that open or close can make a
   * difference, and those are known. Null: they are all on other ports, or there is no effort left to look. Not so with
   * addresses, since the claim may mean one of two families alone.
   */
  #lensOn(claim: BoundClaim): ClaimLens | null {
    const ends = [...claim.claim.from, ...claim.claim.to];
    const meansAddresses = ends.some(({ kind }) => kind === "addresses");
    if (meansAddresses || this.#difference.movesPods) {
      const changed = DIRECTIONS.map((end) => this.#difference.changedAt(end).length);
      if (!this.#mayLookAt(Math.max(...changed))) return null;
      if (meansAddresses || this.#changesEnds(claim)) return new ClaimLens(claim);
    }
    if (isEmptyPorts(intersectPorts(claim.ports, this.#difference.touchedPorts()))) return null;
    const [from, to] = [this.#difference.touched("egress"), this.#difference.touched("ingress")];
    const looks = Math.min(claim.from.size, from.size) + Math.min(claim.to.size, to.size);
    if (!this.#mayLookAt(looks)) return null;
    return new ClaimLens(claim, {
      egress: within(claim.from, from),
      ingress: within(claim.to, to),
    });
  }

  #mayLookAt(ends: number): boolean {
    return this.#difference.effort.take(ends * LOOKS_PER_END);
  }

  #changesEnds(claim: BoundClaim): boolean {
    const lens = new ClaimLens(claim);
    return DIRECTIONS.some((end) =>
      this.#difference.changedAt(end).some((item) => isMoved(item) && changesKind(lens, item, end)),
    );
  }
}

/** Those of a side that are among `classes`. */
function within(side: ClassSide, classes: ReadonlySet<EndpointClass>): ClassSide {
  const found = new Set<EndpointClass>();
  // PERF: go through the shorter one; when a namespace opens up, the classes are all there are.
  if (side.size < classes.size) {
    for (const cls of side.classes()) if (classes.has(cls)) found.add(cls);
  } else for (const cls of classes) if (side.has(cls)) found.add(cls);
  return { size: found.size, has: (cls) => found.has(cls), classes: () => found };
}
