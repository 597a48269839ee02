import type { ApiClient, ApiRequest } from "./api-client.ts";

/**
 * Server-side apply: make an object what `body` says, whoever has changed it since. Returns the object as it is
 * then stored. Throws `ApiError`.
 */
export async function apply(
  client: ApiClient,
  request: Omit<ApiRequest, "verb" | "query">,
): Promise<unknown> {
  const query = { fieldManager: "ringfence", force: "true" };
  return client.send({ ...request, verb: "patch", query });
}
