import { unreachable } from "../errors.ts";
import { fieldOf, hasField } from "./access.ts";
import { attempt } from "./attempt.ts";
import { evaluateMacro, type Run, toBool } from "./evaluate-macro.ts";
import type { Complaint } from "./find-syntax-error.ts";
import { Frame, Halt, type Limits } from "./frame.ts";
import type { FunctionTable } from "./function-table.ts";
import { literalOf } from "./literal.ts";
import { type Macro, readMacro, readMacroOfTwo } from "./macro.ts";
import { callNode, constantNode, NOTHING, type Node } from "./node.ts";
import type { Expr, Part } from "./parse-expression.ts";
import { Pattern } from "./pattern.ts";
import { type Callee, resolveCall } from "./resolve-call.ts";
import {
  Dictionary,
  EvaluationError,
  isTypeName,
  List,
  type MapKey,
  mapKey,
  type Outcome,
  quoted,
  type TypeName,
  TypeValue,
  typeOf,
  type Value,
} from "./value.ts";

/** A name that a macro has given, and the slot that holds its value. */
interface Scope {
  readonly name: string;
  readonly slot: number;
  readonly outer: Scope | null;
}

/** What an expression may refer to. */
export interface Vocabulary {
  readonly variables: ReadonlyMap<string, TypeName>;
  readonly functions: FunctionTable;
}

/** As deep as cel-go goes, with brackets or without: `a.b.c` is three deep. */
const MAX_DEPTH = 250;

/** What a call with constants may take: enough for any that makes sense. */
const FOLD_LIMITS: Limits = { maxCost: 100_000, deadline: Infinity, clock: () => 0 };

/** Turns a syntax tree into functions that evaluate it, and notes everything that is wrong with it. */
export class Compiler {
  readonly complaints: Complaint[] = [];
  readonly patterns = new Map<string, Pattern>();
  /** The variables that the expression uses, with their slots. */
  readonly variables = new Map<string, number>();
  readonly #vocabulary: Vocabulary;
  readonly #offsetOf: (expr: Expr) => number;
  #slots = 0;
  #depth = 0;

  constructor(vocabulary: Vocabulary, offsetOf: (expr: Expr) => number) {
    this.#vocabulary = vocabulary;
    this.#offsetOf = offsetOf;
  }

  get slotCount(): number {
    return this.#slots;
  }

  compile(expr: Expr | undefined, scope: Scope | null = null): Node {
    if (expr === undefined) return NOTHING;
    if (this.#depth === MAX_DEPTH)
      return this.#complain(expr, `nested more than ${MAX_DEPTH} deep`);
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
        return this.#list(kind.value.elements.map((element) => this.compile(element, scope)));
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
    if (given !== null) return { run: (frame) => frame.slots[given.slot] ?? null, type: "dyn" };
    const type = this.#vocabulary.variables.get(name);
    if (type !== undefined) return variableNode(this.#slotOf(name), type, this.#offsetOf(expr));
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
    const { run: object, type } = this.compile(operand, scope);
    if (type !== "map" && type !== "dyn")
      return this.#complain(expr, `a ${type} has no field \`${field}\``);
    const offset = this.#offsetOf(expr);
    const read = testOnly ? hasField : fieldOf;
    const run: Run = (frame) => {
      frame.charge(1);
      const value = object(frame);
      const outcome = value instanceof EvaluationError ? value : read(value, field);
      return outcome instanceof EvaluationError ? outcome.at(offset) : outcome;
    };
    return { run, type: testOnly ? "bool" : "dyn" };
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
    const { function: name, target, args } = call;
    const path = target === undefined ? "" : this.#qualified(target, scope);
    const isQualified = path !== "" && this.#isNamespace(`${path}.`);
    const isMethod = target !== undefined && !isQualified;
    const nodes = (isMethod ? [target, ...args] : args).map((arg) => this.compile(arg, scope));
    switch (name) {
      case "_&&_":
        return this.#logic(expr, nodes, false);
      case "_||_":
        return this.#logic(expr, nodes, true);
      case "_?_:_":
        return this.#conditional(expr, nodes);
      default:
        return this.#function(
          expr,
          { name: isQualified ? `${path}.${name}` : name, isMethod },
          nodes,
        );
    }
  }

  #isNamespace(prefix: string): boolean {
    return this.#vocabulary.functions.keys().some((name) => name.startsWith(prefix));
  }

  #function(expr: Expr, callee: Callee, args: readonly Node[]): Node {
    const types = args.map(({ type }) => type);
    const overloads = resolveCall(callee, types, this.#vocabulary.functions);
    if (typeof overloads === "string") return this.#complain(expr, overloads);
    const { patternAt } = overloads[0] ?? {};
    const pattern = patternAt === undefined ? undefined : args[patternAt]?.constant;
    const fault = typeof pattern === "string" ? this.#readPattern(pattern) : null;
    if (fault !== null) return this.#complain(expr, fault);
    const node = callNode(overloads, args, this.#offsetOf(expr));
    const isConstant = args.every(({ constant }) => constant !== undefined);
    return isConstant && overloads.every(({ isPure }) => isPure) ? this.#fold(expr, node) : node;
  }

  /** A call with constants is made now: that it fails is better known before anybody needs it. */
  #fold(expr: Expr, node: Node): Node {
    const outcome = attempt(node.run, this.#foldFrame());
    if (outcome instanceof Halt) return node;
    return this.#literal(expr, outcome);
  }

  #readPattern(text: string): string | null {
    const pattern = Pattern.read(text);
    if (pattern instanceof EvaluationError) return pattern.message;
    this.patterns.set(text, pattern);
    return null;
  }

