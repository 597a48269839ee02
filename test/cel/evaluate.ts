import {
  compileExpression,
  type Environment,
  type Input,
} from "../../src/cel/compile-expression.ts";
import type { Limits } from "../../src/cel/frame.ts";
import type { Value } from "../../src/cel/value.ts";
import { unreachable } from "../../src/errors.ts";

/** Plenty, and a clock that stands still. */
export const PLENTY: Limits = { maxCost: 1_000_000, deadline: 1, clock: () => 0 };

/** A policy as the API server sends it, with all that JSON has. */
export const OBJECT: unknown = JSON.parse(`{
  "metadata": {
    "name": "web",
    "labels": { "app": "web", "constructor": "ours", "__proto__": "ours too" },
    "annotations": null
  },
  "spec": {
    "podSelector": {},
    "ingress": [
      {
        "from": [
          { "podSelector": { "matchLabels": { "app": "front" } } },
          { "ipBlock": { "cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"] } }
        ],
        "ports": [{ "protocol": "TCP", "port": 443 }, { "port": "web" }]
      }
    ]
  },
  "big": 9007199254740991,
  "bigger": 1e20,
  "half": 0.5,
  "one": 1.0,
  "truth": true
}`);

const ENVIRONMENT: Environment = { variables: { object: "dyn", oldObject: "dyn" }, functions: [] };
const INPUT: Input = { variables: { object: OBJECT, oldObject: null }, functions: {} };

/** The value of an expression about `object`, or what is wrong with it: `error: …`. */
export function evaluate(expression: string, limits: Limits = PLENTY): Value {
  const program = compileExpression(expression, ENVIRONMENT, "dyn");
  if (!program.ok) return `error: ${program.error.map(({ message }) => message).join("; ")}`;
  const ending = program.value.evaluate(INPUT, limits);
  switch (ending.kind) {
    case "value":
      return ending.value;
    case "error":
      return `error: ${ending.message}`;
    case "cost-exceeded":
    case "past-deadline":
      return ending.kind;
    default:
      return unreachable(ending);
  }
}

/** What is wrong with an expression at compile time; empty where nothing is. */
export function complaints(
  expression: string,
  result: "bool" | "string" | "dyn" = "dyn",
): readonly string[] {
  const program = compileExpression(expression, ENVIRONMENT, result);
  return program.ok ? [] : program.error.map(({ message }) => message);
}
