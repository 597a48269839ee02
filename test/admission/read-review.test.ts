import { expect, it } from "vitest";
import { readReview } from "../../src/admission/review.ts";
import { review } from "./review.ts";
import { type Json, policy } from "./world.ts";

const gvk = { group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy" };
const resource = { group: "networking.k8s.io", version: "v1", resource: "networkpolicies" };

// AdmissionRequest API: `requestKind` and its like say what was asked for where that "differs".
it.each<[string, Json, object]>([
  [
    "of another version, as it came",
    {
      requestKind: { ...gvk, version: "v0" },
      requestResource: { ...resource, version: "v0" },
      requestSubResource: "status",
    },
    {
      kind: { ...gvk, version: "v0" },
      resource: { ...resource, version: "v0" },
      subResource: "status",
    },
  ],
  ["the same where nothing else is said", {}, { kind: gvk, resource, subResource: "" }],
])("what was asked for is %s", (_, asked, requestedAs) => {
  const object = policy("shop/x", {});
  const read = readReview(review({ object, request: { kind: gvk, resource, ...asked } }));
  expect(read).toMatchObject({ kind: "request", request: { requestedAs } });
});
