import { describe, expect, it } from "vitest";
import { ofDeployment, parseWorkloadTemplate } from "../../src/cluster/workload-template.ts";
import type { Labels, Pod } from "../../src/engine/model.ts";

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
      name: "whatever else owns it",
      given: { ...pod, workload: { kind: "Job", name: "web-6d9f" } },
      expected: { kind: "Job", name: "web-6d9f" },
    },
  ])("is $name", ({ given, expected }) => {
    expect(ofDeployment(given).workload).toEqual(expected);
  });
});

describe("a workload's template", () => {
  const template = {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ ports: [{ name: "http", containerPort: 80 }, { containerPort: 81 }] }] },
  };
  it.each([
    { kind: "Deployment", spec: { template } },
    { kind: "CronJob", spec: { jobTemplate: { spec: { template } } } },
  ])("of a $kind is the pod it makes", ({ kind, spec }) => {
    const raw = { metadata: { namespace: "shop", name: "web" }, spec };
    expect(parseWorkloadTemplate(kind, raw)).toEqual({
      ok: true,
      value: {
        namespace: "shop",
        workload: { kind, name: "web" },
        labels: labels({ app: "web" }),
        ports: [{ name: "http", protocol: "TCP", port: 80 }],
      },
    });
  });

  it("is a problem where it cannot be read", () => {
    const raw = { metadata: { namespace: "shop", name: "web" }, spec: { template: {} } };
    expect(parseWorkloadTemplate("Deployment", raw).ok).toBe(false);
  });
});

function labels(entries: Readonly<Record<string, string>>): Labels {
  return new Map(Object.entries(entries));
}
