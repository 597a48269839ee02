import { unreachable } from "../errors.ts";
import { fieldOf, hasField, optionalFieldOf } from "./access.ts";
import { macroUse } from "./call-faults.ts";
import { type Callee, calleeOf, type Names, pathOf } from "./callee.ts";
import { Checker, type Entry, lacksField } from "./checker.ts";
import { Constants } from "./constants.ts";
import type { Run } from "./evaluate-macro.ts";
import { Faults } from "./faults.ts";
import type { FunctionTable } from "./function-table.ts";
import { literalOf } from "./literal.ts";
import { type Macro, type OptionalMacro, readMacro, readOptionalMacro } from "./macro.ts";
import { areConstant, constantNode, NOTHING, type Node } from "./node.ts";
import { optionalMacroRun, standInRun } from "./optional-runs.ts";
import type { Expr, Parsed, Part } from "./parse-expression.ts";
import {
  callRun,
  fieldRun,
  type Item,
  listRun,
  macroRun,
  mapRun,
  operatorRun,
  slotRun,
  variableRun,
} from "./runs.ts";
import { find, type Scope } from "./scope.ts";
import { BOOL, DYN, isOpen, listOf, mapOf, optionalOf, type StaticType } from "./static-type.ts";
import { EvaluationError, isWritableType, type Outcome, TypeValue } from "./value.ts";

/** What an expression may refer to. */
export interface Vocabulary {
  readonly variables: ReadonlyMap<string, StaticType>;
  readonly functions: FunctionTable;
}

/** As deep as cel-go goes, with brackets or without: `a.b.c` is three deep. */
const MAX_DEPTH = 250;

/** Methods whose argument is not evaluated where it is not needed. */
const STAND_INS: ReadonlySet<string> = new Set(["or", "orValue"]);

/** Turns a syntax tree into functions that evaluate it, and notes everything that is wrong with it. */
export class Compiler {
  readonly faults = new Faults();
  readonly constants = new Constants();
  /** The variables that the expression uses, with their slots. */
  readonly variables = new Map<string, number>();
  readonly #vocabulary: Vocabulary;
  readonly #parsed: Parsed;
  readonly #checker: Checker;
  #slots = 0;
  #depth = 0;

  constructor(vocabulary: Vocabulary, parsed: Parsed) {
    this.#vocabulary = vocabulary;
    this.#parsed = parsed;
    this.#checker = new Checker(vocabulary.functions);
  }

  get slotCount(): number {
    return this.#slots;
  }

  /** The whole expression, which is to give a `result`. */
  compile(result: string): Run {
    const { run, type } = this.#node(this.#parsed.expr, null);
    // What does not fit in an expression with faults is no help.
    if (this.faults.all().length === 0) {
      for (const { expr, message } of this.#checker.odd()) this.#complain(expr, message);
    }
    const whole = this.#checker.whole(type, result);
    if (typeof whole === "string") this.faults.add({ offset: 0, message: whole });
    return run;
  }

  #node(expr: Expr | undefined, scope: Scope | null): Node {
    if (expr === undefined) return NOTHING;
    if (this.#depth === MAX_DEPTH) {
      return this.#complain(expr, `nested more than ${MAX_DEPTH} deep`);
    }
    this.#depth += 1;
    const macro = this.#parsed.macroOf(expr);
    const node =
      macro === undefined
        ? this.#compile(expr, expr.exprKind, scope)
        : this.#parserMacro(expr, macro, scope);
    this.#depth -= 1;
    return { ...node, type: this.#checker.resolve(node.type) };
  }

  #compile(expr: Expr, kind: Expr["exprKind"], scope: Scope | null): Node {
    switch (kind.case) {
      case "constExpr":
        return this.#literal(expr, literalOf(kind.value));
      case "identExpr":
        return this.#name(expr, kind.value.name, scope);
      case "selectExpr":
        return this.#select(expr, kind.value, scope);
      case "callExpr":
        return this.#call(expr, kind.value, scope);
      case "listExpr":
        return this.#list(expr, kind.value, scope);
      case "structExpr":
        return this.#map(expr, kind.value, scope);
      case "comprehensionExpr":
      case undefined:
        return this.#complain(expr, "not an expression");
      default:
        return unreachable(kind);
    }
  }

