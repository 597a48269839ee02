import { familyOf, mergeRanges } from "./address.ts";
import type { Dataplane } from "./dataplane.ts";
import {
  type Action,
  type AddressRange,
  type Direction,
  type DirectionRules,
  type Peer,
  type Policy,
  type PortMatch,
  type PortRange,
  type Rule,
  TIERS,
} from "./model.ts";
import { type PortSet, PROTOCOLS, portPoint, portSet } from "./port-set.ts";
import type { Mention, Reading, SelectorEntry, SelectorIndex } from "./selector-index.ts";

/** A rule over interned selectors. `null` is "all". */
export interface CompiledRule {
  readonly action: Action;
  readonly peers: readonly SelectorEntry[] | null;
  /** The same peers as a set; null if they are so few that going through them is faster. */
  readonly peerSet: ReadonlySet<SelectorEntry> | null;
  readonly ports: PortSet | null;
  /** Ports that only the destination pod can resolve, by `namedPortKey`; they count beside `ports`. */
  readonly names: ReadonlySet<string>;
  readonly path: string;
  readonly policy: Policy;
  /** Rules with the same content decide alike. */
  readonly content: string;
}

export interface CompiledDirection {
  readonly isolates: boolean;
  readonly rules: readonly CompiledRule[];
  readonly content: string;
  /** Whether a rule names ports. */
  readonly usesNames: boolean;
}

export interface CompiledPolicy {
  readonly policy: Policy;
  readonly key: string;
  readonly subject: SelectorEntry;
  readonly ingress: CompiledDirection;
  readonly egress: CompiledDirection;
  /** The port names that the rules mention, and what many selectors do, so that classes are told apart by it. */
  readonly mentions: readonly Mention[];
  /** Addresses that several rules mention, all together. */
  readonly ranges: readonly AddressRange[];
}

/** Report whether a direction of a policy can make a difference to the pods it selects. */
export function hasPart({ isolates, rules }: CompiledDirection): boolean {
  return isolates || rules.length > 0;
}

/** Where a policy stands among others: the lower decide first. Priorities have at most four digits. */
export function rank({ policy: { tier, priority } }: CompiledPolicy): number {
  return TIERS.indexOf(tier) * 10_000 + priority;
}

/** Report whether two versions of a policy say the same in a direction to the same pods. */
export function sayTheSame(a: CompiledPolicy, b: CompiledPolicy, direction: Direction): boolean {
  return (
    a.subject === b.subject &&
    a.policy.tier === b.policy.tier &&
    a.policy.priority === b.policy.priority &&
    a[direction].isolates === b[direction].isolates &&
    a[direction].content === b[direction].content
  );
}

/** Bind a policy to the index; what it mentions refines the partition. `unbindPolicy` undoes it. */
export function bindPolicy(
  policy: Policy,
  key: string,
  selectors: SelectorIndex,
  dataplane: Dataplane,
): CompiledPolicy {
  const mentions = selectors.mention(selectorsOf(policy), portFactsOf(policy));
  const blocks = blocksOf(policy);
  // PERF: all at once; a rule alone mentions its own.
  const ranges = blocks.length < 2 ? [] : blocks.flat();
  selectors.partition.mentionRanges(ranges);
  const bind = ({ isolates, rules }: DirectionRules): CompiledDirection => {
    const compiled = rules.map((rule) => bindRule(rule, policy, selectors, dataplane));
    const usesNames = compiled.some(({ names }) => names.size > 0);
    return { isolates, rules: compiled, content: contentOf(compiled), usesNames };
  };
  return {
    policy,
    key,
    subject: selectors.acquire({ kind: "pods", selection: policy.subject }, readingOf(policy)),
    ingress: bind(policy.ingress),
    egress: bind(policy.egress),
    mentions,
    ranges,
  };
}

/** The rules of a policy, in their order, as text. */
export function contentOf(rules: readonly CompiledRule[]): string {
  return rules.map(({ content }) => content).join("\n");
}

/** Give back every selector that the policy was bound to. */
export function unbindPolicy(compiled: CompiledPolicy, selectors: SelectorIndex): void {
  selectors.release(compiled.subject);
  for (const { rules } of [compiled.ingress, compiled.egress]) {
    for (const rule of rules) for (const peer of rule.peers ?? []) selectors.release(peer);
  }
  selectors.forget(compiled.mentions);
  selectors.partition.releaseRanges(compiled.ranges);
}

