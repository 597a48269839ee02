import { type CelUint, celType, isCelUint } from "@bufbuild/cel";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";

/** A list that an expression made. Lists of the input stay JavaScript arrays. */
export class List {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

export type MapKey = string | bigint | boolean;

/** A map that an expression made. Objects of the input stay JavaScript objects. */
export class Dictionary {
  readonly entries: ReadonlyMap<MapKey, Value>;

  constructor(entries: ReadonlyMap<MapKey, Value>) {
    this.entries = entries;
  }
}

/** CEL's types by the names that `type(x)` shows; `dyn` where only the evaluation can tell. */
const TYPE_NAMES = [
  "dyn",
  "bool",
  "int",
  "uint",
  "double",
  "string",
  "bytes",
  "null_type",
  "list",
  "map",
  "type",
  "optional_type",
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
  "net.IP",
  "net.CIDR",
  "kubernetes.Quantity",
  "kubernetes.NamedFormat",
  "kubernetes.URL",
  "kubernetes.Semver",
] as const;

export type TypeName = (typeof TYPE_NAMES)[number];

/** A type as a value: what `type(x)` gives. */
export class TypeValue {
  readonly name: TypeName;

  constructor(name: TypeName) {
    this.name = name;
  }
}

/** A value that may be missing: what `a.?b` and `optional.of(x)` give. */
export class Optional {
  readonly value: Value | undefined;

  constructor(value: Value | undefined) {
    this.value = value;
  }
}

/** A value of a type that Kubernetes adds to the language. */
export abstract class Opaque {
  abstract readonly typeName: TypeName;

  /** Report whether `other`, whatever its type, is the same value. */
  abstract equals(other: Opaque): boolean;

  abstract toString(): string;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * A CEL list or map: one that an expression made, or JSON as it came. PERF: the input is never
 * converted as a whole; a number in it becomes int or double when it is read.
 */
export type ListValue = List | readonly unknown[];
export type MapValue = Dictionary | JsonObject;

/** What the library knows as we do: `bigint` is int, `number` is double, messages are times. */
export type Scalar =
  | null
  | boolean
  | string
  | bigint
  | number
  | Uint8Array
  | CelUint
  | ReflectMessage;

export type Value = Scalar | TypeValue | Optional | Opaque | ListValue | MapValue;

/** An error of the language. `&&`, `||`, `all` and `exists` absorb it where the other side decides. */
export class EvaluationError {
  readonly message: string;
  /** Where in the expression, once somebody who knows has said so. */
  readonly offset: number | null;

  constructor(message: string, offset: number | null = null) {
    this.message = message;
    this.offset = offset;
  }

  /** The same error, placed, unless it has a place already. */
  at(offset: number): EvaluationError {
    return this.offset === null ? new EvaluationError(this.message, offset) : this;
  }
}

export type Outcome = Value | EvaluationError;

/**
 * A value of the input. An integral number is int, as the API server reads integer fields, and
 * another is double. What JSON has no place for is null, as `JSON.stringify` has it in a list.
 */
export function readInput(raw: unknown): Value {
  if (typeof raw === "number") return Number.isSafeInteger(raw) ? BigInt(raw) : raw;
  if (typeof raw === "string" || typeof raw === "boolean" || typeof raw === "bigint") return raw;
  return isObject(raw) ? raw : null;
}

/** Every object is a value: a list, a map, or of one of the classes above. */
function isObject(raw: unknown): raw is Exclude<Extract<Value, object>, null> {
  return typeof raw === "object" && raw !== null;
}

/** The type of a value. */
export function typeOf(value: Value): TypeName {
  if (typeof value === "string") return "string";
  if (typeof value === "bigint") return "int";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "double";
  return value === null ? "null_type" : typeOfObject(value);
}

function typeOfObject(value: Exclude<Extract<Value, object>, null>): TypeName {
  if (isMap(value)) return "map";
  if (isList(value)) return "list";
  if (value instanceof Opaque) return value.typeName;
  if (value instanceof TypeValue) return "type";
  if (value instanceof Optional) return "optional_type";
  if (value instanceof Uint8Array) return "bytes";
  if (isCelUint(value)) return "uint";
  return typeNamed(celType(value).name);
}

/** The type of this name; `dyn` where there is none. PERF: the one string that `typeOf` gives, which compares by identity. */
export function typeNamed(name: string): TypeName {
  return TYPE_NAMES.find((known) => known === name) ?? "dyn";
}

/** Report whether an expression may write this name for a type: of its own, Kubernetes has only those of addresses. */
export function isWritableType(name: string): name is TypeName {
  return typeNamed(name) !== "dyn" && !name.startsWith("kubernetes.");
}

/** Report whether the value is a list: one that came as JSON, or one that an expression made. */
export function isList(value: unknown): value is ListValue {
  return Array.isArray(value) || value instanceof List;
}

/** Report whether the value is a map: an object that came as JSON, or one that an expression made. */
export function isMap(value: unknown): value is MapValue {
  return value instanceof Dictionary || isJsonObject(value);
}

function isJsonObject(value: unknown): value is JsonObject {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The number of items. */
export function listSize(list: ListValue): number {
  return list instanceof List ? list.items.length : list.length;
}

/** The item at `index`, which must exist. */
export function itemAt(list: ListValue, index: number): Value {
  return list instanceof List ? (list.items[index] ?? null) : readInput(list[index]);
}

/** The entry of `key`, or undefined. A number finds an int or uint key of the same value. */
export function entryOf(map: MapValue, key: Value): Value | undefined {
  if (map instanceof Dictionary) {
    const plain = mapKey(key);
    return plain === undefined ? undefined : map.entries.get(plain);
  }
  // SECURITY: own properties only; `constructor` or `__proto__` must not find what every object has.
  if (typeof key !== "string" || !Object.hasOwn(map, key)) return undefined;
  const raw = map[key];
  return raw === undefined ? undefined : readInput(raw);
}

/** `value` as the key of a map, or undefined where it cannot be one. */
export function mapKey(value: Value): MapKey | undefined {
  if (typeof value === "string" || typeof value === "boolean" || typeof value === "bigint") {
    return value;
  }
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : undefined;
  return isCelUint(value) ? value.value : undefined;
}

/** Text of the input as it stands in a message. */
export function quoted(text: string): string {
  return text.length > 80 ? `\`${text.slice(0, 80)}…\`` : `\`${text}\``;
}
