import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/engine/address.ts";
import type { Address } from "../../src/engine/model.ts";
import type { FlowEnd } from "../../src/engine/query.ts";
import { EndpointIndex } from "../../src/wire/endpoint-index.ts";
import { parseEndpointSlice } from "../../src/wire/endpoint-slice.ts";
import { parseEndpoints, resolverEndpoints } from "../../src/wire/endpoints.ts";
import { parseNamespace } from "../../src/wire/namespace.ts";
import { parseNode } from "../../src/wire/node.ts";
import { parsePod } from "../../src/wire/pod.ts";
import { parseWorkload, representativePod } from "../../src/wire/workload.ts";
import { complaints, succeed } from "./describe-policy.ts";

const labels = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));
const pod = (spec: object, status?: object | null, metadata: object = {}) => ({
  metadata: { name: "web-1", namespace: "shop", ...metadata },
  spec: { containers: [], ...spec },
  status,
});
const dns = (...ports: object[]) => ({
  metadata: { name: "kube-dns", namespace: "kube-system" },
  subsets: [
    {
      addresses: [
        { ip: "10.0.0.53", targetRef: { kind: "Pod", name: "coredns-1" } },
        { ip: "10.0.0.54", targetRef: { kind: "Pod", namespace: "other", name: "coredns-2" } },
        { ip: "10.0.0.55" },
      ],
      notReadyAddresses: [{ ip: "10.0.0.56" }],
      ports,
    },
  ],
});
const ip = (text: string): Address => {
  const address = parseAddress(text);
  if (address === null) throw new Error(text);
  return address;
};
const controlled = (controller: object, hash: string): object =>
  pod({}, null, {
    labels: { "pod-template-hash": hash },
    ownerReferences: [{ ...controller, controller: true }],
  });
const container = (...ports: object[]) => ({ name: "c", image: "i", ports });

describe("pods", () => {
  it.each<[string, object, object]>([
    [
      "only what policies can see is kept",
      pod({ nodeName: "n1", hostNetwork: false }, { phase: "Running", hostIP: "10.9.9.9" }),
      {
        namespace: "shop",
        name: "web-1",
        labels: new Map(),
        addresses: [],
        ports: [],
        hostNetwork: false,
        node: "n1",
        ended: false,
        workload: { kind: "Pod", name: "web-1" },
      },
    ],
    [
      "no status, no node",
      pod({ nodeName: "" }, null),
      { node: null, ended: false, addresses: [] },
    ],
    ["an ended pod: Succeeded", pod({}, { phase: "Succeeded" }), { ended: true }],
    ["an ended pod: Failed", pod({}, { phase: "Failed" }), { ended: true }],
    [
      "a terminating pod still counts",
      pod({}, { phase: "Running" }, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      { ended: false },
    ],
    [
      "both addresses of a dual-stack pod",
      pod({}, { podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] }),
      { addresses: [parseAddress("10.0.0.1"), parseAddress("fd00::1")] },
    ],
    ["podIP alone", pod({}, { podIP: "10.0.0.1" }), { addresses: [parseAddress("10.0.0.1")] }],
    ["an empty podIP", pod({}, { podIP: "", podIPs: null }), { addresses: [] }],
    ["hostNetwork", pod({ hostNetwork: true }), { hostNetwork: true }],
    [
      "named ports of containers and of native sidecars, not of other init containers",
      pod({
        containers: [container({ name: "web", containerPort: 80 }, { containerPort: 81 })],
        initContainers: [
          {
            ...container({ name: "proxy", containerPort: 82, protocol: "UDP" }),
            restartPolicy: "Always",
          },
          container({ name: "setup", containerPort: 83 }),
        ],
      }),
      {
        ports: [
          { name: "web", protocol: "TCP", port: 80 },
          { name: "proxy", protocol: "UDP", port: 82 },
        ],
      },
    ],
    [
      "an empty protocol is one left out, as nowhere else: TCP",
      pod({ containers: [container({ name: "web", containerPort: 80, protocol: "" })] }),
      { ports: [{ name: "web", protocol: "TCP", port: 80 }] },
    ],
    [
      "labels and annotations without a value, which YAML makes null, are empty",
      pod({}, null, { labels: { version: null }, annotations: { note: null } }),
      { labels: labels({ version: "" }) },
    ],
    [
      "a port without a number or with an empty name cannot be named",
      pod({
        containers: [container({ name: "web" }, { name: "", containerPort: 1 }), { name: "d" }],
      }),
      { ports: [] },
    ],
    [
      "the controller",
      pod({}, null, {
        ownerReferences: [
          { kind: "Other", name: "x", controller: false },
          { kind: "ReplicaSet", name: "web-abc", controller: true },
        ],
      }),
      { workload: { kind: "ReplicaSet", name: "web-abc" } },
    ],
    [
      "the Deployment of a controller that is a ReplicaSet, by the hash",
      controlled({ kind: "ReplicaSet", name: "web-6d9f" }, "6d9f"),
      { workload: { kind: "Deployment", name: "web" } },
    ],
    [
      "a ReplicaSet whose name ends in something else",
      controlled({ kind: "ReplicaSet", name: "web-6d9f" }, "abcd"),
      { workload: { kind: "ReplicaSet", name: "web-6d9f" } },
    ],
    [
      "a ReplicaSet where the hash is empty",
      controlled({ kind: "ReplicaSet", name: "web-" }, ""),
      { workload: { kind: "ReplicaSet", name: "web-" } },
    ],
    [
      "a controller of another kind whose name ends in the hash",
      controlled({ kind: "Job", name: "web-6d9f" }, "6d9f"),
      { workload: { kind: "Job", name: "web-6d9f" } },
    ],
    [
      "a controller that does not say what it is",
      pod({}, null, { ownerReferences: [{ name: "web", controller: true }] }),
      { workload: { kind: "Pod", name: "web" } },
    ],
    [
      "an owner that is not the controller",
      pod({}, null, { ownerReferences: [{ kind: "ReplicaSet", name: "web-abc" }] }),
      { workload: { kind: "Pod", name: "web-1" } },
    ],
    [
      "a static pod, which its node controls, is no workload with the others there",
      pod({}, null, { ownerReferences: [{ kind: "Node", name: "n1", controller: true }] }),
      { workload: { kind: "Pod", name: "web-1" } },
    ],
    [
      "labels that JavaScript objects have of themselves",
      pod({}, null, { labels: JSON.parse('{"constructor": "a", "__proto__": "b"}') as unknown }),
      {
        labels: new Map([
          ["constructor", "a"],
          ["__proto__", "b"],
        ]),
      },
    ],
  ])("%s", (_name, raw, expected) => {
    expect(succeed(parsePod(raw))).toMatchObject(expected);
  });

  it("are in the namespace they are given where they name none", () => {
    const raw = { metadata: { name: "a" }, spec: {} };
    expect(succeed(parsePod(raw)).namespace).toBe("default");
    expect(succeed(parsePod(raw, "dev")).namespace).toBe("dev");
  });

  it("have addresses that are addresses", () => {
    const raw = pod({}, { podIPs: [{ ip: "nowhere" }] });
    expect(complaints(parsePod(raw))).toEqual([
      "status.podIPs[0].ip: `nowhere` is not an IP address",
    ]);
  });
});

