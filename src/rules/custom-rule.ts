import { z } from "zod";
import {
  compileExpression,
  type Ending,
  type Environment,
  type Program,
} from "../cel/compile-expression.ts";
import { AppError, failure, type Problem, type Result, success, unreachable } from "../errors.ts";
import type { CustomRule } from "../resources/profile.ts";
import { printable } from "../wire/printable.ts";
import type { CustomRuleCompiler } from "./compile-profile.ts";
import { customRuleInput, faultOfReaches } from "./custom-rule-input.ts";
import { customRuleTypes } from "./custom-rule-types.ts";
import type { Finding, Validator } from "./rule.ts";

/** What Kubernetes allows an expression: some 150 ms at most (`bench -- cel`). */
const MAX_COST = 1_000_000;
/** Of what an expression says when it fails: for a line of a denial, of a warning and of the log. */
const MAX_ERROR_RUNES = 300;

const FUNCTIONS: Environment["functions"] = (["int", "string"] as const).map((port) => ({
  name: "reaches",
  parameters: ["string", "string", port],
  result: "bool",
  cost: 1_000,
  faultOf: faultOfReaches,
}));

/** Turns rules in CEL into rules like any other; the same rule always into the same. */
export function createCustomRuleCompiler(): CustomRuleCompiler {
  const known = new WeakMap<CustomRule, ReturnType<CustomRuleCompiler>>();
  return (rule) => {
    const compiled = known.get(rule) ?? compileCustomRule(rule);
    known.set(rule, compiled);
    return compiled;
  };
}

/** The problems carry the field of the rule that they are of. */
function compileCustomRule(rule: CustomRule): Result<Validator, readonly Problem[]> {
  const environment = { variables: customRuleTypes(rule.params), functions: FUNCTIONS };
  const condition = compileExpression(rule.expression, environment, "bool");
  const message =
    rule.messageExpression === ""
      ? null
      : compileExpression(rule.messageExpression, environment, "string");
  const problems = [
    ...(condition.ok ? [] : condition.error.map((one) => ({ ...one, path: "expression" }))),
    ...(message === null || message.ok
      ? []
      : message.error.map((one) => ({ ...one, path: "messageExpression" }))),
  ];
  if (!condition.ok || message?.ok === false) return failure(problems);
  return success(createValidator(rule, condition.value, message?.value ?? null));
}

function createValidator(
  rule: CustomRule,
  condition: Program<boolean>,
  message: Program<string> | null,
): Validator {
  const { id, description, kinds, operations } = rule;
  return {
    id,
    title: description === "" ? id : description,
    why: description,
    fix: rule.help,
    kinds,
    operations,
    shipped: { baseline: null, restricted: null },
    onFault: rule.onFault === "Deny" ? "deny" : "warn",
    since: "0.1.0",
    parameters: z.unknown(),
    check(context): readonly Finding[] {
      const input = customRuleInput(context, rule.params);
      const { clock, deadline } = context;
      // A share of the time for each expression would fail it where the process has to wait for a processor.
      const limits = { maxCost: MAX_COST, deadline, clock };
      if (valueOf(condition.evaluate(input, limits))) return [];
      const said = message?.evaluate(input, limits);
      return [
        {
          path: rule.path,
          message: said?.kind === "value" ? said.value : plainMessage(rule),
          ...(description === "" ? {} : { why: description }),
          help: rule.help,
        },
      ];
    },
  };
}

function plainMessage({ message, expression }: CustomRule): string {
  return message === "" ? `\`${expression}\` is not true` : message;
}

/** Throws an AppError for everything but a value: the rule's `onFault` decides then. */
function valueOf(ending: Ending<boolean>): boolean {
  switch (ending.kind) {
    case "value":
      return ending.value;
    case "error":
      // SECURITY: it may repeat what somebody has put into the object, of any length and on many lines.
      throw new AppError("NP_E_EXPRESSION", printable(ending.message, MAX_ERROR_RUNES));
    case "cost-exceeded":
      throw new AppError("NP_E_EXPRESSION", "the expression costs too much");
    case "past-deadline":
      throw new AppError("NP_E_EXPRESSION", "the expression takes too long");
    default:
      return unreachable(ending);
  }
}
