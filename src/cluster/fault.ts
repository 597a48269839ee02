import { AppError, type ErrorCode, messageOf } from "../errors.ts";

/** The code and message of anything that was thrown. */
export function faultOf(error: unknown): { readonly code: ErrorCode; readonly message: string } {
  return {
    code: error instanceof AppError ? error.code : "NP_E_FAULT",
    message: messageOf(error),
  };
}
