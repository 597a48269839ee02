import { describe, expect, it } from "vitest";
import { itemsOf, objectKey, parseObject } from "../../src/wire/document.ts";
import { POLICY_READERS } from "../../src/wire/policy-readers.ts";
import { complaints, succeed } from "./describe-policy.ts";

const object = (apiVersion: string, kind: string, spec?: object) => ({
  apiVersion,
  kind,
  metadata: { name: "default" },
  spec,
});
const tiered = { tier: "Admin", priority: 1, subject: { namespaces: {} } };

describe("objects by apiVersion and kind", () => {
  it.each<[object, string, string | null]>([
    [object("v1", "Namespace"), "namespace", "Namespace//default"],
    [object("v1", "Node"), "node", "Node//default"],
    [object("v1", "Pod", {}), "pod", "Pod/shop/default"],
    [
      object("apps/v1", "Deployment", { template: { spec: {} } }),
      "workload",
      "Deployment/shop/default",
    ],
    [object("networking.k8s.io/v1", "NetworkPolicy"), "policy", "NetworkPolicy/shop/default"],
    [
      object("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", tiered),
      "policy",
      "ClusterNetworkPolicy//default",
    ],
    [
      object("apps.openshift.io/v1", "DeploymentConfig", {
        template: { spec: { containers: [] } },
      }),
      "workload",
      "DeploymentConfig/shop/default",
    ],
    [
      object("policy.networking.k8s.io/v1beta1", "ClusterNetworkPolicy", tiered),
      "policy",
      "ClusterNetworkPolicy//default",
    ],
    [object("v1", "Service"), "other", null],
    [object("example.com/v1", "Deployment", { template: { spec: {} } }), "other", null],
    [object("example.com/v1", "Pod"), "other", null],
    [object("projectcalico.org/v3", "NetworkPolicy"), "other", null],
    [object("v1", "constructor"), "other", null],
    [object("networking.k8s.io/v1", "Ingress"), "other", null],
  ])("%o", (raw, kind, key) => {
    const read = succeed(parseObject(raw, "shop"));
    expect(read.kind).toBe(kind);
    expect(objectKey(read)).toBe(key);
  });

  it.each<[string, unknown, string]>([
    ["no object", 7, ": is not a Kubernetes object: it needs `apiVersion` and `kind`"],
    [
      "no kind",
      { apiVersion: "v1" },
      ": is not a Kubernetes object: it needs `apiVersion` and `kind`",
    ],
    [
      "a version of a policy that nobody serves any more",
      object("extensions/v1beta1", "NetworkPolicy"),
      "apiVersion: `extensions/v1beta1` is not read for this kind; write `networking.k8s.io/v1`",
    ],
    [
      "a kind in other letters, which would be passed over",
      object("networking.k8s.io/v1", "Networkpolicy"),
      "kind: `Networkpolicy` is no kind of networking.k8s.io/v1; did you mean `NetworkPolicy`?",
    ],
    [
      "the plural of a kind, in the group that it has left",
      object("extensions/v1beta1", "networkpolicies"),
      "kind: `networkpolicies` is no kind of extensions/v1beta1; did you mean `NetworkPolicy`?",
    ],
    ["an object with a problem", object("v1", "Pod"), "spec: is missing; expected an object"],
    [
      "a list whose items are none, which would be passed over with them",
      { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicyList", items: { metadata: {} } },
      "items: is not a list",
    ],
  ])("refuses %s", (_name, raw, expected) => {
    expect(complaints(parseObject(raw))).toEqual([expected]);
  });
});

describe("lists", () => {
  it("are flattened, each item with its path", () => {
    const pod = { metadata: { name: "a" } };
    const list = {
      apiVersion: "v1",
      kind: "List",
      items: [object("v1", "Service"), { apiVersion: "v1", kind: "PodList", items: [pod] }, 7],
    };
    expect(itemsOf(list)).toEqual([
      { raw: object("v1", "Service"), path: "items[0]" },
      { raw: { apiVersion: "v1", kind: "Pod", ...pod }, path: "items[1].items[0]" },
      { raw: 7, path: "items[2]" },
    ]);
  });

  it("are not what only is called so", () => {
    const allowList = { apiVersion: "example.com/v1", kind: "AllowList", spec: {} };
    expect(itemsOf(allowList)).toEqual([{ raw: allowList, path: "" }]);
    expect(itemsOf(null)).toEqual([{ raw: null, path: "" }]);
  });
});

it.each(Object.entries(POLICY_READERS))("%s is read as it is served", (kind, reader) => {
  const { group, version, namespaced, resource } = reader;
  const apiVersion = `${group}/${version}`;
  const unreadablePolicy = reader.unreadable(object(apiVersion, kind, { spec: 1 }), "shop");
  expect(unreadablePolicy).toMatchObject({
    kind,
    readable: false,
    namespace: namespaced ? "shop" : "",
  });
  expect(reader.parse(object(apiVersion, "Other"), "shop").ok).toBe(false);
  expect(resource).toBe(kind.toLowerCase().replace(/y$/, "ies"));
});
