/**
 * The naive evaluator: loops over every policy, rule and peer, straight from the API documentation,
 * without indexes. Where the documentation leaves something open it chooses, and all choices are tried.
 */
import { familyOf, parseCidr } from "../../src/engine/address.ts";
import type { Dataplane } from "../../src/engine/dataplane.ts";
import type {
  Address,
  AddressRange,
  Direction,
  Namespace,
  NamespaceScope,
  Node,
  Peer,
  Pod,
  Policy,
  Rule,
  Selection,
  Selector,
} from "../../src/engine/model.ts";
import type { Flow, FlowEnd, Verdict } from "../../src/engine/query.ts";

export interface World {
  readonly namespaces: readonly Namespace[];
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly policies: readonly Policy[];
  readonly dataplane: Dataplane;
}

/** Choose one of `n` ways, 0 to n-1. */
type Choose = (n: number) => number;

interface End {
  readonly pod: Pod | null;
  readonly node: Node | null;
  readonly host: boolean;
  readonly addresses: readonly Address[];
}

interface Hop {
  readonly world: World;
  readonly subject: End;
  readonly peer: End;
  readonly to: End;
  readonly family: number;
  readonly flow: Flow;
  readonly choose: Choose;
}

export function naiveVerdict(world: World, flow: Flow): Verdict {
  const from = endOf(world, flow.from);
  const to = endOf(world, flow.to);
  if (from === null || to === null) return "unknown";
  if (from.pod !== null && from.pod === to.pod) return "allowed";
  const answers = naiveVerdicts(world, flow).map(({ verdict }) => verdict);
  const [first = "denied"] = answers;
  return answers.every((answer) => answer === first) ? first : "unknown";
}

/** The verdict in each family that both ends have; 0 where neither has an address. */
export function naiveVerdicts(
  world: World,
  flow: Flow,
): readonly { readonly family: number; readonly verdict: Verdict }[] {
  const from = endOf(world, flow.from);
  const to = endOf(world, flow.to);
  if (from === null || to === null) return [];
  return families(from, to).map((family) => {
    const hop = { world, to, family, flow };
    const egress = outcomes((choose) =>
      passes({ ...hop, choose, subject: from, peer: to }, "egress"),
    );
    const ingress = outcomes((choose) =>
      passes({ ...hop, choose, subject: to, peer: from }, "ingress"),
    );
    if (!egress.has(true) || !ingress.has(true)) return { family, verdict: "denied" };
    const sure = egress.size === 1 && ingress.size === 1;
    return { family, verdict: sure ? "allowed" : "unknown" };
  });
}

/** Every result of `run` over all ways through its choices. */
function outcomes(run: (choose: Choose) => boolean): ReadonlySet<boolean> {
  const results = new Set<boolean>();
  const open: number[][] = [[]];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const taken = [...path];
    let step = 0;
    results.add(
      run((n) => {
        if (step === taken.length) {
          for (let way = 1; way < n; way++) open.push([...taken, way]);
          taken.push(0);
        }
        return taken[step++] ?? 0;
      }),
    );
  }
  return results;
}

/** What the policies of the subject say of the peer, tier after tier. */
function passes(hop: Hop, direction: Direction): boolean {
  const { world, subject, choose } = hop;
  if (subject.pod === null) return true;
  if (world.dataplane.sctp === "unknown" && hop.flow.protocol === "SCTP") {
    const policed = world.policies.some(
      (policy) =>
        (policy[direction].isolates ||
          (policy.tier !== "NetworkPolicy" && policy[direction].rules.length > 0)) &&
        selects(world, policy.subject, subject, policy.tier) !== "no",
    );
    if (policed && choose(2) === 1) return choose(2) === 1;
  }
  const admin = ordered(hop, direction, "Admin");
  if (admin !== "next") return admin;
  const isolating = world.policies.filter(
    (policy) =>
      policy.tier === "NetworkPolicy" &&
      policy[direction].isolates &&
      selects(world, policy.subject, subject, policy.tier) !== "no",
  );
  // It is asked once whether policies apply at all to a hostNetwork pod or a pod of an unseen namespace.
  const sure = isolating.some(
    (policy) => selects(world, policy.subject, subject, policy.tier) === "yes",
  );
  if (isolating.length > 0 && (sure || choose(2) === 1)) {
    if (isLocal(hop)) return true;
    return isolating.some((policy) =>
      policy[direction].rules.some((rule) => matches(hop, rule, policy)),
    );
  }
  const baseline = ordered(hop, direction, "Baseline");
  return baseline === "next" ? true : baseline;
}

/** ClusterNetworkPolicy: ascending priority, then the order of rules; ties may go either way. */
function ordered(hop: Hop, direction: Direction, tier: Policy["tier"]): boolean | "next" {
  const policies = hop.world.policies.filter((policy) => {
    if (policy.tier !== tier) return false;
    const selected = selects(hop.world, policy.subject, hop.subject, tier);
    return selected === "yes" || (selected === "unknown" && hop.choose(2) === 1);
  });
  const left = new Set(policies);
  while (left.size > 0) {
    const lowest = Math.min(...[...left].map(({ priority }) => priority));
    const tied = [...left].filter(({ priority }) => priority === lowest);
    const policy = tied[hop.choose(tied.length)] as Policy;
    left.delete(policy);
    const rule = policy[direction].rules.find((each) => matches(hop, each, policy));
    if (rule !== undefined) return rule.action === "Pass" ? "next" : rule.action === "Accept";
  }
  return "next";
}

