import { isCelUint } from "@bufbuild/cel";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Frame } from "../frame.ts";
import { func, method, type Overload } from "../overload.ts";
import { timeParts } from "../time-parts.ts";
import { itemsOf, keysOf } from "../traversal.ts";
import {
  EvaluationError,
  isList,
  isMap,
  List,
  type ListValue,
  listSize,
  Optional,
  type Outcome,
  typeOf,
  type Value,
} from "../value.ts";

const OPTIONAL = "optional_type(A)";
const NONE = new Optional(undefined);

/** cel-go's library of optional values. What stands in is evaluated only where it is needed: see `standInRun`. */
export const OPTIONALS: readonly Overload[] = [
  func("optional.of", ["A"], OPTIONAL, ([value]) => new Optional(value)),
  func("optional.ofNonZeroValue", ["A"], OPTIONAL, ([value], frame) =>
    isZero(value, frame) ? NONE : new Optional(value),
  ),
  func("optional.none", [], OPTIONAL, () => NONE),
  method("hasValue", [OPTIONAL], "bool", ([{ value }]) => value !== undefined),
  method("value", [OPTIONAL], "A", ([{ value }]) =>
    value === undefined ? new EvaluationError("there is no value") : value,
  ),
  method("or", [OPTIONAL, OPTIONAL], OPTIONAL, ([optional, other]) =>
    optional.value === undefined ? other : optional,
  ),
  method("orValue", [OPTIONAL, "A"], "A", ([{ value }, other]) =>
    value === undefined ? other : value,
  ),
  func("optional.unwrap", [`list(${OPTIONAL})`], "list(A)", ([list], frame) =>
    unwrapped(list, frame),
  ),
  method("unwrapOpt", [`list(${OPTIONAL})`], "list(A)", ([list], frame) => unwrapped(list, frame)),
];

/** Go's zero time: `timestamp('0001-01-01T00:00:00Z')`. */
const ZERO_TIME_SECONDS = -62_135_596_800n;

/** cel-go: 0, false, null, what is empty, and Go's zero time; types, addresses and quantities never are. */
function isZero(value: Value, frame: Frame): boolean {
  if (isList(value)) return listSize(value) === 0;
  if (isMap(value)) return keysOf(value, frame).length === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  if (isCelUint(value)) return value.value === 0n;
  if (isReflectMessage(value)) return isZeroTime(value);
  return value === null || value === false || value === "" || value === 0 || value === 0n;
}

function isZeroTime(time: ReflectMessage): boolean {
  const { seconds, nanos } = timeParts(time);
  const zero = typeOf(time) === "google.protobuf.Duration" ? 0n : ZERO_TIME_SECONDS;
  return seconds === zero && nanos === 0;
}

function unwrapped(list: ListValue, frame: Frame): Outcome {
  const values: Value[] = [];
  for (const item of itemsOf(list, frame)) {
    if (!(item instanceof Optional)) {
      return new EvaluationError(`expected an optional_type, got ${typeOf(item)}`);
    }
    if (item.value !== undefined) values.push(item.value);
  }
  return new List(values);
}
