import type { Frame } from "../frame.ts";
import { func, method, type Overload } from "../overload.ts";
import { Pattern } from "../pattern.ts";
import { EvaluationError, List, type Outcome } from "../value.ts";

/** Regular expressions: the language's `matches`, and Kubernetes' `find` and `findAll`. */
export const PATTERNS: readonly Overload[] = [
  ...[func, method].map((define) =>
    define("matches", ["string", "string"], "bool", ([text, pattern], frame) =>
      withPattern(pattern, frame, (read) => read.test(text, frame)),
    ),
  ),
  method("find", ["string", "string"], "string", ([text, pattern], frame) =>
    withPattern(pattern, frame, (read) => read.findAll(text, 1, frame)[0] ?? ""),
  ),
  method("findAll", ["string", "string"], "list(string)", ([text, pattern], frame) =>
    withPattern(pattern, frame, (read) => new List(read.findAll(text, -1, frame))),
  ),
  method("findAll", ["string", "string", "int"], "list(string)", ([text, pattern, limit], frame) =>
    withPattern(pattern, frame, (read) => new List(read.findAll(text, Number(limit), frame))),
  ),
].map((overload) => ({ ...overload, patternAt: 1 }));

/** Patterns that stand in the expression were read with it; another is read, and paid for, each time. */
function withPattern(text: string, frame: Frame, use: (pattern: Pattern) => Outcome): Outcome {
  const pattern = frame.patterns.get(text) ?? readPattern(text, frame);
  return pattern instanceof EvaluationError ? pattern : use(pattern);
}

function readPattern(text: string, frame: Frame): Pattern | EvaluationError {
  frame.charge(Pattern.readingCost(text));
  return Pattern.read(text);
}
