import { RE2JS } from "re2js";
import { z } from "zod";

/** No label and no name is longer; annotations may be, and are then no owner and no ticket. */
const MAX_LENGTH = 1024;

// SECURITY: users choose the text. RE2 matches in linear time; JavaScript's own patterns could be made to take
// for ever.
const compiled = new Map<string, RE2JS | null>();

/** A regular expression in the syntax of RE2, for the whole of a text. */
export const patternSchema = z.string().refine((pattern) => compile(pattern) !== null, {
  error: (issue) => `\`${String(issue.input)}\` is not a regular expression of RE2`,
});

/** Report whether `pattern` matches all of `text`. */
export function matchesPattern(pattern: string, text: string): boolean {
  return text.length <= MAX_LENGTH && compile(pattern)?.matches(text) === true;
}

/** PERF: compiling takes a hundred times as long as matching, and the patterns are those of the profiles. */
function compile(pattern: string): RE2JS | null {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const fresh = compileNow(pattern);
  compiled.set(pattern, fresh);
  return fresh;
}

function compileNow(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern);
  } catch {
    // The pattern is wrong, which the schema reports.
    return null;
  }
}
