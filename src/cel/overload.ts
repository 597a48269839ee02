import type { CelUint } from "@bufbuild/cel";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Frame } from "./frame.ts";
import type { Cidr, IpAddress } from "./ip-address.ts";
import type { NamedFormat } from "./named-format.ts";
import type { Quantity } from "./quantity.ts";
import type { Semver } from "./semver.ts";
import { readType, type StaticType, writeType } from "./static-type.ts";
import type { Url } from "./url.ts";
import {
  type ListValue,
  type MapValue,
  type Optional,
  type Outcome,
  type TypeName,
  type TypeValue,
  typeNamed,
  typeOf,
  type Value,
} from "./value.ts";

/** A type as an overload names it, with what it holds; a capital letter is the same type wherever it stands. */
export type TypeText =
  | TypeName
  | "A"
  | "B"
  | `list(${string})`
  | `map(${string})`
  | `optional_type(${string})`;

interface Values {
  dyn: Value;
  bool: boolean;
  int: bigint;
  uint: CelUint;
  double: number;
  string: string;
  bytes: Uint8Array;
  null_type: null;
  list: ListValue;
  map: MapValue;
  type: TypeValue;
  optional_type: Optional;
  "google.protobuf.Timestamp": ReflectMessage;
  "google.protobuf.Duration": ReflectMessage;
  "net.IP": IpAddress;
  "net.CIDR": Cidr;
  "kubernetes.Quantity": Quantity;
  "kubernetes.NamedFormat": NamedFormat;
  "kubernetes.URL": Url;
  "kubernetes.Semver": Semver;
}

type ValueOf<T> = T extends keyof Values
  ? Values[T]
  : T extends `${infer Name extends "list" | "map" | "optional_type"}(${string})`
    ? Values[Name]
    : Value;

type Arguments<P extends readonly TypeText[]> = { readonly [K in keyof P]: ValueOf<P[K]> };

/** One way to call a function: a name, the types it takes (a method's receiver first), and what it does. */
export interface Overload {
  readonly name: string;
  readonly isMethod: boolean;
  readonly parameters: readonly StaticType[];
  readonly result: StaticType;
  /** Depends on its arguments alone: calls with constants are made once, when the expression is read. */
  readonly isPure: boolean;
  /** Which argument is a regular expression. */
  readonly patternAt?: number;
  /**
   * What is wrong with a call of these arguments, as far as they are constants, or lists that stand in the expression, of
   * which the types of the items are known; null: nothing.
   */
  readonly faultOf?: (
    constants: readonly (Value | undefined)[],
    items: readonly (readonly string[] | undefined)[],
  ) => string | null;
  /** The call, or undefined where the arguments are of other types. Pays for itself but for the first step. */
  invoke(args: readonly Value[], frame: Frame): Outcome | undefined;
}

type Implementation<P extends readonly TypeText[]> = (args: Arguments<P>, frame: Frame) => Outcome;

/** A function `name(…)`. */
export function func<const P extends readonly TypeText[]>(
  name: string,
  parameters: P,
  result: TypeText,
  call: Implementation<P>,
): Overload {
  return { ...overload(name, parameters, result, call), isMethod: false };
}

/** A method `receiver.name(…)`; the first of `parameters` is the receiver. */
export function method<const P extends readonly TypeText[]>(
  name: string,
  parameters: P,
  result: TypeText,
  call: Implementation<P>,
): Overload {
  return { ...overload(name, parameters, result, call), isMethod: true };
}

function overload<P extends readonly TypeText[]>(
  name: string,
  parameters: P,
  result: TypeText,
  call: Implementation<P>,
): Omit<Overload, "isMethod"> {
  const types = parameters.map(readType);
  const wanted = types.map((type) => typeNamed(type.name));
  return {
    name,
    parameters: types,
    result: readType(result),
    isPure: true,
    invoke: (args, frame) => (accepts<P>(wanted, args) ? call(args, frame) : undefined),
  };
}

/** What a list holds is for whoever goes through it. */
function accepts<P extends readonly TypeText[]>(
  wanted: readonly TypeName[],
  args: readonly Value[],
): args is readonly Value[] & Arguments<P> {
  for (let index = 0; index < wanted.length; index++) {
    const name = wanted[index];
    if (name !== "dyn" && name !== typeOf(args[index] ?? null)) return false;
  }
  return args.length === wanted.length;
}

/** How an overload is written down: `list(A).indexOf(A)`, `ip(string)`. */
export function signature({ name, isMethod, parameters }: Overload): string {
  const types = parameters.map(writeType);
  if (!isMethod) return `${name}(${types.join(", ")})`;
  return `${types[0] ?? ""}.${name}(${types.slice(1).join(", ")})`;
}
