import { unreachable } from "../errors.ts";
import { attempt } from "./attempt.ts";
import type { Complaint } from "./find-syntax-error.ts";
import { Frame, Halt, type Limits } from "./frame.ts";
import type { FunctionTable } from "./function-table.ts";
import { literalOf } from "./literal.ts";
import { type Macro, readMacro, readMacroOfTwo } from "./macro.ts";
import {
  areConstant,
  callNode,
  conditionalNode,
  constantNode,
  fieldNode,
  hasNode,
  listNode,
  logicNode,
  macroNode,
  mapNode,
  NOTHING,
  type Node,
  slotNode,
  variableNode,
} from "./node.ts";
import type { Overload } from "./overload.ts";
import type { Expr, Part } from "./parse-expression.ts";
import { Pattern } from "./pattern.ts";
import { type Callee, resolveCall } from "./resolve-call.ts";
import { ANY, fieldShape, lacksField, type Shape } from "./shape.ts";
import { EvaluationError, isTypeName, type Outcome, type TypeName, TypeValue } from "./value.ts";

/** A name that a macro has given, and the slot that holds its value. */
interface Scope {
  readonly name: string;
  readonly slot: number;
  readonly shape: Shape;
  readonly outer: Scope | null;
}

/** What an expression may refer to. */
export interface Vocabulary {
  readonly variables: ReadonlyMap<string, TypeName>;
  readonly functions: FunctionTable;
  /** What is known of variables; a variable that is not among them may have any fields. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** As deep as cel-go goes, with brackets or without: `a.b.c` is three deep. */
const MAX_DEPTH = 250;

/** What all calls with constants may take; those that it does not reach for are left as they are. */
const FOLD_LIMITS: Limits = { maxCost: 100_000, deadline: Infinity, clock: () => 0 };

/** Turns a syntax tree into functions that evaluate it, and notes everything that is wrong with it. */
export class Compiler {
  readonly complaints: Complaint[] = [];
  readonly patterns = new Map<string, Pattern>();
  /** The variables that the expression uses, with their slots. */
  readonly variables = new Map<string, number>();
  readonly #lacking: { readonly field: string; readonly complaint: Complaint }[] = [];
  readonly #askedFor = new Set<string>();
  readonly #vocabulary: Vocabulary;
  readonly #offsetOf: (expr: Expr) => number;
  readonly #foldFrame: Frame;
  #slots = 0;
  #depth = 0;

  constructor(vocabulary: Vocabulary, offsetOf: (expr: Expr) => number) {
    this.#vocabulary = vocabulary;
    this.#offsetOf = offsetOf;
    this.#foldFrame = new Frame({ slots: [], functions: {}, patterns: this.patterns }, FOLD_LIMITS);
  }

  get slotCount(): number {
    return this.#slots;
  }

  /** All that is wrong. A field that is not there may be used where the expression asks for it first, by `has`. */
  faults(): readonly Complaint[] {
    const lacking = this.#lacking.filter(({ field }) => !this.#askedFor.has(field));
    return [...this.complaints, ...lacking.map(({ complaint }) => complaint)];
  }

  compile(expr: Expr | undefined, scope: Scope | null = null): Node {
    if (expr === undefined) return NOTHING;
    if (this.#depth === MAX_DEPTH) {
      return this.#complain(expr, `nested more than ${MAX_DEPTH} deep`);
    }
    this.#depth += 1;
    const node = this.#compile(expr, expr.exprKind, scope);
    this.#depth -= 1;
    return node;
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
        return this.#macro(expr, readMacro(kind.value), scope);
      case undefined:
        return this.#complain(expr, "not an expression");
      default:
        return unreachable(kind);
    }
  }

  #complain(expr: Expr, message: string): Node {
    this.complaints.push({ offset: this.#offsetOf(expr), message });
    return NOTHING;
  }

  #literal(expr: Expr, value: Outcome): Node {
    return value instanceof EvaluationError
      ? this.#complain(expr, value.message)
      : constantNode(value);
  }

