/** Small random clusters in which everything meets everything: few names, many coincidences. */
import fc from "fast-check";
import { parseAddress, parseCidr, subtractRanges } from "../../src/engine/address.ts";
import { DATAPLANES } from "../../src/engine/dataplane.ts";
import {
  type Action,
  type Address,
  type AddressRange,
  type Change,
  type ContainerPort,
  type DirectionRules,
  type EndSet,
  type FlowClaim,
  type Namespace,
  type NamespaceScope,
  type Node,
  type Peer,
  type Pod,
  type Policy,
  type PortMatch,
  type PortRange,
  type Protocol,
  podKey,
  policyKey,
  type Requirement,
  type Rule,
  type Selection,
  type Selector,
} from "../../src/engine/model.ts";
import type { FlowEnd } from "../../src/engine/query.ts";
import type { World } from "./oracle.ts";

const NAMESPACES = ["a", "b", "constructor"];
const NODES = ["n1", "n2"];
const KEYS = ["app", "tier", "__proto__"];
const VALUES = ["x", "y"];
const PORTS = [53, 80, 81, 443, 65_535];
const NAMES = ["http", "dns"];
const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"];
const POD_ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.0.1.1", "10.1.0.1", "192.168.0.9"];
const POD_ADDRESSES_6 = ["fd00::1", "fd00::2", "fd00:1::1"];
const NODE_ADDRESSES = ["172.18.0.2", "172.18.0.3"];
const OUTSIDE = [
  "8.8.8.8",
  "169.254.20.10",
  "10.0.0.77",
  "2001:db8::1",
  "0.0.0.0",
  "255.255.255.255",
  "172.18.0.3",
];
const CIDRS = [
  "0.0.0.0/0",
  "10.0.0.0/8",
  "169.254.20.10/32",
  "fe80::/10",
  "10.0.0.0/24",
  "10.0.0.1/32",
  "10.0.0.0/31",
  "172.18.0.0/16",
  "8.8.8.0/24",
  "::/0",
  "fd00::/16",
  "fd00::/112",
];

const address = (text: string): Address => parseAddress(text) ?? 0n;
const range = (text: string): AddressRange => parseCidr(text) ?? { first: 0n, last: 0n };
const oneOf = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

export const labels = fc
  .array(fc.tuple(oneOf(KEYS), oneOf(VALUES)), { maxLength: 3 })
  .map((pairs): ReadonlyMap<string, string> => new Map(pairs));

const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({
    key: oneOf(KEYS),
    operator: fc.constantFrom("In" as const, "NotIn" as const),
    values: fc.uniqueArray(oneOf(VALUES), { minLength: 1, maxLength: 2 }),
  }),
  fc.record({
    key: oneOf(KEYS),
    operator: fc.constantFrom("Exists" as const, "DoesNotExist" as const),
    values: fc.constant([]),
  }),
);

export const selector: fc.Arbitrary<Selector> = fc.array(requirement, { maxLength: 2 });

const scope: fc.Arbitrary<NamespaceScope> = fc.oneof(
  oneOf(NAMESPACES).map((name): NamespaceScope => ({ kind: "name", name })),
  selector.map((each): NamespaceScope => ({ kind: "selector", selector: each })),
  oneOf(NAMESPACES).map(
    (name): NamespaceScope => ({
      kind: "selector",
      selector: [{ key: "kubernetes.io/metadata.name", operator: "In", values: [name] }],
    }),
  ),
);

const selection: fc.Arbitrary<Selection> = fc.record({ namespaces: scope, pods: selector });

const portRange: fc.Arbitrary<PortRange> = fc
  .tuple(oneOf(PROTOCOLS), oneOf(PORTS), oneOf(PORTS))
  .map(([protocol, a, b]) => ({ protocol, first: Math.min(a, b), last: Math.max(a, b) }));

/** How often rules have named ports and blocks, compared with the other kinds. */
interface Taste {
  readonly namedPorts: number;
  readonly blocks: number;
}

const EVEN: Taste = { namedPorts: 1, blocks: 1 };

/** Only ClusterNetworkPolicy has named ports of any protocol. */
function port(tiered: boolean, { namedPorts }: Taste): fc.Arbitrary<PortMatch> {
  const protocols = tiered ? (["TCP", "UDP", null] as const) : (["TCP", "UDP"] as const);
  return fc.oneof(
    portRange.map((each): PortMatch => ({ kind: "range", ...each })),
    oneOf(PROTOCOLS).map(
      (protocol): PortMatch => ({ kind: "range", protocol, first: 1, last: 65_535 }),
    ),
    {
      weight: namedPorts,
      arbitrary: fc.record({
        kind: fc.constant("named" as const),
        protocol: fc.constantFrom(...protocols),
        name: oneOf(NAMES),
      }),
    },
  );
}

