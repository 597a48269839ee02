import { AppError, type ErrorCode } from "../errors.ts";

/** What to say of anything that was thrown. */
export function faultOf(error: unknown): { readonly code: ErrorCode; readonly message: string } {
  return {
    code: error instanceof AppError ? error.code : "NP_E_FAULT",
    message: error instanceof Error ? error.message : String(error),
  };
}