  #name(expr: Expr, name: string, scope: Scope | null): Node {
    const given = find(scope, name);
    if (given !== null) return slotNode(given.slot, given.shape);
    const type = this.#vocabulary.variables.get(name);
    if (type !== undefined) {
      const shape = this.#vocabulary.shapes.get(name) ?? ANY;
      return { ...variableNode(this.#slotOf(name), type, this.#offsetOf(expr)), shape };
    }
    if (isTypeName(name) && name !== "dyn") return constantNode(new TypeValue(name));
    const known = [...this.#vocabulary.variables.keys()].map((variable) => `\`${variable}\``);
    return this.#complain(expr, `unknown name \`${name}\`; there is ${known.join(", ")}`);
  }

  #slotOf(variable: string): number {
    const slot = this.variables.get(variable) ?? this.#slots++;
    this.variables.set(variable, slot);
    return slot;
  }

  #select(expr: Expr, { operand, field, testOnly }: Part<"selectExpr">, scope: Scope | null): Node {
    const qualified = this.#qualified(expr, scope);
    if (isTypeName(qualified) && !testOnly) return constantNode(new TypeValue(qualified));
    const object = this.compile(operand, scope);
    if (object.type !== "map" && object.type !== "dyn") {
      return this.#complain(expr, `a ${object.type} has no field \`${field}\``);
    }
    const offset = this.#offsetOf(expr);
    if (testOnly) {
      this.#askedFor.add(field);
      return hasNode(object, field, offset);
    }
    const { shape = ANY } = object;
    const fault = lacksField(shape, field);
    if (fault !== null) this.#lacking.push({ field, complaint: { offset, message: fault } });
    return { ...fieldNode(object, field, offset), shape: fieldShape(shape, field) };
  }

