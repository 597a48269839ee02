import { didYouMean } from "../nearest.ts";
import { DYN, listOf, plain, readType, type StaticType } from "./static-type.ts";
import type { TypeName } from "./value.ts";

/** What is known of a value before there is one: its fields, or those of its items. Nothing said: it may have any. */
export interface Shape {
  readonly fields?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  /** Its type, with what it holds: `list(string)`; `object` for one that has the fields and no others. */
  readonly type?: string;
}

/** A shape in which nothing is said. */
export const ANY: Shape = {};

/** How many fields are told of where none of them is near. */
const FEW_FIELDS = 8;

/** Why there is no such field, null where there may be. */
export function lacksField({ fields }: Shape, name: string): string | null {
  if (fields === undefined || Object.hasOwn(fields, name)) return null;
  const known = Object.keys(fields);
  const list = known.map((field) => `\`${field}\``).join(", ");
  const all = known.length > 0 && known.length <= FEW_FIELDS ? `; there is ${list}` : "";
  return `there is no field \`${name}\`${didYouMean(name, known) || all}`;
}

/** The shape of what stands in a field. */
export function fieldShape({ fields }: Shape, name: string): Shape {
  const known = fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
  return known ?? ANY;
}

/** What is known of the type of what was declared as `declared`. */
export function typeOfShape({ fields, items, type }: Shape, declared: TypeName): StaticType {
  if (type === "object") return { ...plain(type), fields: typesOf(fields ?? {}) };
  if (type !== undefined) return readType(type);
  if (items !== undefined) return listOf(typeOfShape(items, "dyn"));
  if (declared === "map") return DYN;
  return declared === "list" ? listOf(DYN) : plain(declared);
}

function typesOf(fields: Readonly<Record<string, Shape>>): Readonly<Record<string, StaticType>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, shape]) => [name, typeOfShape(shape, "dyn")]),
  );
}