  /** A macro that the parser knows. */
  #parserMacro(expr: Expr, call: Part<"callExpr">, scope: Scope | null): Node {
    const tested = call.function === "has" ? call.args[0] : undefined;
    return tested?.exprKind.case === "selectExpr" && !this.#parsed.isOptional(tested)
      ? this.#select(tested, { ...tested.exprKind.value, testOnly: true }, scope)
      : this.#call(expr, call, scope);
  }

  #complain(expr: Expr, message: string): Node {
    this.faults.add({ offset: this.#parsed.offsetOf(expr), message });
    return NOTHING;
  }

  #literal(expr: Expr, value: Outcome): Node {
    return value instanceof EvaluationError
      ? this.#complain(expr, value.message)
      : constantNode(value);
  }

  #name(expr: Expr, name: string, scope: Scope | null): Node {
    const given = find(scope, name);
    if (given !== null) return { run: slotRun(given.slot), type: given.type };
    const type = this.#vocabulary.variables.get(name);
    if (type !== undefined) {
      return { run: variableRun(this.#slotOf(name), this.#parsed.offsetOf(expr)), type };
    }
    if (isWritableType(name)) return constantNode(new TypeValue(name));
    const known = [...this.#vocabulary.variables.keys()].map((variable) => `\`${variable}\``);
    return this.#complain(expr, `unknown name \`${name}\`; there is ${known.join(", ")}`);
  }

  #slotOf(variable: string): number {
    const slot = this.variables.get(variable) ?? this.#slots++;
    this.variables.set(variable, slot);
    return slot;
  }

  #select(expr: Expr, part: Part<"selectExpr">, scope: Scope | null): Node {
    const qualified = pathOf(expr, this.#namesIn(scope));
    if (isWritableType(qualified) && !part.testOnly) return constantNode(new TypeValue(qualified));
    const object = this.#node(part.operand, scope);
    const field = this.#parsed.fieldOf(expr, part.field);
    const isOptional = this.#parsed.isOptional(expr);
    const type = this.#checker.field(object.type, field, isOptional);
    if (typeof type === "string") return this.#complain(expr, type);
    const offset = this.#parsed.offsetOf(expr);
    const fault = lacksField(object.type, field);
    if (part.testOnly || isOptional) this.faults.asksFor(field);
    else if (fault !== null) this.faults.lacks(field, { offset, message: fault });
    const read = part.testOnly ? hasField : isOptional ? optionalFieldOf : fieldOf;
    const run = fieldRun(read, object.run, field, offset);
    return { run, type: part.testOnly ? BOOL : type };
  }

  #namesIn(scope: Scope | null): Names {
    const { variables, functions } = this.#vocabulary;
    return {
      parsed: this.#parsed,
      functions,
      isValue: (name) => find(scope, name) !== null || variables.has(name),
    };
  }

  #call(expr: Expr, call: Part<"callExpr">, scope: Scope | null): Node {
    const macro = readMacro(call);
    if (macro !== null) return this.#macro(expr, macro, scope);
    const optionalMacro = readOptionalMacro(call);
    if (optionalMacro !== null) return this.#optionalMacro(expr, optionalMacro, scope);
    const use = macroUse(call.function);
    if (use !== null) return this.#complain(expr, use);
    const { callee, args } = calleeOf(call, this.#namesIn(scope));
    const look = (): readonly Node[] => args.map((arg) => this.#node(arg, scope));
    const nodes = callee.name === "format" ? this.#checker.mixed(look) : look();
    const isOptional = callee.name === "_[_]" && this.#parsed.isOptional(expr);
    return this.#function(expr, isOptional ? { ...callee, name: "_[?_]" } : callee, nodes);
  }

  #function(expr: Expr, callee: Callee, args: readonly Node[]): Node {
    const type = this.#checker.call(
      callee,
      args.map((arg) => arg.type),
    );
    if (typeof type === "string") return this.#complain(expr, type);
    // Which of them it is, the values tell.
    const overloads =
      this.#vocabulary.functions
        .get(callee.name)
        ?.filter(
          (one) => one.isMethod === callee.isMethod && one.parameters.length === args.length,
        ) ?? [];
    const [overload] = overloads;
    const runs = args.map(({ run }) => run);
    if (overload === undefined) return { run: operatorRun(callee.name, runs), type };
    const items = args.map((arg) => arg.items?.map((item) => this.#checker.close(item).name));
    const fault = this.constants.faultOf(overload, args, items);
    if (fault !== null) return this.#complain(expr, fault);
    const offset = this.#parsed.offsetOf(expr);
    const run = STAND_INS.has(callee.name)
      ? standInRun(overload, runs, offset)
      : callRun(overloads, runs, offset);
    const isPure = overloads.every((one) => one.isPure);
    return isPure ? this.#folded(expr, { run, type }, args) : { run, type };
  }

  /** What consists of constants is evaluated now. */
  #folded(expr: Expr, node: Node, parts: readonly Pick<Node, "constant">[]): Node {
    const outcome = areConstant(parts) ? this.constants.evaluate(node) : undefined;
    if (outcome instanceof EvaluationError) return this.#complain(expr, outcome.message);
    return outcome === undefined ? node : { ...node, run: () => outcome, constant: outcome };
  }

  #list(expr: Expr, { elements }: Part<"listExpr">, scope: Scope | null): Node {
    const items = elements.map((element, index) => this.#item(expr, index, element, scope));
    const run = listRun(items, this.#parsed.offsetOf(expr));
    const type = listOf(this.#checker.joined(items));
    return this.#folded(expr, { run, type, items: items.map((item) => item.type) }, items);
  }

  #map(expr: Expr, { messageName, entries }: Part<"structExpr">, scope: Scope | null): Node {
    if (messageName !== "") {
      return this.#complain(expr, `there are no objects of type \`${messageName}\``);
    }
    const pairs = entries.map(({ keyKind, value }, index) => ({
      key: this.#key(expr, keyKind.case === "mapKey" ? keyKind.value : undefined, scope),
      value: this.#item(expr, index, value, scope),
    }));
    const keys = pairs.map(({ key }) => key);
    const values = pairs.map(({ value }) => value);
    const run = mapRun(pairs, this.#parsed.offsetOf(expr));
    const type = mapOf(this.#checker.joined(keys), this.#checker.joined(values));
    return this.#folded(expr, { run, type }, [...keys, ...values]);
  }

  #key(whole: Expr, expr: Expr | undefined, scope: Scope | null): Node & Entry {
    return { ...this.#node(expr, scope), expr: expr ?? whole };
  }

  /** An item of a list or a value of a map, which may have a `?` before it. */
  #item(
    whole: Expr,
    index: number,
    expr: Expr | undefined,
    scope: Scope | null,
  ): Node & Entry & Item {
    const node = this.#node(expr, scope);
    const isOptional = this.#parsed.isOptional(whole, index);
    const type = isOptional ? this.#checker.optionalItem(node.type) : node.type;
    const item = typeof type === "string" ? this.#complain(whole, type) : { ...node, type };
    return { ...item, expr: expr ?? whole, isOptional };
  }

  #optionalMacro(expr: Expr, macro: OptionalMacro, outer: Scope | null): Node {
    const optional = this.#node(macro.optional, outer);
    const inside = this.#checker.inside(optional.type);
    if (typeof inside === "string") return this.#complain(expr, inside);
    const slot = this.#slots++;
    const type = isOpen(inside) ? DYN : inside;
    const made = this.#node(macro.yield, { name: macro.name, slot, type, outer });
    const isFlat = macro.kind === "optFlatMap";
    const result = isFlat ? this.#checker.inside(made.type) : made.type;
    if (typeof result === "string") return this.#complain(expr, result);
    const plan = { optional: optional.run, slot, yield: made.run, isFlat };
    const run = optionalMacroRun(plan, this.#parsed.offsetOf(expr));
    return { run, type: optionalOf(result) };
  }

  #macro(expr: Expr, { kind, names, ...macro }: Macro, outer: Scope | null): Node {
    const range = this.#node(macro.range, outer);
    const parts = this.#checker.range(range.type);
    if (typeof parts === "string") return this.#complain(expr, parts);
    const [first, second] = names;
    if (first === second) return this.#complain(expr, `\`${first}\` stands for two things`);
    const { key, value, subject } = parts;
    const types = second === undefined ? [subject] : [key, value];
    const slots = names.map(() => this.#slots++);
    const scope = names.reduce<Scope | null>(
      (around, name, index) => ({
        name,
        slot: slots[index] ?? 0,
        type: types[index] ?? DYN,
        outer: around,
      }),
      outer,
    );
    const condition = this.#condition(macro.condition, scope);
    const made = this.#node(macro.yield, scope);
    const type = this.#checker.macro(kind, { range: range.type, key, made: made.type });
    if (typeof type === "string") return this.#complain(expr, type);
    const plan = { kind, range: range.run, slots, condition, yield: made.run };
    return { run: macroRun(plan, this.#parsed.offsetOf(expr)), type };
  }

  #condition(expr: Expr | undefined, scope: Scope | null): Run {
    if (expr === undefined) return () => true;
    const { run, type } = this.#node(expr, scope);
    const found = this.#checker.condition(type);
    if (typeof found === "string") this.#complain(expr, found);
    return run;
  }
}
