import { unreachable } from "../errors.ts";
import { calleeOf, type Names, pathOf } from "./callee.ts";
import { Constants } from "./constants.ts";
import { noRange } from "./evaluate-macro.ts";
import { Faults } from "./faults.ts";
import type { FunctionTable } from "./function-table.ts";
import { literalOf } from "./literal.ts";
import {
  type Macro,
  type OptionalMacro,
  readMacro,
  readMacroCall,
  readOptionalMacro,
} from "./macro.ts";
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
import {
  optionalElementNode,
  optionalFieldNode,
  optionalListNode,
  optionalMacroNode,
  standInNode,
} from "./optional-node.ts";
import type { Overload } from "./overload.ts";
import type { Expr, Parsed, Part } from "./parse-expression.ts";
import { type Callee, mayBe, misuse, resolveCall } from "./resolve-call.ts";
import { find, type Scope } from "./scope.ts";
import { ANY, fieldShape, lacksField, type Shape } from "./shape.ts";
import {
  EvaluationError,
  isWritableType,
  type Outcome,
  type TypeName,
  TypeValue,
} from "./value.ts";

/** What an expression may refer to. */
export interface Vocabulary {
  readonly variables: ReadonlyMap<string, TypeName>;
  readonly functions: FunctionTable;
  /** What is known of variables; a variable that is not among them may have any fields. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** As deep as cel-go goes, with brackets or without: `a.b.c` is three deep. */
const MAX_DEPTH = 250;

/** What may be asked for fields. */
const WITH_FIELDS: ReadonlySet<TypeName> = new Set(["map", "optional_type", "dyn"]);

/** Methods whose argument is not evaluated where it is not needed. */
const STAND_INS: ReadonlySet<string> = new Set(["or", "orValue"]);

/** What gives an item of a list, or what is in an optional value or a list again. */
const GIVING_ITEM: ReadonlySet<string> = new Set(["_[_]", "first", "last"]);
const GIVING_SAME: ReadonlySet<string> = new Set(["value", "distinct", "reverse", "slice"]);

/** Turns a syntax tree into functions that evaluate it, and notes everything that is wrong with it. */
export class Compiler {
  readonly faults = new Faults();
  readonly constants = new Constants();
  /** The variables that the expression uses, with their slots. */
  readonly variables = new Map<string, number>();
  readonly #vocabulary: Vocabulary;
  readonly #parsed: Parsed;
  #slots = 0;
  #depth = 0;

  constructor(vocabulary: Vocabulary, parsed: Parsed) {
    this.#vocabulary = vocabulary;
    this.#parsed = parsed;
  }

  get slotCount(): number {
    return this.#slots;
  }

  /** The whole expression. */
  compile(): Node {
    return this.#node(this.#parsed.expr, null);
  }

  #node(expr: Expr | undefined, scope: Scope | null): Node {
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
        // The API server knows `existsOne` with two names alone.
        return this.#parsed.isMacro(expr, "existsOne")
          ? this.#complain(expr, misuse("existsOne", "list.existsOne(i, x, condition)"))
          : this.#macro(expr, readMacro(kind.value), scope);
      case undefined:
        return this.#complain(expr, "not an expression");
      default:
        return unreachable(kind);
    }
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
    if (given !== null) return slotNode(given.slot, given.shape);
    const type = this.#vocabulary.variables.get(name);
    if (type !== undefined) {
      const shape = this.#vocabulary.shapes.get(name) ?? ANY;
      return { ...variableNode(this.#slotOf(name), type, this.#parsed.offsetOf(expr)), shape };
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
    return WITH_FIELDS.has(object.type)
      ? this.#field(expr, object, { ...part, field })
      : this.#complain(expr, `a ${object.type} has no field \`${field}\``);
  }

  #field(expr: Expr, object: Node, { field, testOnly }: Part<"selectExpr">): Node {
    const offset = this.#parsed.offsetOf(expr);
    const isOptional = this.#parsed.isOptional(expr);
    if (testOnly && isOptional) return this.#complain(expr, misuse("has", "has(a.b)"));
    const { shape = ANY } = object;
    const fault = lacksField(shape, field);
    if (testOnly || isOptional) this.faults.asksFor(field);
    else if (fault !== null && object.type !== "optional_type") {
      this.faults.lacks(field, { offset, message: fault });
    }
    if (testOnly) return hasNode(object, field, offset);
    const node = (isOptional ? optionalFieldNode : fieldNode)(object, field, offset);
    return { ...node, shape: fieldShape(shape, field) };
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
    const macro = readMacroCall(call);
    if (macro !== null) return this.#macro(expr, macro, scope);
    const optionalMacro = readOptionalMacro(call);
    if (optionalMacro !== null) return this.#optionalMacro(expr, optionalMacro, scope);
    const { callee, args } = calleeOf(call, this.#namesIn(scope));
    const nodes = args.map((arg) => this.#node(arg, scope));
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

  #function(expr: Expr, callee: Callee, args: readonly Node[]): Node {
    const types = args.map(({ type }) => type);
    const overloads = resolveCall(callee, types, this.#vocabulary.functions);
    if (typeof overloads === "string") return this.#complain(expr, overloads);
    const fault = this.constants.faultOf(overloads[0], args);
    if (fault !== null) return this.#complain(expr, fault);
    const call = this.#callNode(expr, overloads, args);
    const node = { ...call, shape: shapeOfResult(callee, args[0]?.shape) };
    const isPure = overloads.every((overload) => overload.isPure);
    return isPure ? this.#folded(expr, node, args) : node;
  }

  #callNode(expr: Expr, overloads: readonly Overload[], args: readonly Node[]): Node {
    const offset = this.#parsed.offsetOf(expr);
    const [first = NOTHING, second = NOTHING] = args;
    const [overload] = overloads;
    if (overload?.name === "_[_]" && this.#parsed.isOptional(expr)) {
      return optionalElementNode(first, second, offset);
    }
    return overload !== undefined && STAND_INS.has(overload.name)
      ? standInNode(overload, [first, second], offset)
      : callNode(overloads, args, offset);
  }

  /** What consists of constants is evaluated now. */
  #folded(expr: Expr, node: Node, parts: readonly Node[]): Node {
    const outcome = areConstant(parts) ? this.constants.evaluate(node) : undefined;
    return outcome === undefined ? node : this.#literal(expr, outcome);
  }

  #expectBool(expr: Expr, { type }: Node): void {
    if (type !== "bool" && type !== "dyn") this.#complain(expr, `expected a bool, got ${type}`);
  }

  /** The first that is not optional is complained of; null where all may be. */
  #notOptional(expr: Expr, nodes: readonly Node[]): Node | null {
    const odd = nodes.find(({ type }) => !mayBe(type, "optional_type"));
    return odd === undefined
      ? null
      : this.#complain(expr, `expected an optional_type, got ${odd.type}`);
  }

