import { listAt, textAt } from "../wire/shape.ts";
import { type ApiClient, ApiError, SlowError, TooLargeError } from "./api-client.ts";
import type { ResourceType } from "./resource-type.ts";

const PAGE_SIZE = 200;

/**
 * All objects of a kind as the API server has them, a page at a time. If their version is gone before the last
 * page, the rest is as it is by then. Throws `ApiError`.
 */
export async function* listPages(
  client: ApiClient,
  type: ResourceType,
  signal: AbortSignal,
): AsyncGenerator<readonly unknown[], void> {
  let limit = PAGE_SIZE;
  let from: string | null = "";
  let hasExpired = false;
  while (from !== null) {
    const query: Readonly<Record<string, string>> = {
      limit: String(limit),
      ...(from === "" ? {} : { continue: from }),
    };
    // oxlint-disable-next-line no-await-in-loop -- each page says where the next begins
    const answer: unknown = await client
      .send({ verb: "list", type, query, signal })
      .catch((error: unknown) => {
        if (error instanceof ApiError) return error;
        throw error;
      });
    const isTooMuch = answer instanceof TooLargeError || answer instanceof SlowError;
    if (isTooMuch && limit > 1) {
      // A page of many large objects: fewer of them fit, or come in time.
      limit = Math.ceil(limit / 4);
    } else if (answer instanceof ApiError) {
      // Never twice without a page in between, or we would spin.
      if (answer.continueFrom === null || hasExpired) throw answer;
      from = answer.continueFrom;
      hasExpired = true;
    } else {
      yield listAt(answer, "items");
      from = textAt(answer, "metadata", "continue") || null;
      hasExpired = false;
    }
  }
}
