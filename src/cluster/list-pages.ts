import { field } from "../wire/shape.ts";
import { type ApiClient, TooLargeError } from "./api-client.ts";
import type { ResourceType } from "./resource-type.ts";

const PAGE_SIZE = 200;

/** All objects of a kind as the API server has them, a page at a time. Throws `ApiError`. */
export async function* listPages(
  client: ApiClient,
  type: ResourceType,
  signal: AbortSignal,
): AsyncGenerator<readonly unknown[], void> {
  let limit = PAGE_SIZE;
  let from: string | null = "";
  while (from !== null) {
    const query = { limit: String(limit), ...(from === "" ? {} : { continue: from }) };
    // oxlint-disable-next-line no-await-in-loop -- each page says where the next begins
    const answer = await client
      .send({ verb: "list", type, query, signal })
      .catch((error: unknown) => {
        // A page of many large objects: fewer of them fit.
        if (!(error instanceof TooLargeError) || limit === 1) throw error;
        return null;
      });
    if (answer === null) {
      limit = Math.ceil(limit / 4);
      continue;
    }
    const items = field(answer, "items");
    yield Array.isArray(items) ? items : [];
    const next = field(answer, "metadata", "continue");
    from = typeof next === "string" && next !== "" ? next : null;
  }
}
