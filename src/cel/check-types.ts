import { unreachable } from "../errors.ts";
import { calleeOf, type Names, pathOf } from "./callee.ts";
import type { Vocabulary } from "./compiler.ts";
import { noRange } from "./evaluate-macro.ts";
import type { Complaint } from "./find-syntax-error.ts";
import { faultOfFormat } from "./functions/formatting.ts";
import {
  type Macro,
  type OptionalMacro,
  readMacro,
  readMacroCall,
  readOptionalMacro,
} from "./macro.ts";
import type { Expr, Parsed, Part } from "./parse-expression.ts";
import { type Callee, misfit } from "./resolve-call.ts";
import { find } from "./scope.ts";
import { ANY, typeOfShape } from "./shape.ts";
import { resultOf } from "./signatures.ts";
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
  type StaticType,
  writeType,
} from "./static-type.ts";
import { generalOf, Unification } from "./unification.ts";
import { isWritableType } from "./value.ts";

/** A name that a macro has given, and what is known of its type. */
interface Scope {
  readonly name: string;
  readonly type: StaticType;
  readonly outer: Scope | null;
}

const LITERALS = {
  nullValue: "null_type",
  int64Value: "int",
  uint64Value: "uint",
  boolValue: "bool",
  stringValue: "string",
  doubleValue: "double",
  bytesValue: "bytes",
  durationValue: "dyn",
  timestampValue: "dyn",
} as const;

/**
 * The type of an expression, and what does not fit in it by what lists, maps and optional values are known
 * to hold: `1 in ['a']`. As the API server's checker, which wants items of a list of one type.
 */
export function checkTypes(
  vocabulary: Vocabulary,
  parsed: Parsed,
): { readonly type: StaticType; readonly complaints: readonly Complaint[] } {
  const checker = new TypeChecker(vocabulary, parsed);
  return { type: checker.check(), complaints: checker.complaints };
}

class TypeChecker {
  readonly complaints: Complaint[] = [];
  readonly #vocabulary: Vocabulary;
  readonly #parsed: Parsed;
  readonly #unification = new Unification();
  /** Items of lists, and keys and values of maps, that are to be of one type. */
  readonly #alike: (readonly (readonly [expr: Expr, type: StaticType])[])[] = [];
  /** The types of the items of a list that stands in the expression. */
  readonly #items = new Map<Expr, readonly StaticType[]>();
  /** How many calls of `format` are around; it takes values of any types. */
  #formats = 0;

  constructor(vocabulary: Vocabulary, parsed: Parsed) {
    this.#vocabulary = vocabulary;
    this.#parsed = parsed;
  }

  check(): StaticType {
    const type = this.#unification.close(this.#type(this.#parsed.expr, null));
    for (const entries of this.#alike) this.#checkAlike(entries);
    return type;
  }

  #checkAlike(entries: readonly (readonly [expr: Expr, type: StaticType])[]): void {
    const [first, ...others] = entries.map(([, type]) => this.#unification.close(type));
    const odd = others.findIndex((type) => first !== undefined && !isSame(first, type));
    const [expr] = entries[odd + 1] ?? [];
    if (first === undefined || odd < 0 || expr === undefined) return;
    this.#complain(
      expr,
      `expected a ${writeType(first)}, got ${writeType(others[odd] ?? DYN)}; what a list or map holds is of one type, or all of it in \`dyn(…)\``,
    );
  }

  #complain(expr: Expr, message: string): StaticType {
    this.complaints.push({ offset: this.#parsed.offsetOf(expr), message });
    return DYN;
  }

  #type(expr: Expr | undefined, scope: Scope | null): StaticType {
    if (expr === undefined) return DYN;
    return this.#unification.resolve(this.#check(expr, expr.exprKind, scope));
  }

