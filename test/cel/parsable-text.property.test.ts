import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Expr, type Parsed, parseExpression } from "../../src/cel/parse-expression.ts";
import { unreachable } from "../../src/errors.ts";

/** An expression in tokens, and what it is to be read as, with a `?` before whatever is optional. */
interface Sample {
  readonly tokens: readonly string[];
  readonly tree: string;
}

const mark = fc.constantFrom("", "?");
const field = fc.constantFrom("c", "`c`", "`c.d/e-f g`");
const signs = (sign: string): readonly string[] => (sign === "" ? [] : [sign]);

const { expression } = fc.letrec<{ expression: Sample }>((tie) => {
  const inner = tie("expression");
  const part = fc.tuple(mark, inner);
  const entry = fc.tuple(mark, inner, inner);
  return {
    expression: fc.oneof(
      { depthSize: "small" },
      fc
        .constantFrom("a", "b", "1", ".5", "'?'", "'[?'")
        .map((word) => ({ tokens: [word], tree: word })),
      fc.tuple(inner, mark, field).map(([{ tokens, tree }, sign, name]) => ({
        tokens: ["(", ...tokens, ")", ".", ...signs(sign), name],
        tree: `${tree}.${sign}${name.replaceAll("`", "")}`,
      })),
      fc.tuple(inner, part).map(([{ tokens, tree }, [sign, index]]) => ({
        tokens: ["(", ...tokens, ")", "[", ...signs(sign), ...index.tokens, "]"],
        tree: `${tree}[${sign}${index.tree}]`,
      })),
      fc.array(part, { maxLength: 3 }).map((items) => ({
        tokens: [
          "[",
          ...items.flatMap(([sign, { tokens }]) => [...signs(sign), ...tokens, ","]),
          "]",
        ],
        tree: `list(${items.map(([sign, { tree }]) => sign + tree).join()})`,
      })),
      fc.array(entry, { maxLength: 3 }).map((entries) => ({
        tokens: [
          "{",
          ...entries.flatMap(([sign, key, value]) => [
            ...signs(sign),
            ...key.tokens,
            ":",
            ...value.tokens,
            ",",
          ]),
          "}",
        ],
        tree: `map(${entries.map(([sign, key, value]) => `${sign}${key.tree}:${value.tree}`).join()})`,
      })),
      fc.tuple(inner, inner, inner).map(([condition, yes, no]) => ({
        tokens: ["(", ...condition.tokens, "?", "(", ...yes.tokens, ")", ":", ...no.tokens, ")"],
        tree: `if(${condition.tree},${yes.tree},${no.tree})`,
      })),
      fc.tuple(inner, inner).map(([one, other]) => ({
        tokens: ["f", "(", ...one.tokens, ",", ...other.tokens, ")"],
        tree: `f(${one.tree},${other.tree})`,
      })),
    ),
  };
});

const gaps = fc.array(fc.constantFrom("", " ", "\n", "// .? [? {?\n", " // a\n// b ? c : d\r\n"), {
  minLength: 1,
  maxLength: 7,
});

it("is read back wherever it stands", () => {
  fc.assert(
    fc.property(expression, gaps, ({ tokens, tree }, between) => {
      const text = tokens.map((token, index) => token + between[index % between.length]).join("");
      const parsed = parseExpression(text);
      fc.pre(parsed.ok || !/more than|nested/.test(parsed.error.message));
      expect({
        text,
        tree: parsed.ok ? treeOf(parsed.value.expr, parsed.value) : parsed.error,
      }).toEqual({
        text,
        tree,
      });
    }),
    { numRuns: 2_000 },
  );
});

function treeOf(expr: Expr | undefined, parsed: Parsed): string {
  if (expr === undefined) return "nothing";
  const { exprKind: kind } = expr;
  const signOf = (index = 0): string => (parsed.isOptional(expr, index) ? "?" : "");
  switch (kind.case) {
    case "constExpr": {
      const { value } = kind.value.constantKind;
      if (typeof value === "string") return `'${value}'`;
      return typeof value === "number" ? ".5" : "1";
    }
    case "identExpr":
      return kind.value.name;
    case "selectExpr":
      return `${treeOf(kind.value.operand, parsed)}.${signOf()}${parsed.fieldOf(expr, kind.value.field)}`;
    case "listExpr":
      return `list(${kind.value.elements.map((item, index) => signOf(index) + treeOf(item, parsed)).join()})`;
    case "structExpr":
      return `map(${kind.value.entries
        .map(({ keyKind, value }, index) => {
          const key = keyKind.case === "mapKey" ? treeOf(keyKind.value, parsed) : "";
          return `${signOf(index)}${key}:${treeOf(value, parsed)}`;
        })
        .join()})`;
    case "callExpr": {
      const [first, second, third] = kind.value.args.map((arg) => treeOf(arg, parsed));
      if (kind.value.function === "_[_]") return `${first}[${signOf()}${second}]`;
      return third === undefined ? `f(${first},${second})` : `if(${first},${second},${third})`;
    }
    case "comprehensionExpr":
    case undefined:
      return "nothing";
    default:
      return unreachable(kind);
  }
}
