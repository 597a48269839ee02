import { type Family, familyOf, mergeRanges } from "./address.ts";
import { type EndpointClass, type Match, most, NO, YES } from "./endpoint-class.ts";
import type { ClassSide } from "./lens.ts";
import type { EndSet, FlowClaim } from "./model.ts";
import { ALL_PORTS, type PortSet, portSet } from "./port-set.ts";
import { entryMatch, type SelectorEntry, type SelectorIndex } from "./selector-index.ts";

/** A claim over interned selectors; they refine the partition, so that each class is at an end or not. */
export interface BoundClaim {
  readonly claim: FlowClaim;
  readonly ports: PortSet;
  readonly from: ClaimSide;
  readonly to: ClaimSide;
}

/** Bind a claim to the index; `unbindClaim` undoes it. */
export function bindClaim(claim: FlowClaim, selectors: SelectorIndex): BoundClaim {
  return {
    claim,
    ports: claim.ports === "all" ? ALL_PORTS : portSet(claim.ports),
    from: new ClaimSide(claim.from, selectors),
    to: new ClaimSide(claim.to, selectors),
  };
}

/** Give back every selector that the claim was bound to. */
export function unbindClaim({ from, to }: BoundClaim, selectors: SelectorIndex): void {
  for (const entry of [...from.entries, ...to.entries]) selectors.release(entry);
}

/** How a class is at an end of a claim. */
export interface Membership {
  /** How surely its pods are selected, whatever addresses they have. */
  readonly pods: Match;
  /** The families in which its addresses are meant, whoever has them. */
  readonly families: readonly Family[];
  /** All of it as text, with what else the claim asks of a class: equal for classes that the claim treats alike. */
  readonly text: string;
}

/** All ends that a claim speaks of at one side. */
class ClaimSide implements ClassSide {
  readonly entries: readonly SelectorEntry[];
  readonly #world: boolean;
  readonly #selectors: SelectorIndex;

  constructor(sets: readonly EndSet[], selectors: SelectorIndex) {
    this.entries = sets.flatMap((set) => acquire(set, selectors));
    this.#world = sets.some(({ kind }) => kind === "world");
    this.#selectors = selectors;
  }

  get size(): number {
    const { atoms } = this.#selectors.partition;
    return this.entries.reduce(
      (sum, { members, maybe }) => sum + members.size + maybe.size,
      this.#world ? atoms.size : 0,
    );
  }

  has(cls: EndpointClass): boolean {
    if (this.#world && cls.kind === "address") return true;
    return this.entries.some((entry) => cls.selectors.has(entry));
  }

  *classes(): Iterable<EndpointClass> {
    const seen = new Set<EndpointClass>();
    for (const { members, maybe } of this.entries) {
      for (const cls of members) seen.add(cls);
      for (const cls of maybe) seen.add(cls);
    }
    yield* seen;
    if (!this.#world) return;
    for (const { outside } of this.#selectors.partition.atoms.all()) {
      if (!seen.has(outside)) yield outside;
    }
  }

  membershipOf(cls: EndpointClass): Membership {
    let pods: Match = NO;
    const families = new Set<Family>();
    if (this.#world && cls.kind === "address")
      for (const atom of cls.atoms) families.add(atom.family);
    for (const entry of this.entries) {
      if (entry.spec.kind === "pods") pods = most(pods, entryMatch(entry, cls, 0));
      else if (entry.family !== null && entryMatch(entry, cls, entry.family) === YES) {
        families.add(entry.family);
      }
    }
    const own = cls.atoms.map(({ family }) => family).join("");
    const meant = [...families];
    const text = `${cls.namespace === null ? "-" : ""}${pods}/${meant.join("")}/${own}`;
    return { pods, families: meant, text };
  }
}

/** A selector is interned once for each family it has addresses of. */
function acquire(set: EndSet, selectors: SelectorIndex): readonly SelectorEntry[] {
  switch (set.kind) {
    case "pods":
      return [selectors.acquire(set, "literal")];
    case "addresses": {
      const families = Map.groupBy(mergeRanges(set.ranges), ({ first }) => familyOf(first));
      return [...families.values()].map((ranges) =>
        selectors.acquire({ kind: "addresses", ranges }, "literal"),
      );
    }
    case "world":
      return [];
  }
}
