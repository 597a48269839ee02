import type { ExitCode } from "./input-error.ts";

/** The answer of a verb: what goes to standard output, and the exit code. */
export interface Outcome {
  readonly text: string;
  readonly exitCode: ExitCode;
}