  #foldFrame(): Frame {
    return new Frame({ slots: [], functions: {}, patterns: this.patterns }, FOLD_LIMITS);
  }

  #logic(expr: Expr, operands: readonly Node[], decisive: boolean): Node {
    const [left = NOTHING, right = NOTHING] = operands;
    for (const { type } of operands) this.#expectBool(expr, type);
    const run: Run = (frame) => {
      frame.charge(1);
      const first = toBool(left.run(frame));
      if (first === decisive) return decisive;
      const second = toBool(right.run(frame));
      return second === decisive || typeof first === "boolean" ? second : first;
    };
    return { run, type: "bool" };
  }

  #conditional(
    expr: Expr,
    [condition = NOTHING, yes = NOTHING, no = NOTHING]: readonly Node[],
  ): Node {
    this.#expectBool(expr, condition.type);
    const run: Run = (frame) => {
      frame.charge(1);
      const holds = toBool(condition.run(frame));
      if (typeof holds !== "boolean") return holds;
      return holds ? yes.run(frame) : no.run(frame);
    };
    return { run, type: yes.type === no.type ? yes.type : "dyn" };
  }

  #expectBool(expr: Expr, type: TypeName): void {
    if (type !== "bool" && type !== "dyn") this.#complain(expr, `expected a bool, got ${type}`);
  }

  #list(items: readonly Node[]): Node {
    const constants = items.flatMap(({ constant }) => (constant === undefined ? [] : [constant]));
    if (constants.length === items.length) return constantNode(new List(constants));
    const run: Run = (frame) => {
      frame.charge(1 + items.length);
      const values: Value[] = [];
      for (const item of items) {
        const value = item.run(frame);
        if (value instanceof EvaluationError) return value;
        values.push(value);
      }
      return new List(values);
    };
    return { run, type: "list" };
  }

  #map(expr: Expr, { messageName, entries }: Part<"structExpr">, scope: Scope | null): Node {
    if (messageName !== "")
      return this.#complain(expr, `there are no objects of type \`${messageName}\``);
    const pairs = entries.map(({ keyKind, value }) => {
      const key = keyKind.case === "mapKey" ? keyKind.value : undefined;
      return { key: this.compile(key, scope), value: this.compile(value, scope) };
    });
    const offset = this.#offsetOf(expr);
    const run: Run = (frame) => {
      frame.charge(1 + pairs.length);
      const found = new Map<MapKey, Value>();
      for (const pair of pairs) {
        const key = pair.key.run(frame);
        if (key instanceof EvaluationError) return key;
        const value = pair.value.run(frame);
        if (value instanceof EvaluationError) return value;
        const plain = mapKey(key);
        if (plain === undefined || typeof key === "number")
          return new EvaluationError(`a ${typeOf(key)} is no key`, offset);
        if (found.has(plain))
          return new EvaluationError(`the key ${quoted(String(plain))} comes twice`, offset);
        found.set(plain, value);
      }
      return new Dictionary(found);
    };
    const node: Node = { run, type: "map" };
    const isConstant = pairs.every(
      ({ key, value }) => key.constant !== undefined && value.constant !== undefined,
    );
    return isConstant ? this.#fold(expr, node) : node;
  }

  #macro(expr: Expr, macro: Macro, outer: Scope | null): Node {
    const range = this.compile(macro.range, outer);
    if (!["list", "map", "dyn"].includes(range.type))
      return this.#complain(expr, `cannot go through a ${range.type}`);
    const slots = macro.names.map(() => this.#slots++);
    const scope = macro.names.reduce<Scope | null>(
      (around, name, index) => ({ name, slot: slots[index] ?? 0, outer: around }),
      outer,
    );
    const condition =
      macro.condition === undefined ? constantNode(true) : this.compile(macro.condition, scope);
    this.#expectBool(expr, condition.type);
    const plan = {
      kind: macro.kind,
      range: range.run,
      slots,
      condition: condition.run,
      yield: this.compile(macro.yield, scope).run,
    };
    const offset = this.#offsetOf(expr);
    const run: Run = (frame) => {
      const outcome = evaluateMacro(plan, frame);
      return outcome instanceof EvaluationError ? outcome.at(offset) : outcome;
    };
    return { run, type: macro.kind === "list" || macro.kind === "map" ? macro.kind : "bool" };
  }
}

function find(scope: Scope | null, name: string): Scope | null {
  if (scope === null || scope.name === name) return scope;
  return find(scope.outer, name);
}

/** A variable of the environment, which may have no value. */
function variableNode(slot: number, type: TypeName, offset: number): Node {
  const run: Run = (frame) => {
    const value = frame.slots[slot] ?? null;
    return value instanceof EvaluationError ? value.at(offset) : value;
  };
  return { run, type };
}