describe("namespaces", () => {
  it("always carry their name as a label", () => {
    const raw = {
      metadata: { name: "shop", labels: { team: "a", "kubernetes.io/metadata.name": "forged" } },
    };
    const { manifest, namespace } = succeed(parseNamespace(raw));
    expect(manifest).toBe(raw);
    expect(namespace).toEqual({
      name: "shop",
      labels: labels({ team: "a", "kubernetes.io/metadata.name": "shop" }),
    });
  });

  it("have a name", () => {
    expect(complaints(parseNamespace({ metadata: {} }))).toEqual(["metadata.name: is missing"]);
  });
});

describe("nodes", () => {
  it("have addresses, of which host names are none", () => {
    const addresses = [
      { type: "InternalIP", address: "10.0.0.9" },
      { type: "Hostname", address: "n1" },
    ];
    const raw = { metadata: { name: "n1", labels: { zone: "a" } }, status: { addresses } };
    expect(succeed(parseNode(raw))).toEqual({
      name: "n1",
      labels: labels({ zone: "a" }),
      addresses: [parseAddress("10.0.0.9")],
    });
  });

  it("may have none", () => {
    expect(succeed(parseNode({ metadata: { name: "n1" } })).addresses).toEqual([]);
    expect(complaints(parseNode({}))).toHaveLength(1);
  });
});