  #check(expr: Expr, kind: Expr["exprKind"], scope: Scope | null): StaticType {
    switch (kind.case) {
      case "constExpr": {
        const literal = kind.value.constantKind.case;
        return literal === undefined ? DYN : plain(LITERALS[literal]);
      }
      case "identExpr":
        return this.#name(kind.value.name, scope);
      case "selectExpr":
        return this.#select(expr, kind.value, scope);
      case "callExpr":
        return this.#call(expr, kind.value, scope);
      case "listExpr":
        return this.#list(expr, kind.value, scope);
      case "structExpr":
        return this.#map(expr, kind.value, scope);
      case "comprehensionExpr":
        return this.#macro(expr, readMacro(kind.value), scope);
      case undefined:
        return DYN;
      default:
        return unreachable(kind);
    }
  }

  #name(name: string, scope: Scope | null): StaticType {
    const given = find(scope, name);
    if (given !== null) return given.type;
    const declared = this.#vocabulary.variables.get(name);
    if (declared === undefined) return isWritableType(name) ? plain("type") : DYN;
    return typeOfShape(this.#vocabulary.shapes.get(name) ?? ANY, declared);
  }

  #namesIn(scope: Scope | null): Names {
    return {
      parsed: this.#parsed,
      functions: this.#vocabulary.functions,
      isValue: (name) => find(scope, name) !== null || this.#vocabulary.variables.has(name),
    };
  }

  #select(expr: Expr, part: Part<"selectExpr">, scope: Scope | null): StaticType {
    if (isWritableType(pathOf(expr, this.#namesIn(scope))) && !part.testOnly) return plain("type");
    const operand = this.#type(part.operand, scope);
    const isOptional = operand.name === "optional_type";
    const object = insideOf(operand);
    const field = this.#fieldType(expr, object, this.#parsed.fieldOf(expr, part.field));
    if (part.testOnly) return BOOL;
    return isOptional || this.#parsed.isOptional(expr) ? optionalOf(field) : field;
  }

  #fieldType(expr: Expr, object: StaticType, field: string): StaticType {
    if (object.name === "map") return object.of[1] ?? DYN;
    if (object.name === "object") return object.fields?.[field] ?? DYN;
    if (isOpen(object)) this.#unification.fit([DYN], [object]);
    else if (object.name !== "dyn") {
      return this.#complain(expr, `a ${writeType(object)} has no field \`${field}\``);
    }
    return DYN;
  }

  #call(expr: Expr, call: Part<"callExpr">, scope: Scope | null): StaticType {
    const macro = readMacroCall(call);
    if (macro !== null) return this.#macro(expr, macro, scope);
    const optionalMacro = readOptionalMacro(call);
    if (optionalMacro !== null) return this.#optionalMacro(expr, optionalMacro, scope);
    const { callee, args } = calleeOf(call, this.#namesIn(scope));
    switch (callee.name) {
      case "_&&_":
      case "_||_":
        for (const arg of args) this.#expectBool(arg, this.#type(arg, scope));
        return BOOL;
      case "_[_]": {
        const name = this.#parsed.isOptional(expr) ? "_[?_]" : callee.name;
        return this.#function(expr, { ...callee, name }, this.#types(args, scope));
      }
      case "format":
        return this.#format(expr, callee, args, scope);
      default:
        return this.#function(expr, callee, this.#types(args, scope));
    }
  }

  #types(exprs: readonly Expr[], scope: Scope | null): readonly StaticType[] {
    return exprs.map((expr) => this.#type(expr, scope));
  }

  #format(expr: Expr, callee: Callee, args: readonly Expr[], scope: Scope | null): StaticType {
    this.#formats += 1;
    const types = this.#types(args, scope);
    this.#formats -= 1;
    this.#checkPlaces(expr, args);
    return this.#function(expr, callee, types);
  }

  #function(expr: Expr, callee: Callee, types: readonly StaticType[]): StaticType {
    const result = resultOf(callee, types, this.#vocabulary.functions, this.#unification);
    if (result !== null) return result;
    const given = types.map((type) => writeType(this.#unification.close(type)));
    return this.#complain(expr, misfit(callee.name, given));
  }

  #expectBool(expr: Expr | undefined, type: StaticType): void {
    if (expr !== undefined && !this.#unification.fit([type], [BOOL])) {
      this.#complain(expr, `expected a bool, got ${writeType(this.#unification.close(type))}`);
    }
  }

  /** Values for `format` that stand in the expression are as many as there are places for, and of types that these take. */
  #checkPlaces(expr: Expr, [text, list]: readonly Expr[]): void {
    const constant = text?.exprKind.case === "constExpr" ? text.exprKind.value.constantKind : null;
    if (constant?.case !== "stringValue" || list?.exprKind.case !== "listExpr") return;
    const types = this.#items.get(list)?.map((type) => this.#unification.close(type).name) ?? [];
    const fault = faultOfFormat(constant.value, types);
    if (fault !== null) this.#complain(expr, fault);
  }

  #list(expr: Expr, { elements }: Part<"listExpr">, scope: Scope | null): StaticType {
    const entries = elements.map((element, index) => {
      const type = this.#type(element, scope);
      return [element, this.#parsed.isOptional(expr, index) ? insideOf(type) : type] as const;
    });
    this.#items.set(
      expr,
      entries.map(([, type]) => type),
    );
    return listOf(this.#joined(entries));
  }

  #map(expr: Expr, { entries }: Part<"structExpr">, scope: Scope | null): StaticType {
    const pairs = entries.flatMap(({ keyKind, value }, index) => {
      const key = keyKind.case === "mapKey" ? keyKind.value : undefined;
      const keyType = this.#type(key, scope);
      const type = this.#type(value, scope);
      return key === undefined || value === undefined
        ? []
        : [
            {
              key: [key, keyType] as const,
              value: [value, this.#parsed.isOptional(expr, index) ? insideOf(type) : type] as const,
            },
          ];
    });
    return mapOf(
      this.#joined(pairs.map(({ key }) => key)),
      this.#joined(pairs.map(({ value }) => value)),
    );
  }

  /** The type of what is to be of one type. */
  #joined(entries: readonly (readonly [expr: Expr, type: StaticType])[]): StaticType {
    if (this.#formats === 0) this.#alike.push(entries);
    const [first, ...others] = entries.map(([, type]) => type);
    if (first === undefined) return this.#unification.open();
    return others.reduce(
      (one, other) => (this.#unification.fit([one], [other]) ? generalOf(one, other) : DYN),
      first,
    );
  }

  #optionalMacro(expr: Expr, macro: OptionalMacro, outer: Scope | null): StaticType {
    const optional = this.#type(macro.optional, outer);
    const value = this.#unification.open();
    if (!this.#unification.fit([optional], [optionalOf(value)])) {
      return this.#complain(
        macro.optional,
        misfit(macro.kind, [writeType(this.#unification.close(optional))]),
      );
    }
    const type = this.#unification.resolve(isOpen(this.#unification.resolve(value)) ? DYN : value);
    const made = this.#type(macro.yield, { name: macro.name, type, outer });
    if (macro.kind === "optMap") return optionalOf(made);
    const result = optionalOf(this.#unification.open());
    if (this.#unification.fit([made], [result])) return this.#unification.resolve(result);
    return this.#complain(
      expr,
      `expected an optional_type, got ${writeType(this.#unification.close(made))}`,
    );
  }

  #macro(expr: Expr, macro: Macro, outer: Scope | null): StaticType {
    const range = this.#type(macro.range, outer);
    const parts = this.#partsOf(range);
    if (parts === null) return this.#complain(expr, noRange(writeType(range)));
    const [key, value] = parts;
    const [first = "", second] = macro.names;
    // Of one name, an item of a list or a key of a map.
    const isItem = second === undefined && range.name === "list";
    const inner: Scope = { name: first, type: isItem ? value : key, outer };
    const scope = second === undefined ? inner : { name: second, type: value, outer: inner };
    if (macro.condition !== undefined) {
      this.#expectBool(macro.condition, this.#type(macro.condition, scope));
    }
    const made = this.#type(macro.yield, scope);
    return this.#macroType(expr, macro.kind, { range, key, made });
  }

  #macroType(
    expr: Expr,
    kind: Macro["kind"],
    { range, key, made }: Readonly<Record<"range" | "key" | "made", StaticType>>,
  ): StaticType {
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
        return this.#function(expr, { name: "transformMapEntry", isMethod: false }, [made]);
      case "sort":
        return this.#function(expr, { name: "sortBy", isMethod: false }, [range, listOf(made)]);
      default:
        return unreachable(kind);
    }
  }

  /** Positions and items of a list, or keys and values of a map; null of what nothing goes through. */
  #partsOf(range: StaticType): readonly [StaticType, StaticType] | null {
    if (range.name === "list") return [INT, range.of[0] ?? DYN];
    if (range.name === "map") return [range.of[0] ?? DYN, range.of[1] ?? DYN];
    if (isOpen(range)) this.#unification.fit([DYN], [range]);
    return isOpen(range) || range.name === "dyn" ? [DYN, DYN] : null;
  }
}
