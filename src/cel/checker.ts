import { unreachable } from "../errors.ts";
import { didYouMeanOneOf } from "../nearest.ts";
import { misapplied, misfit, unknownFunction } from "./call-faults.ts";
import type { Callee } from "./callee.ts";
import { noRange } from "./evaluate-macro.ts";
import type { FunctionTable } from "./function-table.ts";
import type { Macro } from "./macro.ts";
import type { Overload } from "./overload.ts";
import type { Expr } from "./parse-expression.ts";
import { COMPARABLE } from "./sorting.ts";
import {
  BOOL,
  DYN,
  INT,
  insideOf,
  isOpen,
  isSame,
  listOf,
  mapOf,
  optionalOf,
  plain,
  readType,
  type StaticType,
  writeType,
} from "./static-type.ts";
import { generalOf, Unification } from "./unification.ts";

type Signature = Pick<Overload, "parameters" | "result">;

const A = readType("A");
const B = readType("B");

/** The types of operators that are more than a call. */
const OPERATORS: ReadonlyMap<string, readonly Signature[]> = new Map([
  ["_&&_", [{ parameters: [BOOL, BOOL], result: BOOL }]],
  ["_||_", [{ parameters: [BOOL, BOOL], result: BOOL }]],
  ["_?_:_", [{ parameters: [BOOL, A, A], result: A }]],
  ["_[_]", elements((value) => value)],
  ["_[?_]", elements(optionalOf)],
]);

function elements(given: (value: StaticType) => StaticType): readonly Signature[] {
  return [
    { parameters: [listOf(A), INT], result: given(A) },
    { parameters: [mapOf(A, B), A], result: given(B) },
    { parameters: [optionalOf(listOf(A)), INT], result: optionalOf(A) },
    { parameters: [optionalOf(mapOf(A, B)), A], result: optionalOf(B) },
  ];
}

const MERGING: readonly Signature[] = [{ parameters: [mapOf(A, B)], result: mapOf(A, B) }];
const SORTING: readonly Signature[] = COMPARABLE.map((type) => ({
  parameters: [listOf(A), listOf(readType(type))],
  result: listOf(A),
}));

/** A part of a list or map. */
export interface Entry {
  readonly expr: Expr;
  readonly type: StaticType;
}

/** A type, or text that says why there is none. */
type Finding = StaticType | string;

/**
 * Says what types the parts of an expression have, and what of them does not fit together: `1 in ['a']`. As the
 * API server's checker, which wants items of a list of one type. A part is asked for after those it consists of.
 */
export class Checker {
  readonly #functions: FunctionTable;
  readonly #unification = new Unification();
  /** Items of lists, and keys and values of maps, that are to be of one type. */
  readonly #alike: (readonly Entry[])[] = [];

  constructor(functions: FunctionTable) {
    this.#functions = functions;
  }

  /** A type with all that is known of it by now. */
  resolve(type: StaticType): StaticType {
    return this.#unification.resolve(type);
  }

  /** The same; of what nothing is known, it is dyn. */
  close(type: StaticType): StaticType {
    return this.#unification.close(type);
  }

  /** What a call gives. */
  call({ name, isMethod }: Callee, types: readonly StaticType[]): Finding {
    const overloads = this.#functions.get(name) ?? [];
    const written = OPERATORS.get(name);
    const signatures = written ?? overloads.filter((one) => one.isMethod === isMethod);
    if (written === undefined && overloads.length === 0) {
      return unknownFunction(name, this.#functions);
    }
    return this.#resultOf(signatures, types) ?? misapplied(name, types.map(this.#write), overloads);
  }

  /** What a macro gives that makes what is `made` of what is in a `range`. */
  macro(
    kind: Macro["kind"],
    { range, key, made }: Readonly<Record<"range" | "key" | "made", StaticType>>,
  ): Finding {
    switch (kind) {
      case "all":
      case "exists":
      case "exists_one":
        return BOOL;
      case "list":
        return listOf(made);
      case "map":
        return mapOf(key, made);
      case "entries":
        return this.#resultOf(MERGING, [made]) ?? misfit("transformMapEntry", [this.#write(made)]);
      case "sort": {
        const types = [range, listOf(made)];
        return this.#resultOf(SORTING, types) ?? misfit("sortBy", types.map(this.#write));
      }
      default:
        return unreachable(kind);
    }
  }

  /** What stands in a field, which is read with a `?` or without. */
  field(type: StaticType, name: string, isOptional: boolean): Finding {
    const object = insideOf(type);
    const field = this.#fieldOf(object, name);
    if (field === null) return `a ${this.#write(object)} has no field \`${name}\``;
    return isOptional || type.name === "optional_type" ? optionalOf(field) : field;
  }

  #fieldOf(object: StaticType, name: string): StaticType | null {
    if (object.fields !== undefined) return fieldIn(object.fields, name) ?? DYN;
    if (object.name === "map") return object.of[1] ?? DYN;
    return this.#isAnything(object) ? DYN : null;
  }

