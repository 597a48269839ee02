import { describe, expect, it } from "vitest";
import type { Labels, Pod } from "../../src/engine/model.ts";
import { ofDeployment } from "../../src/wire/workload.ts";

const pod: Pod = {
  namespace: "shop",
  name: "web-6d9f-x",
  labels: labels({ app: "web", "pod-template-hash": "6d9f" }),
  addresses: [],
  ports: [],
  hostNetwork: false,
  node: null,
  ended: false,
  workload: { kind: "ReplicaSet", name: "web-6d9f" },
};

describe("a pod's workload", () => {
  it.each([
    {
      name: "its Deployment, by the hash",
      given: pod,
      expected: { kind: "Deployment", name: "web" },
    },
    {
      name: "its ReplicaSet, where no Deployment made it",
      given: { ...pod, labels: labels({ app: "web" }) },
      expected: pod.workload,
    },
    {
      name: "its ReplicaSet, where the hash is another's",
      given: { ...pod, labels: labels({ "pod-template-hash": "abcd" }) },
      expected: pod.workload,
    },
    {
      name: "its ReplicaSet, where the hash is empty",
      given: {
        ...pod,
        labels: labels({ "pod-template-hash": "" }),
        workload: { kind: "ReplicaSet", name: "web-" },
      },
      expected: { kind: "ReplicaSet", name: "web-" },
    },
    {
      name: "whatever else owns it",
      given: { ...pod, workload: { kind: "Job", name: "web-6d9f" } },
      expected: { kind: "Job", name: "web-6d9f" },
    },
  ])("is $name", ({ given, expected }) => {
    expect(ofDeployment(given).workload).toEqual(expected);
  });
});

function labels(entries: Readonly<Record<string, string>>): Labels {
  return new Map(Object.entries(entries));
}