  /** `a.b` for a path that no variable begins: part of the name of a function or type. Else empty. */
  #qualified({ exprKind }: Expr, scope: Scope | null): string {
    if (exprKind.case === "identExpr") {
      const { name } = exprKind.value;
      return find(scope, name) === null && !this.#vocabulary.variables.has(name) ? name : "";
    }
    if (exprKind.case !== "selectExpr" || exprKind.value.operand === undefined) return "";
    const path = this.#qualified(exprKind.value.operand, scope);
    return path === "" ? "" : `${path}.${exprKind.value.field}`;
  }

  #call(expr: Expr, call: Part<"callExpr">, scope: Scope | null): Node {
    const macro = readMacroOfTwo(call);
    if (macro !== null) return this.#macro(expr, macro, scope);
    const { callee, args } = this.#callee(call, scope);
    const nodes = args.map((arg) => this.compile(arg, scope));
    const [first = NOTHING, second = NOTHING, third = NOTHING] = nodes;
    switch (callee.name) {
      case "_&&_":
      case "_||_":
        this.#expectBool(expr, first);
        this.#expectBool(expr, second);
        return logicNode(first, second, callee.name === "_||_");
      case "_?_:_":
        this.#expectBool(expr, first);
        return conditionalNode(first, second, third);
      default:
        return this.#function(expr, callee, nodes);
    }
  }

  /** What is called: a method of `target`, or a function, which may have its name in parts: `ip.isCanonical`. */
  #callee(
    { function: name, target, args }: Part<"callExpr">,
    scope: Scope | null,
  ): { readonly callee: Callee; readonly args: readonly Expr[] } {
    if (target === undefined) return { callee: { name, isMethod: false }, args };
    const path = this.#qualified(target, scope);
    return path !== "" && this.#isNamespace(`${path}.`)
      ? { callee: { name: `${path}.${name}`, isMethod: false }, args }
      : { callee: { name, isMethod: true }, args: [target, ...args] };
  }

  #isNamespace(prefix: string): boolean {
    return this.#vocabulary.functions.keys().some((name) => name.startsWith(prefix));
  }

  #function(expr: Expr, callee: Callee, args: readonly Node[]): Node {
    const types = args.map(({ type }) => type);
    const overloads = resolveCall(callee, types, this.#vocabulary.functions);
    if (typeof overloads === "string") return this.#complain(expr, overloads);
    const fault = this.#faultOfConstants(overloads[0], args);
    if (fault !== null) return this.#complain(expr, fault);
    const call = callNode(overloads, args, this.#offsetOf(expr));
    const items = callee.name === "_[_]" ? args[0]?.shape?.items : undefined;
    const node = items === undefined ? call : { ...call, shape: items };
    const isPure = overloads.every((overload) => overload.isPure);
    return isPure && areConstant(args) ? this.#fold(expr, node) : node;
  }

  #faultOfConstants(overload: Overload | undefined, args: readonly Node[]): string | null {
    const { patternAt, faultOf } = overload ?? {};
    const pattern = patternAt === undefined ? undefined : args[patternAt]?.constant;
    if (typeof pattern === "string") return this.#readPattern(pattern);
    return faultOf?.(args.map(({ constant }) => constant)) ?? null;
  }

  /** What is constant is evaluated now: that it fails is better known before anybody needs it. */
  #fold(expr: Expr, node: Node): Node {
    const outcome = attempt(node.run, this.#foldFrame);
    return outcome instanceof Halt ? node : this.#literal(expr, outcome);
  }

  #readPattern(text: string): string | null {
    const pattern = Pattern.read(text);
    if (pattern instanceof EvaluationError) return pattern.message;
    this.patterns.set(text, pattern);
    return null;
  }

  #expectBool(expr: Expr, { type }: Node): void {
    if (type !== "bool" && type !== "dyn") this.#complain(expr, `expected a bool, got ${type}`);
  }

  #list(expr: Expr, { elements }: Part<"listExpr">, scope: Scope | null): Node {
    const items = elements.map((element) => this.compile(element, scope));
    return areConstant(items) ? this.#fold(expr, listNode(items)) : listNode(items);
  }

  #map(expr: Expr, { messageName, entries }: Part<"structExpr">, scope: Scope | null): Node {
    if (messageName !== "") {
      return this.#complain(expr, `there are no objects of type \`${messageName}\``);
    }
    const pairs = entries.map(({ keyKind, value }) => ({
      key: this.compile(keyKind.case === "mapKey" ? keyKind.value : undefined, scope),
      value: this.compile(value, scope),
    }));
    const node = mapNode(pairs, this.#offsetOf(expr));
    return areConstant(pairs.flatMap(({ key, value }) => [key, value]))
      ? this.#fold(expr, node)
      : node;
  }

  #macro(expr: Expr, macro: Macro, outer: Scope | null): Node {
    const range = this.compile(macro.range, outer);
    if (!["list", "map", "dyn"].includes(range.type)) {
      return this.#complain(expr, `cannot go through a ${range.type}`);
    }
    const slots = macro.names.map(() => this.#slots++);
    const scope = macro.names.reduce<Scope | null>(
      (around, name, index) => ({
        name,
        slot: slots[index] ?? 0,
        // The last name is that of an item, a first of two its position.
        shape: (index === macro.names.length - 1 ? range.shape?.items : undefined) ?? ANY,
        outer: around,
      }),
      outer,
    );
    const condition =
      macro.condition === undefined ? constantNode(true) : this.compile(macro.condition, scope);
    this.#expectBool(expr, condition);
    return macroNode(
      {
        kind: macro.kind,
        range: range.run,
        slots,
        condition: condition.run,
        yield: this.compile(macro.yield, scope).run,
      },
      this.#offsetOf(expr),
    );
  }
}

function find(scope: Scope | null, name: string): Scope | null {
  if (scope === null || scope.name === name) return scope;
  return find(scope.outer, name);
}
