/** What is known of the type of an expression before it is evaluated: `list(string)`, with what it holds. */
export interface StaticType {
  /** One of the type names, that of an object, or a capital letter for a type that is still open. */
  readonly name: string;
  /** What a list, map or optional value holds. */
  readonly of: readonly StaticType[];
  /** The fields that it has and no others, where they are known: of an object, or of what may be of any type. */
  readonly fields?: Readonly<Record<string, StaticType>>;
}

export const DYN = plain("dyn");
export const BOOL = plain("bool");
export const INT = plain("int");

/** A value of which the fields are known and no more: what it is, is `dyn`. */
export function withFields(fields: Readonly<Record<string, StaticType>>): StaticType {
  return { ...DYN, fields };
}

/** A type that holds nothing. */
export function plain(name: string): StaticType {
  return { name, of: [] };
}

export function listOf(item: StaticType): StaticType {
  return { name: "list", of: [item] };
}

export function mapOf(key: StaticType, value: StaticType): StaticType {
  return { name: "map", of: [key, value] };
}

export function optionalOf(value: StaticType): StaticType {
  return { name: "optional_type", of: [value] };
}

/** What is in an optional value; any other type stays as it is. */
export function insideOf(type: StaticType): StaticType {
  return type.name === "optional_type" ? (type.of[0] ?? DYN) : type;
}

/** What is held where nothing is said of it. */
const HELD: ReadonlyMap<string, string> = new Map([
  ["list", "dyn"],
  ["map", "dyn, dyn"],
  ["optional_type", "dyn"],
]);

/** Read a type as it is written: `map(string, list(A))`. */
export function readType(text: string): StaticType {
  const [, name = text, inside = HELD.get(text)] = /^([\w.]+)\((.*)\)$/.exec(text) ?? [];
  return { name, of: inside === undefined ? [] : readTypes(inside) };
}

/** Types with commas between them. */
function readTypes(text: string): readonly StaticType[] {
  const pieces: string[] = [];
  let depth = 0;
  for (const piece of text.split(/(?<=[(),])|(?=[(),])/)) {
    if (piece === "(") depth += 1;
    if (piece === ")") depth -= 1;
    if (piece === "," && depth === 0) pieces.push("");
    else pieces.push((pieces.pop() ?? "") + piece);
  }
  return pieces.flatMap((piece) => (piece === "" ? [] : [readType(piece.trim())]));
}

/** A type as it is written. */
export function writeType({ name, of }: StaticType): string {
  return of.length === 0 ? name : `${name}(${of.map(writeType).join(", ")})`;
}

/** Report whether a type is still open. */
export function isOpen({ name }: StaticType): boolean {
  return /^[A-Z]\d*$/.test(name);
}

/** Report whether two types are the same all through. */
export function isSame(one: StaticType, other: StaticType): boolean {
  return (
    one.name === other.name &&
    one.of.length === other.of.length &&
    one.of.every((part, index) => isSame(part, other.of[index] ?? DYN))
  );
}