function matches(hop: Hop, rule: Rule, policy: Policy): boolean {
  const peers = rule.peers === "all" || rule.peers.some((peer) => isPeer(hop, peer, policy));
  return (
    peers &&
    (rule.ports === "all" ||
      rule.ports.some((port) => {
        const { protocol, port: number } = hop.flow;
        if (port.kind === "range") {
          const last = hop.world.dataplane.endPort ? port.last : port.first;
          return port.protocol === protocol && port.first <= number && number <= last;
        }
        if (port.protocol !== null && port.protocol !== protocol) return false;
        if (hop.to.pod === null) return hop.choose(2) === 1;
        return hop.to.pod.ports.some(
          (candidate) =>
            candidate.name === port.name &&
            candidate.protocol === protocol &&
            candidate.port === number,
        );
      }))
  );
}

function isPeer(hop: Hop, peer: Peer, policy: Policy): boolean {
  const { world, choose, family } = hop;
  const end = hop.peer;
  const defined = policy.tier !== "NetworkPolicy";
  const toss = (answer: string): boolean =>
    answer === "unknown" ? choose(2) === 1 : answer === "yes";
  switch (peer.kind) {
    case "pods":
      return toss(selects(world, peer.selection, end, policy.tier));
    case "addresses": {
      const [range] = peer.ranges;
      if (range === undefined || (family !== 0 && familyOf(range.first) !== family)) return false;
      if (end.pod !== null && !end.host && !world.dataplane.ipBlockMatchesPods) return false;
      if (end.addresses.length === 0) {
        return (end.host || !peer.ranges.every(isLinkLocal)) && choose(2) === 1;
      }
      const inside = end.addresses.some((address) =>
        peer.ranges.some(({ first, last }) => first <= address && address <= last),
      );
      if (!inside || !end.host || defined) return inside;
      return toss(world.dataplane.ipBlockMatchesNodes);
    }
    case "nodes":
      if (!end.host) return false;
      return end.node === null ? choose(2) === 1 : selector(peer.selector, end.node.labels);
    case "domainNames":
      return end.pod === null && !end.host && choose(2) === 1;
  }
}

function isLinkLocal({ first, last }: AddressRange): boolean {
  const blocks = ["169.254.0.0/16", "fe80::/10"].flatMap((cidr) => parseCidr(cidr) ?? []);
  return blocks.some((block) => block.first <= first && last <= block.last);
}

function selects(
  world: World,
  selection: Selection,
  end: End,
  tier: Policy["tier"],
): "yes" | "no" | "unknown" {
  const scope = end.pod === null ? "no" : inSelection(world, selection, end.pod);
  if (scope === "no" || !end.host) return scope;
  const host = tier === "NetworkPolicy" ? world.dataplane.selectsHostNetwork : "no";
  return host === "yes" ? scope : host;
}

/** Report whether a selection matches a pod by its labels alone. */
export function inSelection(
  world: World,
  selection: Selection,
  pod: Pod,
): "yes" | "no" | "unknown" {
  return selector(selection.pods, pod.labels)
    ? inScope(world, selection.namespaces, pod.namespace)
    : "no";
}

/** Of a namespace that nobody has declared only the label with its name is known. */
function inScope(world: World, scope: NamespaceScope, name: string): "yes" | "no" | "unknown" {
  if (scope.kind === "name") return scope.name === name ? "yes" : "no";
  const declared = world.namespaces.find((namespace) => namespace.name === name);
  if (declared !== undefined) return selector(scope.selector, declared.labels) ? "yes" : "no";
  const known = new Map([["kubernetes.io/metadata.name", name]]);
  const decidable = scope.selector.filter(({ key }) => known.has(key));
  if (!selector(decidable, known)) return "no";
  return decidable.length === scope.selector.length ? "yes" : "unknown";
}

function selector(requirements: Selector, labels: ReadonlyMap<string, string>): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = labels.get(key);
    if (operator === "Exists") return value !== undefined;
    if (operator === "DoesNotExist") return value === undefined;
    const listed = value !== undefined && values.includes(value);
    return operator === "In" ? listed : !listed;
  });
}

/** Traffic between a pod and its own node, hostNetwork pods there included, passes NetworkPolicies. */
function isLocal({ subject, peer, choose }: Hop): boolean {
  if (!peer.host) return false;
  const here = subject.pod?.node ?? null;
  const there = peer.pod?.node ?? peer.node?.name ?? null;
  return here === null || there === null ? choose(2) === 1 : here === there;
}

function families(a: End, b: End): readonly number[] {
  const ofA = a.addresses.map(familyOf);
  const ofB = b.addresses.map(familyOf);
  if (ofA.length === 0) return ofB.length === 0 ? [0] : ofB;
  return ofB.length === 0 ? ofA : ofA.filter((family) => ofB.includes(family));
}

function endOf(world: World, end: FlowEnd): End | null {
  const running = world.pods.filter(({ ended }) => !ended);
  const named = (pod: Pod): End => ({
    pod,
    node: world.nodes.find(({ name }) => name === pod.node) ?? null,
    host: pod.hostNetwork,
    addresses: pod.addresses,
  });
  if (end.kind === "pod") {
    const pod = running.find(({ namespace, name }) => `${namespace}/${name}` === end.key);
    return pod === undefined ? null : named(pod);
  }
  const { address } = end;
  const pod = running.find((each) => !each.hostNetwork && each.addresses.includes(address));
  if (pod !== undefined) return { ...named(pod), addresses: [address] };
  const node = world.nodes.find(({ addresses }) => addresses.includes(address)) ?? null;
  return { pod: null, node, host: node !== null, addresses: [address] };
}
