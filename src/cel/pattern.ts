import { RE2JS } from "re2js";
import type { Frame } from "./frame.ts";
import { patternSize } from "./pattern-size.ts";
import { EvaluationError, quoted } from "./value.ts";

/** Instructions, and characters: a pattern for DNS names of any length takes some hundreds. */
const MAX_SIZE = 2_000;

/** What reading a pattern takes by instruction, some microseconds. */
const READ_COST = 100;

/** A regular expression of RE2: matching takes time in proportion to the text, whatever it is. */
export class Pattern {
  readonly #regex: RE2JS;

  private constructor(regex: RE2JS) {
    this.#regex = regex;
  }

  /** Read a pattern. One that would become a large program is refused before it is one. */
  static read(text: string): Pattern | EvaluationError {
    if (sizeOf(text) > MAX_SIZE) {
      return new EvaluationError(`the pattern ${quoted(text)} is too large`);
    }
    try {
      return new Pattern(RE2JS.compile(text));
    } catch (error) {
      // A pattern with a fault is an exception of the library.
      if (!(error instanceof Error)) throw error;
      return new EvaluationError(`${quoted(text)} is no regular expression: ${error.message}`);
    }
  }

  /** What it takes to read a pattern, in steps. */
  static readingCost(text: string): number {
    return Math.min(sizeOf(text), MAX_SIZE) * READ_COST;
  }

  test(text: string, frame: Frame): boolean {
    this.#charge(text.length, frame);
    return this.#regex.test(text);
  }

  /**
   * What matches, from left to right, at most `limit` times unless it is negative. As in Go, nothing
   * matches directly behind a match.
   */
  findAll(text: string, limit: number, frame: Frame): readonly string[] {
    const found: string[] = [];
    const matcher = this.#regex.matcher(text);
    let end = -1;
    while (found.length !== limit) {
      this.#charge(text.length - Math.max(end, 0), frame);
      if (!matcher.find()) break;
      const isBehindMatch = matcher.start() === end && matcher.end() === end;
      end = matcher.end();
      if (!isBehindMatch) found.push(text.slice(matcher.start(), end));
    }
    return found;
  }

  /** At worst, every instruction is tried at every character. */
  #charge(length: number, frame: Frame): void {
    frame.charge((length + 1) * this.#regex.programSize());
  }
}

/** Text that is too long is too large, whatever it is. */
function sizeOf(text: string): number {
  return text.length > MAX_SIZE ? text.length : patternSize(text);
}
