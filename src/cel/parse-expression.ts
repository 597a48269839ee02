import { parse } from "@bufbuild/cel";
import { failure, type Result, success } from "../errors.ts";
import { type Complaint, findSyntaxError } from "./find-syntax-error.ts";
import { parsableText } from "./parsable-text.ts";
import { skipSpace } from "./read-tokens.ts";

/** The library's syntax tree. What it makes of macros is not looked at, but how they were written: see `macroOf`. */
export type Expr = NonNullable<ReturnType<typeof parse>["expr"]>;

type Kind = Expr["exprKind"];

/** What an expression of one kind consists of. */
export type Part<C extends Kind["case"]> = Extract<Kind, { case: C }>["value"];

export interface Parsed {
  readonly expr: Expr;
  /** Where in the text an expression stands. */
  offsetOf(expr: Expr): number;
  /** Report whether a field, an index, or an item or entry of a list or map was marked by a `?`. */
  isOptional(expr: Expr, index?: number): boolean;
  /** The macro that an expression was written as; what it consists of has no kind where it is a macro itself. */
  macroOf(expr: Expr): Part<"callExpr"> | undefined;
  /** The field of an expression: what stands in backquotes, or else `parsed`, what the parser has read. */
  fieldOf(expr: Expr, parsed: string): string;
}

/** As much as Kubernetes takes for a rule. */
const MAX_LENGTH = 10_000;

/** Parse an expression; what is wrong with it comes with its place. */
export function parseExpression(text: string): Result<Parsed, Complaint> {
  if (text.length > MAX_LENGTH) {
    return failure({ offset: MAX_LENGTH, message: `longer than ${MAX_LENGTH} characters` });
  }
  const complaint = findSyntaxError(text);
  if (complaint !== null) return failure(complaint);
  const bare = parsableText(text);
  try {
    const { expr, sourceInfo } = parse(bare.text);
    if (expr === undefined) return failure({ offset: 0, message: "expected an expression" });
    const offsetOf = ({ id }: Pick<Expr, "id">): number =>
      // The parser's place of an operator is where the space before it begins.
      skipSpace(bare.text, sourceInfo?.positions[id.toString()] ?? 0);
    return success({
      expr,
      offsetOf,
      isOptional: (one, index = 0) => bare.isMarked(offsetOf(one), index),
      macroOf({ id }) {
        const written = sourceInfo?.macroCalls[id.toString()]?.exprKind;
        return written?.case === "callExpr" ? written.value : undefined;
      },
      fieldOf: (one, parsed) => bare.quotedAt(offsetOf(one)) ?? parsed,
    });
  } catch (error) {
    // The parser throws, at what it cannot read and where it runs out of stack.
    return failure(complaintOf(error));
  }
}

/** What the form of an expression does not show: hardly anything. */
function complaintOf(error: unknown): Complaint {
  if (!(error instanceof Error)) throw error;
  const message = error instanceof RangeError ? "it is nested too deeply" : error.message;
  return { offset: 0, message: `cannot be parsed: ${message}` };
}