describe("workloads", () => {
  const template = {
    metadata: { labels: { app: "web" } },
    spec: { hostNetwork: true, containers: [container({ name: "http", containerPort: 8080 })] },
  };

  it.each(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"])(
    "%s: labels and ports of its template",
    (kind) => {
      const raw = { metadata: { name: "web", namespace: "shop" }, spec: { replicas: 0, template } };
      const read = succeed(parseWorkload(raw, kind));
      expect(read).toEqual({
        namespace: "shop",
        workload: { kind, name: "web" },
        labels: labels({ app: "web" }),
        ports: [{ name: "http", protocol: "TCP", port: 8080 }],
        hostNetwork: true,
        controller: null,
      });
      expect(representativePod(read)).toEqual({
        namespace: "shop",
        name: "web",
        labels: read.labels,
        addresses: [],
        ports: read.ports,
        hostNetwork: true,
        node: null,
        ended: false,
        workload: { kind, name: "web" },
      });
    },
  );

  it("Job: with the labels that its controller adds", () => {
    const raw = { metadata: { name: "migrate" }, spec: { template: { spec: {} } } };
    expect(succeed(parseWorkload(raw, "Job", "dev"))).toMatchObject({
      namespace: "dev",
      labels: labels({ "job-name": "migrate", "batch.kubernetes.io/job-name": "migrate" }),
    });
  });

  it("CronJob: the template is a template's", () => {
    const raw = { metadata: { name: "nightly" }, spec: { jobTemplate: { spec: { template } } } };
    expect(succeed(parseWorkload(raw, "CronJob"))).toMatchObject({
      namespace: "default",
      workload: { kind: "CronJob", name: "nightly" },
      labels: labels({ app: "web" }),
    });
    expect(complaints(parseWorkload({ metadata: { name: "a" } }, "CronJob"))).toHaveLength(1);
  });

  it("ReplicaSet of a Deployment: says whose it is", () => {
    const ownerReferences = [{ kind: "Deployment", name: "web", controller: true }];
    const raw = { metadata: { name: "web-1", ownerReferences }, spec: { template } };
    expect(succeed(parseWorkload(raw, "ReplicaSet")).controller).toEqual({
      kind: "Deployment",
      name: "web",
    });
  });

  it("are not workloads without a template", () => {
    expect(complaints(parseWorkload({ metadata: { name: "a" }, spec: {} }, "Deployment"))).toEqual([
      "spec.template: is missing; expected an object",
    ]);
  });
});

describe("endpoints", () => {
  it("are pods where they name one, else addresses, ready or not", () => {
    expect(succeed(parseEndpoints(dns())).map(({ end }) => end)).toEqual([
      { kind: "pod", key: "kube-system/coredns-1" },
      { kind: "pod", key: "other/coredns-2" },
      { kind: "address", address: parseAddress("10.0.0.55") },
      { kind: "address", address: parseAddress("10.0.0.56") },
    ]);
  });

  it.each<[string, object[], number | null, number | null]>([
    [
      "CoreDNS, with its metrics",
      [
        { name: "metrics", port: 9153, protocol: "TCP" },
        { name: "dns", port: 53, protocol: "UDP" },
        { name: "dns-tcp", port: 53, protocol: "TCP" },
      ],
      53,
      53,
    ],
    [
      "OpenShift's, after targetPort",
      [
        { name: "dns", port: 5353, protocol: "UDP" },
        { name: "dns-tcp", port: 5353, protocol: "TCP" },
      ],
      5353,
      5353,
    ],
    ["without names", [{ port: 5353, protocol: "UDP" }, { port: 5353 }, { port: 80 }], 5353, 5353],
    [
      "RKE2's, with names of its own",
      [
        { name: "udp-53", port: 53, protocol: "UDP" },
        { name: "tcp-53", port: 53, protocol: "TCP" },
      ],
      53,
      53,
    ],
    [
      "other ports for each protocol",
      [
        { name: "dns", port: 53, protocol: "UDP" },
        { name: "dns-tcp", port: 5353, protocol: "TCP" },
      ],
      53,
      5353,
    ],
    [
      "TCP alone, called `dns`",
      [
        { name: "dns", port: 5353 },
        { name: "metrics", port: 9153 },
      ],
      null,
      5353,
    ],
    ["TCP only", [{ port: 80 }, { port: 53 }], null, 53],
    ["UDP only", [{ port: 53, protocol: "UDP" }, { port: 80 }], 53, null],
    ["neither", [], null, null],
  ])("of DNS: %s", (_name, ports, udpPort, tcpPort) => {
    const [first] = resolverEndpoints(succeed(parseEndpoints(dns(...ports))));
    expect(first).toMatchObject({ udpPort, tcpPort });
  });

  it("may be none", () => {
    expect(succeed(parseEndpoints({ metadata: { name: "a" } }))).toEqual([]);
    expect(succeed(parseEndpoints({ metadata: { name: "a" }, subsets: [{}] }))).toEqual([]);
    const subsets = [{ addresses: [{ ip: "10.0.0.1" }] }];
    expect(succeed(parseEndpoints({ metadata: { name: "a" }, subsets }))).toMatchObject([
      { ports: [] },
    ]);
    expect(complaints(parseEndpoints(null))).toEqual([": `null` is not an object"]);
  });
});

