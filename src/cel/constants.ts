import { attempt } from "./attempt.ts";
import { Frame, Halt, type Limits } from "./frame.ts";
import type { Node } from "./node.ts";
import type { Overload } from "./overload.ts";
import { Pattern } from "./pattern.ts";
import { EvaluationError, type Outcome } from "./value.ts";

/** What all calls with constants may take; those that it does not reach for are left as they are. */
const LIMITS: Limits = { maxCost: 100_000, deadline: Infinity, clock: () => 0 };

/** What can be had of an expression before it is evaluated: that it fails is better known before anybody needs it. */
export class Constants {
  /** The regular expressions that stand in the expression. */
  readonly patterns = new Map<string, Pattern>();
  readonly #frame = new Frame({ slots: [], functions: {}, patterns: this.patterns }, LIMITS);

  /** What an expression of nothing but constants comes to; undefined where it takes too much. */
  evaluate({ run }: Node): Outcome | undefined {
    const outcome = attempt(run, this.#frame);
    return outcome instanceof Halt ? undefined : outcome;
  }

  /** What is wrong with a call as far as its arguments are constants; null: nothing. */
  faultOf(
    { patternAt, faultOf }: Overload,
    args: readonly Node[],
    items: readonly (readonly string[] | undefined)[],
  ): string | null {
    const pattern = patternAt === undefined ? undefined : args[patternAt]?.constant;
    if (typeof pattern === "string") return this.#readPattern(pattern);
    return (
      faultOf?.(
        args.map(({ constant }) => constant),
        items,
      ) ?? null
    );
  }

  #readPattern(text: string): string | null {
    const pattern = Pattern.read(text);
    if (pattern instanceof EvaluationError) return pattern.message;
    this.patterns.set(text, pattern);
    return null;
  }
}