  /** What a macro sees of a list or map, as its `Range` has it. */
  range(type: StaticType): Readonly<Record<"key" | "value" | "subject", StaticType>> | string {
    const [first = DYN, second = DYN] = type.of;
    if (type.name === "list") return { key: INT, value: first, subject: first };
    if (type.name === "map") return { key: first, value: second, subject: first };
    return this.#isAnything(type)
      ? { key: DYN, value: DYN, subject: DYN }
      : noRange(this.#write(type));
  }

  /** What is in an optional value. */
  inside(type: StaticType): Finding {
    const value = this.#unification.open();
    return this.#unification.fit([type], [optionalOf(value)])
      ? this.resolve(value)
      : this.#isNot(OPTIONAL, type);
  }

  /** An item of a list or a value of a map that has a `?` before it. */
  optionalItem(type: StaticType): Finding {
    const mayBeOptional = type.name === "optional_type" || type.name === "dyn" || isOpen(type);
    return mayBeOptional ? insideOf(type) : this.#isNot(OPTIONAL, type);
  }

  /** A condition of a macro. */
  condition(type: StaticType): Finding {
    return this.#unification.fit([type], [BOOL]) ? BOOL : this.#isNot(BOOL, type);
  }

  /** The type of an expression as a whole, which is to be a `wanted` one. */
  whole(type: StaticType, wanted: string): Finding {
    const { name } = this.close(type);
    return name === "dyn" || wanted === "dyn" || name === wanted
      ? type
      : `gives ${this.#write(type)}, expected ${wanted}`;
  }

  /** The type of what is to be of one type. */
  joined(entries: readonly Entry[]): StaticType {
    this.#alike.push(entries);
    const [first, ...others] = entries.map(({ type }) => type);
    if (first === undefined) return this.#unification.open();
    return others.reduce(
      (one, other) => (this.#unification.fit([one], [other]) ? generalOf(one, other) : DYN),
      first,
    );
  }

  /** Let lists and maps that are seen by `look` hold values of several types, as what `format` takes may. */
  mixed<T>(look: () => T): T {
    const before = this.#alike.length;
    const seen = look();
    this.#alike.length = before;
    return seen;
  }

  /** What is of another type than all before it in a list or map, once everything has been seen. */
  odd(): readonly { readonly expr: Expr; readonly message: string }[] {
    return this.#alike.flatMap((entries) => {
      const [first, ...others] = entries.map((one) => ({ ...one, type: this.close(one.type) }));
      const odd = others.find(({ type }) => first !== undefined && !isSame(first.type, type));
      return first === undefined || odd === undefined
        ? []
        : [{ expr: odd.expr, message: `${this.#isNot(first.type, odd.type)}; ${ONE_TYPE}` }];
    });
  }

  /**
   * What calls of these signatures give; null where no arguments of these types fit. As in cel-go, dyn where several ways
   * to call it do, with different results.
   */
  #resultOf(signatures: readonly Signature[], types: readonly StaticType[]): StaticType | null {
    let result: StaticType | null = null;
    for (const signature of signatures) {
      const [own = DYN, ...parameters] = this.#unification.instantiate([
        signature.result,
        ...signature.parameters,
      ]);
      if (!this.#unification.fit(types, parameters)) continue;
      const found = this.resolve(own);
      result = result === null || isSame(result, found) ? found : DYN;
    }
    return result;
  }

  /** Report whether nothing is known of the type, which from now on is dyn. */
  #isAnything(type: StaticType): boolean {
    return type.name === "dyn" || (isOpen(type) && this.#unification.fit([DYN], [type]));
  }

  #isNot(wanted: StaticType, type: StaticType): string {
    const article = wanted === OPTIONAL ? "an" : "a";
    return `expected ${article} ${this.#write(wanted)}, got ${this.#write(type)}`;
  }

  readonly #write = (type: StaticType): string => writeType(this.close(type));
}

const OPTIONAL = plain("optional_type");
const ONE_TYPE = "what a list or map holds is of one type, or all of it in `dyn(…)`";

function fieldIn(
  fields: Readonly<Record<string, StaticType>>,
  name: string,
): StaticType | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Why there is no such field, null where there may be. */
export function lacksField({ fields }: StaticType, name: string): string | null {
  if (fields === undefined || fieldIn(fields, name) !== undefined) return null;
  return `there is no field \`${name}\`${didYouMeanOneOf(name, Object.keys(fields))}`;
}