describe("endpoint slices", () => {
  const slice = (part: object): object => ({
    metadata: {
      name: "kube-dns-x7",
      namespace: "kube-system",
      labels: { "kubernetes.io/service-name": "kube-dns" },
    },
    addressType: "IPv4",
    ports: [{ name: "dns", port: 53, protocol: "UDP" }, { name: "any" }],
    ...part,
  });
  const service = "kube-system/kube-dns";

  it.each<[string, object, readonly FlowEnd[]]>([
    [
      "pods where they name one, ready or not",
      {
        endpoints: [
          { addresses: ["10.0.0.1"], targetRef: { kind: "Pod", name: "coredns-1" } },
          {
            addresses: ["10.0.0.2"],
            conditions: { ready: false },
            targetRef: { kind: "Pod", namespace: "other", name: "coredns-2" },
          },
        ],
      },
      [
        { kind: "pod", key: "kube-system/coredns-1" },
        { kind: "pod", key: "other/coredns-2" },
      ],
    ],
    [
      "addresses where they name none",
      {
        addressType: "IPv6",
        endpoints: [
          { addresses: ["fd00::1"] },
          { addresses: ["fd00::2"], targetRef: { kind: "Node", name: "n" } },
        ],
      },
      ["fd00::1", "fd00::2"].map((text) => ({ kind: "address", address: ip(text) })),
    ],
    [
      "nobody where they are names",
      { addressType: "FQDN", endpoints: [{ addresses: ["a.b"] }] },
      [],
    ],
    ["nobody where there are none", { endpoints: null, ports: null }, []],
  ])("are %s", (_, part, ends) => {
    const read = succeed(parseEndpointSlice(slice(part)));
    expect(read.service).toBe(service);
    expect(read.endpoints.map(({ end }) => end)).toEqual(ends);
  });

  it("have the ports that have a number", () => {
    const [one] = succeed(
      parseEndpointSlice(slice({ endpoints: [{ addresses: ["10.0.0.1"] }] })),
    ).endpoints;
    expect(one?.ports).toEqual([{ name: "dns", port: 53, protocol: "UDP" }]);
  });

  it("may belong to no Service, and to one in the namespace that is meant", () => {
    expect(succeed(parseEndpointSlice(slice({ metadata: { name: "a" } }))).service).toBeNull();
    const metadata = { name: "db-1", labels: { "kubernetes.io/service-name": "db" } };
    expect(succeed(parseEndpointSlice(slice({ metadata }), "shop")).service).toBe("shop/db");
  });

  it.each([
    [{ addressType: "IP" }, "addressType: "],
    [{ endpoints: [{ addresses: ["10.0.0.300"] }] }, "endpoints[0].addresses[0]: "],
    [{ ports: [{ port: 0 }] }, "ports[0].port: "],
  ])("that cannot be read: %j", (part, path) => {
    const [complaint] = complaints(parseEndpointSlice(slice(part)));
    expect(complaint?.startsWith(path), complaint).toBe(true);
  });

  it("put together are each pod once, and go with what told of them", () => {
    const index = new EndpointIndex();
    const targetRef = { kind: "Pod", name: "coredns-1" };
    const take = (key: string, part: object): void =>
      index.upsert(key, succeed(parseEndpointSlice(slice(part))));
    expect(index.get(service)).toBeUndefined();
    take("a", { endpoints: [{ addresses: ["10.0.0.1"], targetRef }] });
    take("b", { addressType: "IPv6", endpoints: [{ addresses: ["fd00::1"], targetRef }] });
    take("c", {
      metadata: { name: "c", namespace: "kube-system" },
      endpoints: [{ addresses: ["10.0.0.9"] }],
    });
    const keys = () => index.get(service)?.map(({ end }) => end);
    const families = () => index.get(service)?.map(({ family }) => family);
    expect(keys()).toEqual([{ kind: "pod", key: "kube-system/coredns-1" }]);
    expect(families()).toEqual([null]);
    const tcp = { name: "dns-tcp", port: 53, protocol: "TCP" };
    take("b", {
      addressType: "IPv6",
      ports: [tcp],
      endpoints: [{ addresses: ["fd00::1"], targetRef }],
    });
    const udp = { name: "dns", port: 53, protocol: "UDP" };
    expect(index.get(service)?.map(({ ports }) => ports)).toEqual([[udp, tcp]]);
    index.delete("a");
    expect(keys()).toHaveLength(1);
    expect(families()).toEqual([6]);
    take("b", { endpoints: [] });
    expect(keys()).toEqual([]);
    index.delete("b");
    expect(keys()).toBeUndefined();
  });
});
