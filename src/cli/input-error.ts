import { AppError, type ErrorCode, type Problem, problemText } from "../errors.ts";

/** The question cannot be answered, and it is for the asker to mend that: ends with exit code 2. */
export class InputError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(problemText).join("\n"));
    this.name = "InputError";
    this.problems = problems;
  }
}

/** An error of the command line itself: a flag, or a name that nothing has. */
export function usageError(message: string): InputError {
  return new InputError([{ code: "NP_E_USAGE", path: "", message }]);
}

/** Exit codes, one meaning each; docs/reference/cli.md lists them. */
export const EXIT = { ok: 0, found: 1, input: 2, fault: 3, unknown: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Errors that the asker cannot mend: they lie with the cluster or with the program. */
const FAULTS: ReadonlySet<ErrorCode> = new Set([
  "NP_E_API_SERVER",
  "NP_E_FORBIDDEN",
  "NP_E_CERTIFICATE",
  "NP_E_FAULT",
]);

/** The exit code of anything that was thrown. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof InputError) return EXIT.input;
  return error instanceof AppError && !FAULTS.has(error.code) ? EXIT.input : EXIT.fault;
}