const block: fc.Arbitrary<Peer> = fc
  .tuple(oneOf(CIDRS), fc.array(oneOf(CIDRS), { maxLength: 1 }))
  .map(
    ([cidr, excepts]): Peer => ({
      kind: "addresses",
      ranges: subtractRanges([range(cidr)], excepts.filter((each) => each !== cidr).map(range)),
    }),
  )
  .filter((peer) => peer.kind === "addresses" && peer.ranges.length > 0);

const podsPeer = selection.map((each): Peer => ({ kind: "pods", selection: each }));

function rules(
  direction: "ingress" | "egress",
  actions: readonly Action[],
  taste: Taste,
): fc.Arbitrary<readonly Rule[]> {
  const tiered = actions.length > 1;
  const blocks =
    !tiered || direction === "egress" ? [{ weight: taste.blocks, arbitrary: block }] : [];
  const others: fc.Arbitrary<Peer>[] =
    tiered && direction === "egress"
      ? [
          selector.map((each): Peer => ({ kind: "nodes", selector: each })),
          fc.constant<Peer>({ kind: "domainNames", names: ["example.org"] }),
        ]
      : [];
  const peers = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.array(fc.oneof(podsPeer, ...blocks, ...others), { minLength: 1, maxLength: 2 }),
    },
    { weight: 1, arbitrary: fc.constant("all" as const) },
  );
  const ports = fc.oneof(
    fc.array(port(tiered, taste), { minLength: 1, maxLength: 2 }),
    fc.constant("all" as const),
  );
  const rule = fc.record({ action: oneOf(actions), peers, ports });
  return fc.array(fc.record({ rule, like: oneOf(LIKENESSES) }), { maxLength: 3 }).map((list) =>
    list.map(({ rule: own, like }, index): Rule => {
      const path = `spec.${direction}[${index}]`;
      const before = list[index - 1]?.rule;
      if (before === undefined || like === "none") return { ...own, path };
      // What tells the two apart is then one thing alone.
      if (like === "peers") return { ...own, peers: before.peers, path };
      return like === "all but a peer"
        ? { ...before, peers: oneMore(before.peers, own.peers), path }
        : { ...before, ports: oneMore(before.ports, own.ports), path };
    }),
  );
}

/** How a rule is like the one before it: not at all, by its peers, or in all but one thing that it has more. */
const LIKENESSES = ["none", "none", "none", "peers", "all but a peer", "all but a port"] as const;

function oneMore<T>(list: "all" | readonly T[], others: "all" | readonly T[]): typeof list {
  return list === "all" || others === "all" ? list : [...list, ...others.slice(0, 1)];
}

const rulesOf = (isolates: boolean, list: readonly Rule[]): DirectionRules => ({
  isolates,
  rules: isolates ? list : [],
});

function networkPolicy(taste: Taste): fc.Arbitrary<Policy> {
  return fc
    .record({
      namespace: oneOf(NAMESPACES),
      name: fc.constantFrom("p1", "p2", "p3"),
      pods: selector,
      ingress: fc.tuple(fc.boolean(), rules("ingress", ["Accept"], taste)),
      egress: fc.tuple(fc.boolean(), rules("egress", ["Accept"], taste)),
    })
    .map(({ namespace: home, name, pods, ingress, egress }) => ({
      kind: "NetworkPolicy",
      namespace: home,
      name,
      tier: "NetworkPolicy",
      priority: 0,
      subject: { namespaces: { kind: "name", name: home }, pods },
      ingress: rulesOf(...ingress),
      egress: rulesOf(...egress),
      readable: true,
    }));
}

function clusterPolicy(taste: Taste): fc.Arbitrary<Policy> {
  return fc
    .record({
      name: fc.constantFrom("c1", "c2", "c3"),
      tier: fc.constantFrom("Admin" as const, "Baseline" as const),
      priority: fc.constantFrom(0, 1),
      subject: selection,
      ingress: rules("ingress", ["Accept", "Deny", "Pass"], taste),
      egress: rules("egress", ["Accept", "Deny", "Pass"], taste),
    })
    .map(({ ingress, egress, ...rest }) => ({
      kind: "ClusterNetworkPolicy",
      namespace: "",
      ...rest,
      ingress: { isolates: false, rules: ingress },
      egress: { isolates: false, rules: egress },
      readable: true,
    }));
}

function anyPolicy(taste: Taste): fc.Arbitrary<Policy> {
  return fc.oneof(
    { weight: 3, arbitrary: networkPolicy(taste) },
    { weight: 1, arbitrary: clusterPolicy(taste) },
  );
}

export const policy: fc.Arbitrary<Policy> = anyPolicy(EVEN);

