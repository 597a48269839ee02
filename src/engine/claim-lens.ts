import type { BoundClaim, Membership } from "./claim.ts";
import {
  type EndpointClass,
  type FlowFamily,
  flowFamilies,
  least,
  type Match,
  NO,
  YES,
} from "./endpoint-class.ts";
import { type Item, outcomeOver, type Version } from "./item.ts";
import type { ClassSide, Lens, PairChange } from "./lens.ts";
import type { Direction } from "./model.ts";
import {
  intersectPorts,
  isEmptyPorts,
  NO_PORTS,
  type PortSet,
  subtractPorts,
  unionPorts,
} from "./port-set.ts";

/** On which ports flows between two ends break a claim at one moment. */
interface Breach {
  readonly certain: PortSet;
  /** On which it cannot be decided. */
  readonly perhaps: PortSet;
}

const NONE: Breach = { certain: NO_PORTS, perhaps: NO_PORTS };

/**
 * Sees the flows that break a claim: `opened` are those that break it only after the change, `closed` only
 * before.
 */
export class ClaimLens implements Lens {
  readonly denied: boolean;
  readonly #claim: BoundClaim;
  readonly #sides: Readonly<Record<Direction, ClassSide>>;
  readonly #memberships: Readonly<Record<Direction, Map<EndpointClass, Membership>>> = {
    egress: new Map(),
    ingress: new Map(),
  };

  /** `sides`: where to look; all ends that the claim speaks of unless given. */
  constructor(claim: BoundClaim, sides?: Readonly<Record<Direction, ClassSide>>) {
    this.#claim = claim;
    this.#sides = sides ?? { egress: claim.from, ingress: claim.to };
    this.denied = claim.claim.sense === "open";
  }

  sideOf(end: Direction): ClassSide {
    return this.#sides[end];
  }

  kindOf(cls: EndpointClass, end: Direction): string {
    return this.#membershipOf(cls, end).text;
  }

  changeBetween(from: Item, to: Item): PairChange | null {
    const before = this.#breachOf(from.before, to.before);
    const after = this.#breachOf(from.after, to.after);
    const opened = subtractPorts(after.certain, before.certain);
    const closed = subtractPorts(before.certain, after.certain);
    const known = unionPorts(before.certain, before.perhaps);
    const unsure = subtractPorts(after.perhaps, known);
    const nothing = [opened, closed, unsure].every(isEmptyPorts);
    return nothing ? null : { opened, closed, unsure };
  }

  #breachOf(from: Version | null, to: Version | null): Breach {
    if (from === null || to === null) return NONE;
    // Without a pod at either end there is no policy to speak of.
    if (from.cls.namespace === null && to.cls.namespace === null) return NONE;
    let { certain, perhaps } = NONE;
    for (const { families, match } of this.#waysBetween(from.cls, to.cls)) {
      const breach = this.#breachOver(from, to, families);
      if (match === YES) certain = unionPorts(certain, breach.certain);
      else perhaps = unionPorts(perhaps, breach.certain);
      perhaps = unionPorts(perhaps, breach.perhaps);
    }
    return { certain, perhaps: subtractPorts(perhaps, certain) };
  }

  /**
   * The sets of families over which the claim speaks of two classes. For pods that is one set, all families
   * that they share, of which any one counts. For addresses each family that is meant is a set of its own.
   */
  *#waysBetween(from: EndpointClass, to: EndpointClass): Iterable<Way> {
    const [source, target] = [
      this.#membershipOf(from, "egress"),
      this.#membershipOf(to, "ingress"),
    ];
    const families = flowFamilies(from, to);
    const pods = least(source.pods, target.pods);
    if (pods !== NO && families.length > 0) yield { families, match: pods };
    for (const family of families) {
      const ends = [source, target].map((end): Match => (isAt(end, family) ? YES : end.pods));
      if (!isAt(source, family) && !isAt(target, family)) continue;
      const match = ends.reduce(least);
      if (match !== NO) yield { families: [family], match };
    }
  }

  #breachOver(from: Version, to: Version, families: readonly FlowFamily[]): Breach {
    const { ports, claim } = this.#claim;
    const { allowed, unknown } = outcomeOver(from, to, families);
    const perhaps = intersectPorts(ports, unknown);
    if (claim.sense === "closed") return { certain: intersectPorts(ports, allowed), perhaps };
    return { certain: subtractPorts(subtractPorts(ports, allowed), unknown), perhaps };
  }

  #membershipOf(cls: EndpointClass, end: Direction): Membership {
    const memberships = this.#memberships[end];
    let membership = memberships.get(cls);
    if (membership === undefined) {
      membership = (end === "egress" ? this.#claim.from : this.#claim.to).membershipOf(cls);
      memberships.set(cls, membership);
    }
    return membership;
  }
}

interface Way {
  readonly families: readonly FlowFamily[];
  readonly match: Match;
}

function isAt({ families }: Membership, family: FlowFamily): boolean {
  return families.some((each) => each === family);
}
