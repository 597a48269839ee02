/** A computation that may fail for a reason its caller must handle. */
export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

/** Wrap a success. */
export function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** Wrap a failure. */
export function failure<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}

/** The compiler's proof that a switch has every case. */
export function unreachable(value: never): never {
  throw new TypeError(`not a case: ${String(value)}`);
}

/**
 * Everything that can be wrong with an input or with the world around the process. Stable: the code
 * is what a runbook or a script looks for. `docs/reference/errors.md` is printed from this list.
 */
export const ERROR_CODES = {
  NP_E_USAGE: "a command line cannot be carried out as it stands",
  NP_E_SYNTAX: "a document is not JSON or YAML",
  NP_E_SCHEMA: "an object does not have the shape its kind asks for",
  NP_E_VALUE: "a field has the right type but not a legal value",
  NP_E_CONFIG: "the configuration cannot be used; the process does not start",
  NP_E_RESOURCE:
    "a resource of Ringfence's own kinds cannot be used; the last good one stays in force",
  NP_E_EXPRESSION:
    "a CEL expression cannot be used; the message says where in it and what was expected",
  NP_E_CERTIFICATE: "the certificate or key cannot be read, or they do not belong together",
  NP_E_API_SERVER: "the API server cannot be reached or answered with an error",
  NP_E_FORBIDDEN: "the API server refused a request for want of a right",
  NP_E_FAULT: "a defect in Ringfence; the request is answered as the rule's onFault says",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One thing wrong with an input: travels by value, all of them are collected. */
export interface Problem {
  readonly code: ErrorCode;
  /** JSON path of the field, empty for the whole document. */
  readonly path: string;
  /** Lower-case start, no final period, user input in backticks. */
  readonly message: string;
}

/** `spec.ports[0]: is not a port`; of the whole document the message alone. */
export function problemText({ path, message }: Pick<Problem, "path" | "message">): string {
  return path === "" ? message : `${path}: ${message}`;
}

/** What to say of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An outage or a defect: travels as an exception, caught only at the edges. */
export class AppError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AppError";
    this.code = code;
  }
}
