import type { RequestFacts } from "./rule.ts";

/** The request behind an object that nobody asks about, since it is stored or in a file. */
export function unasked(object: Pick<RequestFacts, "kind" | "namespace" | "name">): RequestFacts {
  return {
    ...object,
    subResource: "",
    requestedAs: null,
    dryRun: true,
    options: undefined,
    user: { username: "", uid: "", groups: [], extra: {} },
  };
}