const namespace: fc.Arbitrary<Namespace> = fc
  .tuple(oneOf(NAMESPACES), labels)
  .map(([name, own]) => ({
    name,
    labels: new Map([...own, ["kubernetes.io/metadata.name", name]]),
  }));

const node: fc.Arbitrary<Node> = fc.tuple(oneOf(NODES), labels).map(([name, own]) => ({
  name,
  labels: own,
  addresses: [address(NODE_ADDRESSES[NODES.indexOf(name)] ?? "")],
}));

/** Two containers may give two of their ports the same name. */
export const containerPorts: fc.Arbitrary<readonly ContainerPort[]> = fc.uniqueArray(
  fc.record({
    name: oneOf(NAMES),
    protocol: fc.constantFrom("TCP" as const, "UDP" as const),
    port: oneOf(PORTS),
  }),
  { maxLength: 2, selector: ({ name, protocol, port: each }) => `${name} ${protocol} ${each}` },
);

const POD_NAMES = ["p0", "p1", "p2"];

/** The families of a pod's addresses in order, and which of its two addresses of each. */
export interface Addressing {
  readonly families: readonly (4 | 6)[];
  readonly spare: boolean;
}

export const addressing: fc.Arbitrary<Addressing> = fc.record({
  families: fc.oneof(
    { weight: 3, arbitrary: fc.constant([4 as const]) },
    {
      weight: 4,
      arbitrary: fc.uniqueArray(fc.constantFrom(4 as const, 6 as const), { maxLength: 2 }),
    },
  ),
  spare: fc.boolean(),
});

/** Pods have addresses by their name, so that no two running ones share one. */
export function addressed(pod: Omit<Pod, "addresses">, { families, spare }: Addressing): Pod {
  const home = NAMESPACES.findIndex((name) => pod.namespace.startsWith(name));
  const index = home * POD_NAMES.length + POD_NAMES.indexOf(pod.name);
  const own: Readonly<Record<4 | 6, string>> = spare
    ? { 4: `10.0.0.${16 + index}`, 6: `fd00::${16 + index}` }
    : {
        4: POD_ADDRESSES[index] ?? `10.2.0.${index}`,
        6: POD_ADDRESSES_6[index] ?? `fd00:2::${index}`,
      };
  const onNode = pod.node === null ? [] : [NODE_ADDRESSES[NODES.indexOf(pod.node)] ?? ""];
  const addresses = pod.hostNetwork ? onNode : families.map((each) => own[each]);
  return { ...pod, addresses: addresses.map(address) };
}

