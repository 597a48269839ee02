import { type Family, familyOf, IPV4_SPACE, IPV6_SPACE } from "./address.ts";
import { Ascending } from "./ascending.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import type { Address, AddressRange } from "./model.ts";

/** A stretch of addresses that no mentioned CIDR cuts. */
export interface AddressAtom {
  readonly id: number;
  readonly family: Family;
  first: Address;
  last: Address;
  /** The addresses of the atom that no pod has. */
  readonly outside: EndpointClass;
  /** Classes of pods and nodes with an address here. */
  readonly classes: Set<EndpointClass>;
}

/** What the owner of the classes does when an atom is cut in two, or two become one. */
export interface AtomListener {
  /** The class of the addresses that nobody has, in an atom that starts at `first`. */
  createOutside(first: Address): EndpointClass;
  /** `fresh` took the addresses from `fresh.first` on; classes reaching into both must part. */
  split(atom: AddressAtom, fresh: AddressAtom): void;
  /** `gone` joins `atom`, which already has its addresses. */
  merged(atom: AddressAtom, gone: AddressAtom): void;
}

/** Both address families, cut at the boundaries that policies mention, and no finer. */
export class AddressAtoms {
  /** Without gaps over both families. */
  readonly #atoms = new Ascending<AddressAtom>(({ first }) => first);
  /** First addresses of atoms and how many ranges mention each. */
  readonly #boundaries = new Map<Address, number>();
  readonly #listener: AtomListener;
  #nextId = 0;

  constructor(listener: AtomListener) {
    this.#listener = listener;
    for (const { first, last } of [IPV6_SPACE, IPV4_SPACE]) {
      this.#atoms.insert(this.#create(first, last));
      this.#boundaries.set(first, 1);
    }
  }

  get size(): number {
    return this.#atoms.size;
  }

  all(): Iterable<AddressAtom> {
    return this.#atoms;
  }

  /** The atom that holds `address`. */
  find(address: Address): AddressAtom {
    return this.#atoms.find(address) as AddressAtom;
  }

  /** The atoms inside `range`, which must have been mentioned. */
  within(range: AddressRange): readonly AddressAtom[] {
    const found: AddressAtom[] = [];
    for (const atom of this.#atoms.from(range.first)) {
      if (atom.first > range.last) break;
      found.push(atom);
    }
    return found;
  }

  /**
   * PERF: a cut looks at everybody in the atom, so those in the middle come first: then nobody is in more than a
   * handful of the atoms that are cut, of however many (`test/admission/takes-long.test.ts`).
   */
  mention(ranges: readonly AddressRange[]): void {
    const fresh: Address[] = [];
    for (const boundary of boundariesOf(ranges)) {
      const count = this.#boundaries.get(boundary) ?? 0;
      this.#boundaries.set(boundary, count + 1);
      if (count === 0) fresh.push(boundary);
    }
    for (const boundary of halving(fresh)) this.#cut(boundary);
  }

  /** The same ranges as were mentioned together. */
  release(ranges: readonly AddressRange[]): void {
    const gone: Address[] = [];
    for (const boundary of boundariesOf(ranges)) {
      const count = this.#boundaries.get(boundary) ?? 0;
      if (count > 1) this.#boundaries.set(boundary, count - 1);
      else if (this.#boundaries.delete(boundary)) gone.push(boundary);
    }
    for (const boundary of halving(gone).toReversed()) this.#join(boundary);
  }

  #cut(boundary: Address): void {
    const atom = this.find(boundary);
    const fresh = this.#create(boundary, atom.last);
    atom.last = boundary - 1n;
    this.#atoms.insert(fresh);
    this.#listener.split(atom, fresh);
  }

  #join(boundary: Address): void {
    const gone = this.find(boundary);
    const atom = this.find(boundary - 1n);
    this.#atoms.remove(gone);
    atom.last = gone.last;
    this.#listener.merged(atom, gone);
  }

  #create(first: Address, last: Address): AddressAtom {
    const outside = this.#listener.createOutside(first);
    const atom: AddressAtom = {
      id: this.#nextId++,
      family: familyOf(first),
      first,
      last,
      outside,
      classes: new Set(),
    };
    outside.atoms = [atom];
    return atom;
  }
}

/** Where ranges cut: before the first address of each and behind its last, if that is still its family. */
function boundariesOf(ranges: readonly AddressRange[]): ReadonlySet<Address> {
  const boundaries = new Set<Address>();
  for (const { first, last } of ranges) {
    boundaries.add(first);
    if (last !== (familyOf(first) === 4 ? IPV4_SPACE : IPV6_SPACE).last) boundaries.add(last + 1n);
  }
  return boundaries;
}

/** The one in the middle of them in their order, then the halves in the same way. */
function halving(boundaries: readonly Address[]): readonly Address[] {
  const sorted = boundaries.toSorted((a, b) => (a < b ? -1 : 1));
  const ordered: Address[] = [];
  const add = (from: number, to: number): void => {
    if (from === to) return;
    const middle = (from + to) >> 1;
    ordered.push(sorted[middle] as Address);
    add(from, middle);
    add(middle + 1, to);
  };
  add(0, sorted.length);
  return ordered;
}