  #list(expr: Expr, { elements }: Part<"listExpr">, scope: Scope | null): Node {
    const nodes = elements.map((element) => this.#node(element, scope));
    const isOptional = nodes.map((_, index) => this.#parsed.isOptional(expr, index));
    const optional = nodes.filter((_, index) => isOptional[index] === true);
    const node =
      optional.length === 0
        ? listNode(nodes)
        : optionalListNode({ nodes, isOptional }, this.#parsed.offsetOf(expr));
    return this.#notOptional(expr, optional) ?? this.#folded(expr, node, nodes);
  }

  #map(expr: Expr, { messageName, entries }: Part<"structExpr">, scope: Scope | null): Node {
    if (messageName !== "") {
      return this.#complain(expr, `there are no objects of type \`${messageName}\``);
    }
    const pairs = entries.map(({ keyKind, value }, index) => ({
      key: this.#node(keyKind.case === "mapKey" ? keyKind.value : undefined, scope),
      value: this.#node(value, scope),
      isOptional: this.#parsed.isOptional(expr, index),
    }));
    const optional = pairs.flatMap(({ value, isOptional }) => (isOptional ? [value] : []));
    const node = mapNode(pairs, this.#parsed.offsetOf(expr));
    const nodes = pairs.flatMap(({ key, value }) => [key, value]);
    return this.#notOptional(expr, optional) ?? this.#folded(expr, node, nodes);
  }

  #optionalMacro(expr: Expr, macro: OptionalMacro, outer: Scope | null): Node {
    const optional = this.#node(macro.optional, outer);
    const slot = this.#slots++;
    const scope = { name: macro.name, slot, shape: optional.shape ?? ANY, outer };
    const value = this.#node(macro.yield, scope);
    const isFlat = macro.kind === "optFlatMap";
    const plan = { optional: optional.run, slot, yield: value.run, isFlat };
    return (
      this.#notOptional(expr, isFlat ? [optional, value] : [optional]) ??
      optionalMacroNode(plan, this.#parsed.offsetOf(expr))
    );
  }

  #macro(expr: Expr, macro: Macro, outer: Scope | null): Node {
    const range = this.#node(macro.range, outer);
    if (!["list", "map", "dyn"].includes(range.type)) {
      return this.#complain(expr, noRange(range.type));
    }
    const [first, second] = macro.names;
    if (first === second) return this.#complain(expr, `\`${first}\` stands for two things`);
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
      macro.condition === undefined ? constantNode(true) : this.#node(macro.condition, scope);
    this.#expectBool(expr, condition);
    return macroNode(
      {
        kind: macro.kind,
        range: range.run,
        slots,
        condition: condition.run,
        yield: this.#node(macro.yield, scope).run,
      },
      this.#parsed.offsetOf(expr),
    );
  }
}

/** What is known of what a call gives by what is known of its first argument. */
function shapeOfResult({ name }: Callee, shape: Shape = ANY): Shape {
  if (GIVING_ITEM.has(name)) return shape.items ?? ANY;
  return GIVING_SAME.has(name) ? shape : ANY;
}
