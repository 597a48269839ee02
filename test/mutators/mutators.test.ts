import { describe, expect, it } from "vitest";
import { createMutators } from "../../src/mutators/index.ts";
import { applyPatch, type PatchOperation } from "../../src/rules/json-patch.ts";
import { type Mutator, renderPatch } from "../../src/rules/mutator.ts";

const mutators = createMutators(() => "r1");
const STAMP = "/metadata/annotations/ringfence.dev~1baseline-revision";
const optIn = { "ringfence.dev/profile": "baseline" };

interface Row {
  readonly name: string;
  readonly kind: string;
  readonly object: object;
  readonly patch: readonly PatchOperation[];
}

const rows: readonly Row[] = [
  {
    name: "stamps a namespace that opts in, making the annotations it lacks",
    kind: "Namespace",
    object: { metadata: { name: "shop", labels: optIn } },
    patch: [
      { op: "add", path: "/metadata/annotations", value: {} },
      { op: "add", path: STAMP, value: "r1" },
    ],
  },
  {
    name: "takes annotations that are null for missing ones",
    kind: "Namespace",
    object: { metadata: { name: "shop", labels: optIn, annotations: null } },
    patch: [
      { op: "add", path: "/metadata/annotations", value: {} },
      { op: "add", path: STAMP, value: "r1" },
    ],
  },
  {
    name: "keeps the annotations there are",
    kind: "Namespace",
    object: { metadata: { name: "shop", labels: optIn, annotations: { owner: "us" } } },
    patch: [{ op: "add", path: STAMP, value: "r1" }],
  },
  {
    name: "renews an old revision",
    kind: "Namespace",
    object: {
      metadata: { labels: optIn, annotations: { "ringfence.dev/baseline-revision": "r0" } },
    },
    patch: [{ op: "replace", path: STAMP, value: "r1" }],
  },
  {
    name: "leaves a namespace alone that has not opted in",
    kind: "Namespace",
    object: { metadata: { name: "shop", labels: { constructor: "x" } } },
    patch: [],
  },
  {
    name: "writes out Ingress for a policy without egress rules",
    kind: "NetworkPolicy",
    object: { spec: { podSelector: {}, egress: [] } },
    patch: [{ op: "add", path: "/spec/policyTypes", value: ["Ingress"] }],
  },
  {
    name: "writes out both directions for a policy with an egress rule",
    kind: "NetworkPolicy",
    object: { spec: { podSelector: {}, policyTypes: [], egress: [{}] } },
    patch: [{ op: "replace", path: "/spec/policyTypes", value: ["Ingress", "Egress"] }],
  },
  {
    name: "writes out the protocol of each port that has none",
    kind: "NetworkPolicy",
    object: {
      spec: {
        policyTypes: ["Ingress"],
        ingress: [{}, { ports: [{ port: 53, protocol: "UDP" }, { port: 80 }] }],
      },
    },
    patch: [{ op: "add", path: "/spec/ingress/1/ports/1/protocol", value: "TCP" }],
  },
  {
    name: "makes the spec of a policy that has none",
    kind: "NetworkPolicy",
    object: { metadata: { name: "empty" } },
    patch: [
      { op: "add", path: "/spec", value: {} },
      { op: "add", path: "/spec/policyTypes", value: ["Ingress"] },
    ],
  },
  {
    name: "leaves a policy alone that says everything",
    kind: "NetworkPolicy",
    object: {
      spec: { policyTypes: ["Egress"], egress: [{ ports: [{ port: 80, protocol: "TCP" }] }] },
    },
    patch: [],
  },
  {
    name: "leaves other kinds alone",
    kind: "ClusterNetworkPolicy",
    object: { metadata: { labels: optIn }, spec: {} },
    patch: [],
  },
];

describe("mutators", () => {
  it.each(rows)("$name", ({ kind, object, patch }) => {
    expect(renderPatch(mutators, kind, object)).toEqual(patch);
  });

  it.each(rows)("ask for nothing more on their own result: $name", ({ kind, object, patch }) => {
    expect(renderPatch(mutators, kind, applyPatch(object, patch))).toEqual([]);
  });

  it("escape `~` before `/` in a pointer", () => {
    const mutator: Mutator = {
      id: "odd-key",
      title: "",
      why: "",
      kinds: ["Namespace"],
      since: "0.1.0",
      assign: () => [{ path: ["a~1/b"], value: 1 }],
    };
    expect(renderPatch([mutator], "Namespace", {})).toEqual([
      { op: "add", path: "/a~01~1b", value: 1 },
    ]);
  });
});
