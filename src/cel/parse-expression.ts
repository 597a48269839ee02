import { parse } from "@bufbuild/cel";
import { failure, type Result, success } from "../errors.ts";
import { type Complaint, findSyntaxError } from "./find-syntax-error.ts";
import { readTokens, skipSpace } from "./read-tokens.ts";

/** The library's syntax tree, with the macros of one variable written out. */
export type Expr = NonNullable<ReturnType<typeof parse>["expr"]>;

type Kind = Expr["exprKind"];

/** What an expression of one kind consists of. */
export type Part<C extends Kind["case"]> = Extract<Kind, { case: C }>["value"];

interface Parsed {
  readonly expr: Expr;
  /** Where in the text an expression stands. */
  readonly offsetOf: (expr: Expr) => number;
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
  const bare = withoutComments(text);
  try {
    const { expr, sourceInfo } = parse(bare);
    if (expr === undefined) return failure({ offset: 0, message: "expected an expression" });
    return success({
      expr,
      offsetOf: ({ id }) =>
        // The parser's place of an operator is where the space before it begins.
        skipSpace(bare, sourceInfo?.positions[id.toString()] ?? 0),
    });
  } catch (error) {
    // The parser throws, at what it cannot read and where it runs out of stack.
    return failure(complaintOf(error));
  }
}

/** The same with spaces in place of comments: the parser reads one in a row, and only where its line ends. */
function withoutComments(text: string): string {
  let bare = "";
  for (const token of readTokens(text)) bare = bare.padEnd(token.offset) + token.text;
  return bare;
}

/** What the form of an expression does not show: hardly anything. */
function complaintOf(error: unknown): Complaint {
  if (!(error instanceof Error)) throw error;
  const message = error instanceof RangeError ? "it is nested too deeply" : error.message;
  return { offset: 0, message: `cannot be parsed: ${message}` };
}
