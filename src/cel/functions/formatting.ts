import type { CelInput } from "@bufbuild/cel";
import { borrow } from "../borrow.ts";
import type { Frame } from "../frame.ts";
import { func, method, type Overload } from "../overload.ts";
import { entriesOf, itemsOf, MAX_DEPTH } from "../traversal.ts";
import {
  EvaluationError,
  isList,
  isScalar,
  listSize,
  Opaque,
  Optional,
  TypeValue,
  type Value,
} from "../value.ts";

/** What setting up the format of one number costs: some tens of microseconds. */
const CLAUSE_COST = 500;

const format = borrow("a.format(b)");
const quote = borrow("strings.quote(a)");

/** Text from values, as the library makes it. */
export const FORMATTING: readonly Overload[] = [
  method("format", ["string", "list"], "string", ([text, list], frame) => {
    const before = frame.spent;
    frame.charge(text.length + listSize(list) * CLAUSE_COST);
    const unwritable: Optional[] = [];
    const values = toInput(list, frame, 0, unwritable);
    if (unwritable.length > 0) return new EvaluationError("an optional_type is not written");
    // Once more, in one piece.
    frame.charge(frame.spent - before);
    return format(frame, text, values);
  }),
  func("strings.quote", ["string"], "string", ([text], frame) => {
    frame.charge(text.length);
    return quote(frame, text);
  }),
];

/** A value as the library takes it. Pays for everything in it, twice for what is in it twice. */
function toInput(value: Value, frame: Frame, depth: number, unwritable: Optional[]): CelInput {
  frame.charge(10);
  if (depth === MAX_DEPTH) frame.exceed();
  if (typeof value === "string") frame.chargeText(value);
  if (isScalar(value)) return value;
  if (value instanceof Opaque) return value.toString();
  if (value instanceof TypeValue) return value.name;
  if (value instanceof Optional) {
    unwritable.push(value);
    return null;
  }
  const inside = (item: Value): CelInput => toInput(item, frame, depth + 1, unwritable);
  if (isList(value)) return itemsOf(value, frame).map(inside);
  return new Map(entriesOf(value, frame).map(([key, item]) => [key, inside(item)] as const));
}
