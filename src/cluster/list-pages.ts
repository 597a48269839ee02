import { field } from "../wire/shape.ts";
import type { ApiClient } from "./api-client.ts";
import type { ResourceType } from "./resource-type.ts";

const pageSize = 200;

/** All objects of a kind as the API server has them, a page at a time. Throws `ApiError`. */
export async function* listPages(
  client: ApiClient,
  type: ResourceType,
  signal: AbortSignal,
): AsyncGenerator<readonly unknown[], void> {
  let from = "";
  do {
    // oxlint-disable-next-line no-await-in-loop -- each page says where the next begins
    const answer = await client.send({
      verb: "list",
      type,
      query: { limit: String(pageSize), ...(from === "" ? {} : { continue: from }) },
      signal,
    });
    const items = field(answer, "items");
    yield Array.isArray(items) ? items : [];
    const next = field(answer, "metadata", "continue");
    from = typeof next === "string" ? next : "";
  } while (from !== "");
}
