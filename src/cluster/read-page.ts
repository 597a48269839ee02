import { field } from "../wire/shape.ts";
import { ApiError } from "./api-client.ts";

/** One page of a list. */
export interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** Where the next one begins; empty after the last. */
  readonly continue: string;
}

/** Read the answer to a list of `resource`. Throws `ApiError` where it is none. */
export function readPage(answer: unknown, resource: string): Page {
  const items = field(answer, "items") ?? [];
  const resourceVersion = field(answer, "metadata", "resourceVersion");
  const next = field(answer, "metadata", "continue") ?? "";
  if (!Array.isArray(items) || typeof resourceVersion !== "string" || typeof next !== "string") {
    throw new ApiError(null, `cannot list ${resource}: the answer is not a list`);
  }
  return { items, resourceVersion, continue: next };
}
