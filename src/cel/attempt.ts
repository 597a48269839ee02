import type { Run } from "./evaluate-macro.ts";
import { type Frame, Halt } from "./frame.ts";
import type { Outcome } from "./value.ts";

/** Run an expression to its end, or to the limit that it reaches. */
export function attempt(run: Run, frame: Frame): Outcome | Halt {
  try {
    return run(frame);
  } catch (error) {
    if (error instanceof Halt) return error;
    throw error;
  }
}
