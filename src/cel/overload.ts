import type { CelUint } from "@bufbuild/cel";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Frame } from "./frame.ts";
import type { Cidr, IpAddress } from "./ip-address.ts";
import type { NamedFormat } from "./named-format.ts";
import type { Quantity } from "./quantity.ts";
import type { Semver } from "./semver.ts";
import type { Url } from "./url.ts";
import {
  type ListValue,
  type MapValue,
  type Optional,
  type Outcome,
  type TypeName,
  type TypeValue,
  typeOf,
  type Value,
} from "./value.ts";

interface ValueOf {
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

type Arguments<P extends readonly TypeName[]> = { readonly [K in keyof P]: ValueOf[P[K]] };

/** One way to call a function: a name, the types it takes (a method's receiver first), and what it does. */
export interface Overload {
  readonly name: string;
  readonly isMethod: boolean;
  readonly parameters: readonly TypeName[];
  readonly result: TypeName;
  /** Depends on its arguments alone: calls with constants are made once, when the expression is read. */
  readonly isPure: boolean;
  /** Which argument is a regular expression. */
  readonly patternAt?: number;
  /** What is wrong with a call of these arguments, as far as they are constants; null: nothing. */
  readonly faultOf?: (constants: readonly (Value | undefined)[]) => string | null;
  /** The call, or undefined where the arguments are of other types. Pays for itself but for the first step. */
  invoke(args: readonly Value[], frame: Frame): Outcome | undefined;
}

type Implementation<P extends readonly TypeName[]> = (args: Arguments<P>, frame: Frame) => Outcome;

/** A function `name(…)`. */
export function func<const P extends readonly TypeName[]>(
  name: string,
  parameters: P,
  result: TypeName,
  call: Implementation<P>,
): Overload {
  return { ...overload(name, parameters, call), result, isMethod: false };
}

/** A method `receiver.name(…)`; the first of `parameters` is the receiver. */
export function method<const P extends readonly TypeName[]>(
  name: string,
  parameters: P,
  result: TypeName,
  call: Implementation<P>,
): Overload {
  return { ...overload(name, parameters, call), result, isMethod: true };
}

function overload<P extends readonly TypeName[]>(
  name: string,
  parameters: P,
  call: Implementation<P>,
): Pick<Overload, "name" | "parameters" | "isPure" | "invoke"> {
  return {
    name,
    parameters,
    isPure: true,
    invoke: (args, frame) => (accepts(parameters, args) ? call(args, frame) : undefined),
  };
}

function accepts<P extends readonly TypeName[]>(
  parameters: P,
  args: readonly Value[],
): args is readonly Value[] & Arguments<P> {
  for (let index = 0; index < parameters.length; index++) {
    const wanted = parameters[index];
    if (wanted !== "dyn" && wanted !== typeOf(args[index] ?? null)) return false;
  }
  return args.length === parameters.length;
}

/** How an overload is written down: `string.split(string, int)`, `ip(string)`. */
export function signature({ name, isMethod, parameters }: Overload): string {
  if (!isMethod) return `${name}(${parameters.join(", ")})`;
  return `${parameters[0] ?? ""}.${name}(${parameters.slice(1).join(", ")})`;
}
