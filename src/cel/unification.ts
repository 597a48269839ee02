import { DYN, isOpen, isSame, type StaticType } from "./static-type.ts";

/** What is never null: all that the language defines but times. */
const NEVER_NULL: ReadonlySet<string> = new Set(
  "bool int uint double string bytes list map type".split(" "),
);

/** Types may hold themselves twice, over and over; nobody writes one that is deeper. */
const MAX_DEPTH = 8;

/** Comparisons of types, some tens of milliseconds; after that, whatever is asked fits. */
const MAX_STEPS = 100_000;

/** What open types turn out to be, as cel-go finds it out. */
export class Unification {
  #known = new Map<string, StaticType>();
  #count = 0;
  #steps = 0;

  /** A type that is open. */
  open(): StaticType {
    return { name: `A${this.#count++}`, of: [] };
  }

  /** The types of a signature, with open ones of their own. */
  instantiate(types: readonly StaticType[]): readonly StaticType[] {
    const own = new Map<string, StaticType>();
    const copy = (type: StaticType): StaticType => {
      if (!isOpen(type)) return type.of.length === 0 ? type : { ...type, of: type.of.map(copy) };
      const open = own.get(type.name) ?? this.open();
      own.set(type.name, open);
      return open;
    };
    return types.map(copy);
  }

  /** Report whether values of the types given can stand where those wanted are; if so, what is learned by that is kept. */
  fit(given: readonly StaticType[], wanted: readonly StaticType[]): boolean {
    const before = this.#known;
    this.#known = new Map(before);
    const isFit =
      given.length === wanted.length &&
      given.every((type, index) => this.#fits(type, wanted[index] ?? DYN));
    if (!isFit) this.#known = before;
    return isFit;
  }

  /** A type with all that is known of its open parts. */
  resolve(type: StaticType, depth = 0): StaticType {
    if (depth === MAX_DEPTH) return DYN;
    const known = this.#known.get(type.name);
    if (known !== undefined) return this.resolve(known, depth);
    return type.of.length === 0
      ? type
      : { ...type, of: type.of.map((part) => this.resolve(part, depth + 1)) };
  }

  /** The same; of what nothing is known, it is dyn. */
  close(type: StaticType): StaticType {
    const close = (part: StaticType): StaticType =>
      isOpen(part) ? DYN : { ...part, of: part.of.map(close) };
    return close(this.resolve(type));
  }

  #fits(given: StaticType, wanted: StaticType): boolean {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS) return true;
    if (isOpen(wanted)) {
      const wasKnown = this.#known.has(wanted.name);
      if (this.#substitutes(given, wanted)) return true;
      if (wasKnown) return false;
    }
    if (isOpen(given)) return this.#substitutes(wanted, given);
    if (given.name === "dyn" || wanted.name === "dyn") return true;
    if (given.name === "null_type") return !NEVER_NULL.has(wanted.name);
    if (wanted.name === "null_type") return !NEVER_NULL.has(given.name);
    return (
      given.name === wanted.name &&
      given.of.length === wanted.of.length &&
      given.of.every((part, index) => this.#fits(part, wanted.of[index] ?? DYN))
    );
  }

  /** Report whether `type` can be what is `open`. */
  #substitutes(type: StaticType, open: StaticType): boolean {
    if (isSame(type, open)) return true;
    const known = this.#known.get(open.name);
    if (known !== undefined && !isSame(type, known) && !this.#fits(type, known)) return false;
    const general = known === undefined ? type : generalOf(type, known);
    const occurs = this.#occurs(open, general);
    if (!occurs) this.#known.set(open.name, general);
    return !occurs || known !== undefined;
  }

  /** Report whether `type` holds what is `open`. */
  #occurs(open: StaticType, type: StaticType): boolean {
    this.#steps += 1;
    if (isSame(open, type) || this.#steps > MAX_STEPS) return true;
    const known = this.#known.get(type.name);
    return known === undefined
      ? type.of.some((part) => this.#occurs(open, part))
      : this.#occurs(open, known);
  }
}

/** The more general of two types that fit. The fields that one value has are not those of another. */
export function generalOf(one: StaticType, other: StaticType): StaticType {
  return one === other ? one : withoutFields(isAsGeneral(one, other) ? one : other);
}

function withoutFields(type: StaticType): StaticType {
  return type.name === "dyn" ? DYN : { ...type, of: type.of.map(withoutFields) };
}

function isAsGeneral(one: StaticType, other: StaticType): boolean {
  if (one.name === "dyn" || isOpen(one)) return true;
  if (other.name === "dyn" || isOpen(other)) return false;
  return (
    one.name === other.name &&
    one.of.every((part, index) => isAsGeneral(part, other.of[index] ?? DYN))
  );
}