/** The points of the port line at which the answer of these rules may change. */
export function cutPoints(rules: readonly CompiledRule[]): Set<number> {
  const cuts = new Set(PROTOCOLS.map((protocol) => portPoint(protocol, 1)));
  for (const { ports } of rules) {
    for (const [index, bound] of (ports?.bounds ?? []).entries()) {
      cuts.add(index % 2 === 0 ? bound : bound + 1);
    }
  }
  return cuts;
}

/** How the selectors of a policy are to be read. */
export function readingOf({ tier }: Policy): Reading {
  return tier === "NetworkPolicy" ? "dataplane" : "defined";
}

function bindRule(
  rule: Rule,
  policy: Policy,
  selectors: SelectorIndex,
  dataplane: Dataplane,
): CompiledRule {
  const reading = readingOf(policy);
  const peers =
    rule.peers === "all"
      ? null
      : unitePeers(rule.peers).map((peer) => selectors.acquire(peer, reading));
  const ports = rule.ports === "all" ? null : portSet(rangesOf(rule.ports, dataplane));
  const named = rule.ports === "all" ? [] : rule.ports.filter((port) => port.kind === "named");
  const names = new Set(named.map(namedPortKey));
  const content = `${rule.action} ${peersKey({ peers })} ${portsKey({ ports, names })}`;
  const peerSet = peers === null || peers.length < MANY ? null : new Set(peers);
  return { action: rule.action, peers, peerSet, ports, names, path: rule.path, policy, content };
}

const MANY = 16;

/** The peers of a rule as text, whatever their order. */
export function peersKey({ peers }: Pick<CompiledRule, "peers">): string {
  if (peers === null) return "*";
  if (peers.length < 2) return String(peers[0]?.id ?? "");
  const ids = new Set(peers.map(({ id }) => id));
  return [...ids].toSorted((a, b) => a - b).join();
}

/** The ports of a rule as text, whatever their order. */
export function portsKey({ ports, names }: Pick<CompiledRule, "ports" | "names">): string {
  return `${ports?.key ?? "*"} ${[...names].toSorted().join()}`;
}

type NamedPort = Pick<Extract<PortMatch, { readonly kind: "named" }>, "protocol" | "name">;

/** A port by its name and protocol, `null` for any, as text. */
export function namedPortKey({ protocol, name }: NamedPort): string {
  return `${protocol ?? "*"}/${name}`;
}

/**
 * The peers with all address blocks of a family made one. PERF: how a class matches is looked up for
 * each selector of a rule, and people write lists of thousands of addresses.
 */
function unitePeers(peers: readonly Peer[]): readonly Peer[] {
  if (peers.length < 2) return peers;
  const blocks = peers.filter((peer) => peer.kind === "addresses");
  if (blocks.length < 2) return peers;
  const byFamily = Map.groupBy(
    blocks.flatMap((block) => block.ranges),
    ({ first }) => familyOf(first),
  );
  return [
    ...peers.filter(({ kind }) => kind !== "addresses"),
    ...[...byFamily.values()].map((of): Peer => ({ kind: "addresses", ranges: mergeRanges(of) })),
  ];
}

/** A dataplane without endPort support applies only `port` (NetworkPolicyPort.endPort, concept page). */
function rangesOf(ports: readonly PortMatch[], { endPort }: Dataplane): readonly PortRange[] {
  const ranges = ports.filter((port) => port.kind === "range");
  return endPort ? ranges : ranges.map((port) => ({ ...port, last: port.first }));
}

/** The addresses of each rule that has some. */
export function blocksOf({ ingress, egress }: Policy): readonly (readonly AddressRange[])[] {
  return [...ingress.rules, ...egress.rules].flatMap(({ peers }) => {
    const blocks = peers === "all" ? [] : peers.filter((peer) => peer.kind === "addresses");
    return blocks.length === 0 ? [] : [blocks.flatMap(({ ranges }) => ranges)];
  });
}

/** The selectors of pods and nodes, with the subject's. */
function selectorsOf({ subject, ingress, egress }: Policy): readonly Peer[] {
  const peers = [...ingress.rules, ...egress.rules].flatMap((rule) =>
    rule.peers === "all" ? [] : rule.peers.filter(({ kind }) => kind !== "addresses"),
  );
  return [{ kind: "pods", selection: subject }, ...peers];
}

function portFactsOf(policy: Policy): readonly string[] {
  const facts: string[] = [];
  for (const { rules } of [policy.ingress, policy.egress]) {
    for (const { ports } of rules) {
      for (const port of ports === "all" ? [] : ports) {
        if (port.kind === "named") facts.push(`:${port.name}`);
      }
    }
  }
  return facts;
}
