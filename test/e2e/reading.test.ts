import { describe, expect, it } from "vitest";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { parsePod } from "../../src/wire/pod.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { describePolicy, succeed } from "../wire/describe-policy.ts";

// What API servers agree on, whatever their version; the rest is in the tables of test/wire.

const from = (...peers: unknown[]) => ({ ingress: [{ from: peers }] });
const ports = (...entries: unknown[]) => ({ ingress: [{ ports: entries }] });
const block = (cidr: unknown, ...except: unknown[]) => from({ ipBlock: { cidr, except } });
const labels = (matchLabels: unknown) => ({ podSelector: { matchLabels } });
const expression = (key: unknown, operator: unknown, values?: unknown) => ({
  podSelector: { matchExpressions: [{ key, operator, values }] },
});

const TYPES = [[], null, ["Ingress"], ["Egress", "Egress"], ["Ingress", "Egress", "Ingress"]];
const NO_TYPES = [["ingress"], [""], [null], "Ingress"];
const ABSENCES = [null, [], {}, [null], [{}]];
const CIDR = { cidr: "10.0.0.0/8" };
const NUMBERS = [0, -1, 1, 65_535, 65_536, 4_294_967_376, 1.5, true, null, "80", "0", "", [80], {}];
const NAMES = "http HTTP a--b -a a- 1a a.b 80-90 a-name-of-15-ch a-name-of-16-chr".split(" ");
const KEYS = ["", "/b", "a/", "a/b/c", "A/b", "a.b/C_d.e-f", "-a", "a b", "ü", "a..b/c", "a\n"];
const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist", "exists", "Gt", "", undefined];
const CIDRS = [
  "|10.0.0.0|10.0.0.0/|10.0.0.0/8|10.0.0.0/33|10.0.0.0/-1|0.0.0.0/0|10.0.0/8|10.0.0.0.0/8|256.0.0.0/8",
  " 10.0.0.0/8|10.0.0.0/8 |10.0.0.0/8/8|10.0.0.0/+8|0x0a.0.0.0/8|10.0.0.0/0x8|::/0|fd00::/8|fd00::/129",
  "fd00:::/8|fd00::1::/8|fe80::1%eth0/64|1:2:3:4:5:6:7:8/128|1:2:3:4:5:6:7:8::/128|[fd00::]/8",
].flatMap((line) => line.split("|"));

const SPECS: Readonly<Record<string, readonly unknown[]>> = {
  types: [
    ...TYPES.map((policyTypes) => ({ policyTypes, ingress: [{}], egress: [{}] })),
    ...NO_TYPES.map((policyTypes) => ({ policyTypes })),
  ],
  rules: [
    undefined,
    null,
    { podSelector: null },
    ...ABSENCES.flatMap((rules) => [{ ingress: rules }, { egress: rules }]),
  ],
  peers: [
    ...ABSENCES.map((peers) => ({ ingress: [{ from: peers }] })),
    from({ podSelector: {} }),
    from({ podSelector: null }),
    from({ podSelector: null, namespaceSelector: {} }),
    from({ ipBlock: null }),
    from({ ipBlock: {} }),
    from({ ipBlock: null, podSelector: {} }),
    from({ ipBlock: CIDR, podSelector: {} }),
    from({ ipBlock: CIDR, podSelector: null }),
    from({ ipBlock: CIDR, namespaceSelector: {} }),
  ],
  ports: [
    ...ABSENCES.map((entries) => ({ ingress: [{ ports: entries }] })),
    ...[...NUMBERS, ...NAMES].map((port) => ports({ port })),
    ...["TCP", "UDP", "SCTP", "tcp", "ICMP", "", null].map((protocol) => ports({ protocol })),
  ],
  selectors: [
    ...[null, {}, [], { a: null }, { a: "" }, { a: 1 }, { a: true }].map(labels),
    ...[...KEYS, "x".repeat(63), "x".repeat(64)].map((key) => labels({ [key]: "x" })),
    ...["-b", "b-", "b_c.d", "b c", "ü", "b\n"].map((value) => labels({ a: value })),
    ...["x".repeat(63), "x".repeat(64)].map((value) => labels({ a: value })),
    ...OPERATORS.flatMap((operator) =>
      [undefined, null, [], ["x"]].map((values) => expression("a", operator, values)),
    ),
    ...[["x", "x"], [""], [1], "x"].map((values) => expression("a", "In", values)),
    ...["", "a b", undefined].map((key) => expression(key, "Exists")),
  ],
  addresses: [
    ...[...CIDRS, null].map((cidr) => block(cidr)),
    block("10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16"),
    ...["10.0.0.0/8", "10.0.0.0/7", "11.0.0.0/16", "fd00::/64", "", null, "10.1.0.0"].map((hole) =>
      block("10.0.0.0/8", hole),
    ),
    block("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1"),
    block("::/0", "::/1", "8000::/1"),
    block("::/0", "10.0.0.0/8"),
    block("10.0.0.1/32", "10.0.0.1/32"),
  ],
};

describeWithControlPlane("what an API server takes", (plane) => {
  const create = async (path: string, object: object) => {
    const { status, body } = await plane().request("POST", `${path}?dryRun=All`, { body: object });
    return status < 300 ? body : null;
  };

  describe.each(Object.entries(SPECS))("of %s", (_, specs) => {
    it.each(specs.map((spec) => [JSON.stringify(spec) ?? "no spec", spec]))(
      "%s",
      async (_name, spec) => {
        const metadata = { name: "web", namespace: "default" };
        const policy = {
          apiVersion: "networking.k8s.io/v1",
          kind: "NetworkPolicy",
          metadata,
          spec,
        };
        const stored = await create(
          "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
          policy,
        );
        const read = parseNetworkPolicy(policy);
        expect(read.ok ? "taken" : "refused").toBe(stored === null ? "refused" : "taken");
        if (stored === null || !read.ok) return;
        // Its defaults are ours: what comes back says no more than what was sent.
        expect(describePolicy(succeed(parseNetworkPolicy(stored)).policy)).toEqual(
          describePolicy(read.value.policy),
        );
      },
    );
  });

  const named = (protocol: unknown) => [{ name: "web", containerPort: 80, protocol }];
  it.each([
    [{}, named("TCP")],
    [{}, named(null)],
    [{}, named("")],
    [{}, named("tcp")],
    [{ labels: { app: null }, annotations: { note: null } }, named("UDP")],
    [{ labels: { app: 1 } }, named("UDP")],
  ])("of pods: %j %j", async (metadata, containerPorts) => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web", namespace: "default", ...metadata },
      spec: { containers: [{ name: "web", image: "web", ports: containerPorts }] },
    };
    const stored = await create("/api/v1/namespaces/default/pods", pod);
    const read = parsePod(pod);
    expect(read.ok ? "taken" : "refused").toBe(stored === null ? "refused" : "taken");
    if (stored !== null && read.ok) expect(succeed(parsePod(stored))).toEqual(read.value);
  });
});