const pod: fc.Arbitrary<Pod> = fc
  .record({
    namespace: oneOf(NAMESPACES),
    name: oneOf(POD_NAMES),
    labels,
    addresses: addressing,
    ports: containerPorts,
    hostNetwork: fc.oneof(
      { weight: 5, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    node: fc.constantFrom("n1", "n2", null),
    ended: fc.oneof(
      { weight: 8, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    workload: fc.constantFrom(
      { kind: "Deployment", name: "web" },
      { kind: "Deployment", name: "db" },
    ),
  })
  .map(({ addresses, ...rest }): Pod => addressed(rest, addresses));

function worldOf(
  pods: { readonly minLength: number; readonly maxLength: number },
  policies: fc.Arbitrary<readonly Policy[]>,
): fc.Arbitrary<World> {
  return fc.record({
    namespaces: fc.tuple(labels, labels, labels).map((all) =>
      all.map((own, index): Namespace => {
        const name = NAMESPACES[index] ?? "";
        return { name, labels: new Map([...own, ["kubernetes.io/metadata.name", name]]) };
      }),
    ),
    nodes: fc.uniqueArray(node, { maxLength: 2, selector: ({ name }) => name }),
    pods: fc.uniqueArray(pod, { ...pods, selector: podKey }),
    policies,
    dataplane: fc.constantFrom(...Object.values(DATAPLANES)),
  });
}

/** A cluster whose namespaces are all declared. */
export const world: fc.Arbitrary<World> = worldOf(
  { minLength: 0, maxLength: 6 },
  fc.uniqueArray(policy, { maxLength: 4, selector: policyKey }),
);

/** One in which any change of a pod or a namespace is likely to matter to a policy. */
export const policedWorld: fc.Arbitrary<World> = worldOf(
  { minLength: 2, maxLength: 6 },
  fc.uniqueArray(anyPolicy({ namedPorts: 4, blocks: 3 }), {
    minLength: 3,
    maxLength: 6,
    selector: policyKey,
  }),
);

const endSet: fc.Arbitrary<EndSet> = fc.oneof(
  { weight: 4, arbitrary: selection.map((each): EndSet => ({ kind: "pods", selection: each })) },
  {
    weight: 2,
    arbitrary: fc
      .uniqueArray(oneOf(CIDRS), { minLength: 1, maxLength: 2 })
      .map((cidrs): EndSet => ({ kind: "addresses", ranges: cidrs.map(range) })),
  },
  { weight: 1, arbitrary: fc.constant<EndSet>({ kind: "world" }) },
);

const endSets = fc.array(endSet, { minLength: 1, maxLength: 2 });

/** A claim about some of the flows of a world. */
export const flowClaim: fc.Arbitrary<FlowClaim> = fc.record({
  sense: fc.constantFrom("closed" as const, "open" as const),
  from: endSets,
  to: endSets,
  ports: fc.oneof(fc.constant("all" as const), fc.array(portRange, { minLength: 1, maxLength: 2 })),
});

/** A change that keeps every namespace declared. */
export const change: fc.Arbitrary<Change> = fc.oneof(
  pod.map((object): Change => ({ kind: "pod", op: "upsert", object })),
  policy.map((object): Change => ({ kind: "policy", op: "upsert", object })),
  policy.map((object): Change => ({ kind: "policy", op: "upsert", object })),
  namespace.map((object): Change => ({ kind: "namespace", op: "upsert", object })),
  node.map((object): Change => ({ kind: "node", op: "upsert", object })),
  fc.tuple(oneOf(NAMESPACES), oneOf(POD_NAMES)).map(
    ([ns, name]): Change => ({
      kind: "pod",
      op: "delete",
      key: `${ns}/${name}`,
    }),
  ),
  fc.tuple(oneOf(NAMESPACES), fc.constantFrom("p1", "p2", "p3")).map(
    ([ns, name]): Change => ({
      kind: "policy",
      op: "delete",
      key: `NetworkPolicy/${ns}/${name}`,
    }),
  ),
  oneOf(NODES).map((key): Change => ({ kind: "node", op: "delete", key })),
);

/** The world after a change, without any index. */
export function changed(before: World, each: Change): World {
  const key = (object: { namespace?: string; name: string; kind?: string }): string =>
    [object.kind, object.namespace, object.name].filter((part) => part !== undefined).join("/");
  const replace = <T extends { namespace?: string; name: string; kind?: string }>(
    list: readonly T[],
    keyOf: (item: T) => string,
    item: T | null,
    gone: string,
  ): readonly T[] => [
    ...list.filter((other) => keyOf(other) !== gone),
    ...(item === null ? [] : [item]),
  ];
  const object = each.op === "upsert" ? each.object : null;
  switch (each.kind) {
    case "pod": {
      const item = each.op === "upsert" ? each.object : null;
      return {
        ...before,
        pods: replace(
          before.pods,
          podKey,
          item,
          item === null ? (each as { key: string }).key : podKey(item),
        ),
      };
    }
    case "policy": {
      const item = each.op === "upsert" ? each.object : null;
      return {
        ...before,
        policies: replace(
          before.policies,
          key,
          item,
          item === null ? (each as { key: string }).key : key(item),
        ),
      };
    }
    case "namespace":
      return object === null
        ? before
        : {
            ...before,
            namespaces: replace(
              before.namespaces,
              ({ name }) => name,
              object as Namespace,
              object.name,
            ),
          };
    case "node": {
      const item = each.op === "upsert" ? each.object : null;
      return {
        ...before,
        nodes: replace(
          before.nodes,
          ({ name }) => name,
          item,
          item === null ? (each as { key: string }).key : item.name,
        ),
      };
    }
  }
}

/** The changes that build a world, one object after the other. */
export function changesOf({ namespaces, nodes, pods, policies }: World): readonly Change[] {
  return [
    ...namespaces.map((object): Change => ({ kind: "namespace", op: "upsert", object })),
    ...nodes.map((object): Change => ({ kind: "node", op: "upsert", object })),
    ...pods.map((object): Change => ({ kind: "pod", op: "upsert", object })),
    ...policies.map((object): Change => ({ kind: "policy", op: "upsert", object })),
  ];
}

/** All ends worth asking about: every pod, and addresses in and outside every block. */
export function endsOf({ pods }: World): readonly FlowEnd[] {
  return [
    ...pods.map((each): FlowEnd => ({ kind: "pod", key: `${each.namespace}/${each.name}` })),
    ...OUTSIDE.map((text): FlowEnd => ({ kind: "address", address: address(text) })),
  ];
}

export const OUTSIDE_ADDRESSES: readonly Address[] = OUTSIDE.map(address);

export interface Probe {
  readonly protocol: Protocol;
  readonly port: number;
}

/** Every port that matters, and some that do not. */
export const PROBES: readonly Probe[] = PROTOCOLS.flatMap((protocol) =>
  [1, 53, 80, 81, 443, 65_535].map((each) => ({ protocol, port: each })),
);
