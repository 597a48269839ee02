import { z } from "zod";
import type { Effort } from "../engine/effort.ts";
import {
  POLICY_KINDS,
  type Pod,
  type Protocol,
  podKey,
  type Selection,
  workloadKey,
} from "../engine/model.ts";
import {
  intersectPorts,
  isEmptyPorts,
  type PortSet,
  pointPort,
  portSet,
  unionPorts,
} from "../engine/port-set.ts";
import type { DirectionExplanation, EngineView } from "../engine/query.ts";
import { keyName, listed } from "../rules/phrases.ts";
import { accepting, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";

/**
 * PERF: a rule is tried with so many pods at each end, until the first pair that works; if none does, with more. Of
 * even more nothing is said: a rule that opens something for one of them is in order.
 */
const MOST_PODS = [5, 2000] as const;
/** PERF: so many of each workload are tried; its pods are mostly alike. */
const PODS_PER_WORKLOAD = 2;

/** PERF: pairs that are tried for all rules together take no more than some 0.2 s. */
const MAX_EFFORT = 1_000_000;
/** What it takes to find whom a selection means, and to read one of them. */
const EFFORT_OF_SELECTION = 200;
const EFFORT_OF_POD = 10;
/** What a pair takes beside what it takes for each rule, and each port of its own. */
const EFFORT_OF_PAIR = 100;
/** Why a pair is denied takes as much as so many pairs. */
const PAIRS_PER_EXPLANATION = 50;

/** Report rules for pods whose own policies deny what the rule allows. */
export const farEndDenies = defineValidator({
  id: "far-end-denies",
  title: "The other end denies what the rule allows",
  why: "A connection needs both: an egress rule where it starts, and an ingress rule where it ends. A rule at one end alone opens nothing, and shows as a timeout.",
  fix: "Add the counterpart at the other end: egress for whom ingress is allowed, ingress for whom egress is. One end has to come first, so leave the action at `Warn`: with `Deny` neither could.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, placedRules, after, effortUpTo }): readonly Finding[] {
    if (object?.kind !== "policy") return [];
    const effort = effortUpTo(MAX_EFFORT);
    const looking = { after, effort, ofPair: EFFORT_OF_PAIR + placedRules.length };
    // PERF: every rule is about the same pods.
    const known = new Map<number, Tried>();
    const subjectsUpTo = (limit: number): Tried => {
      const subjects = known.get(limit) ?? triedOf(object.policy.subject, limit, looking);
      known.set(limit, subjects);
      return subjects;
    };
    return accepting(placedRules).flatMap((placed) =>
      placed.peers.flatMap(({ peer, paths }) => {
        if (peer.kind !== "pods") return [];
        const denied = deniedOfAll(placed, [subjectsUpTo, peer.selection], looking);
        return denied === null ? [] : [finding(placed, paths.item, denied)];
      }),
    );
  },
});

interface Looking {
  readonly after: EngineView;
  readonly effort: Effort;
  /** What a pair takes. */
  readonly ofPair: number;
}

/** A pair that the far end denies, if it denies all; null if one of them may talk, or if that takes too much. */
function deniedOfAll(
  placed: PlacedRule,
  [subjectsUpTo, peer]: readonly [(limit: number) => Tried, Selection],
  looking: Looking,
): Denied | null {
  for (const limit of MOST_PODS) {
    if (looking.effort.isUsedUp) return null;
    const subjects = subjectsUpTo(limit);
    const peers = triedOf(peer, limit, looking);
    const denied = deniedPair(placed, { subjects: subjects.pods, peers: peers.pods }, looking);
    if (denied === null || (subjects.areAll && peers.areAll)) return denied;
  }
  return null;
}

/** A pod that policies certainly apply to. */
interface PlainPod {
  readonly key: string;
  readonly ports: Pod["ports"];
}

/** The pods of a selection to try; `areAll`: there are no more. */
interface Tried {
  readonly pods: readonly PlainPod[];
  readonly areAll: boolean;
}

function triedOf(selection: Selection, limit: number, { after, effort }: Looking): Tried {
  const { sample, count } = after.select(selection, limit);
  effort.take(EFFORT_OF_SELECTION + EFFORT_OF_POD * sample.length);
  const plain = sample.filter(({ hostNetwork }) => !hostNetwork);
  const pods = [...Map.groupBy(plain, workloadKey).values()]
    .flatMap((alike) => alike.slice(0, PODS_PER_WORKLOAD))
    .map((pod) => ({ key: podKey(pod), ports: pod.ports }));
  return { pods, areAll: count <= limit };
}

interface Pair {
  readonly from: PlainPod;
  readonly to: PlainPod;
}

/** What shows that the far end denies: one pair of those that were tried. */
interface Denied {
  readonly pair: Pair;
  readonly far: DirectionExplanation;
  /** How many pods at the far end. */
  readonly tried: number;
}

function farOf({ direction }: PlacedRule, { from, to }: Pair): PlainPod {
  return direction === "egress" ? to : from;
}

/** A pair that the far end denies, if it denies all that were tried; null if one of them may talk. */
function deniedPair(
  placed: PlacedRule,
  {
    subjects,
    peers,
  }: { readonly subjects: readonly PlainPod[]; readonly peers: readonly PlainPod[] },
  { after, effort, ofPair }: Looking,
): Denied | null {
  const { direction } = placed;
  const pairs = subjects.flatMap((subject) =>
    peers
      .filter((peer) => peer.key !== subject.key)
      .map((peer) =>
        direction === "egress" ? { from: subject, to: peer } : { from: peer, to: subject },
      ),
  );
  for (const { from, to } of pairs) {
    if (!effort.take(ofPair + placed.ports.length)) return null;
    const { allowed, unknown } = after.portsBetween(from.key, to.key);
    const open = unionPorts(allowed, unknown);
    // PERF: where nothing is open the ports of the rule need not be worked out.
    if (isEmptyPorts(open)) continue;
    if (!isEmptyPorts(intersectPorts(open, portsOf(placed, to) ?? open))) return null;
  }
  const [pair] = pairs;
  if (pair === undefined || !effort.take(PAIRS_PER_EXPLANATION * ofPair)) return null;
  const { protocol, port } = portFor(placed, pair.to);
  const { egress, ingress } = after.explain({
    from: { kind: "pod", key: pair.from.key },
    to: { kind: "pod", key: pair.to.key },
    protocol,
    port,
  });
  const far = direction === "egress" ? ingress : egress;
  // Denied at our own end: a higher tier, or a named port that the pod does not have.
  if (far.verdict !== "denied") return null;
  return { pair, far, tried: new Set(pairs.map((one) => farOf(placed, one).key)).size };
}

/** The ports of a rule at that destination; null: all. */
function portsOf({ rule: { ports } }: PlacedRule, { ports: container }: PlainPod): PortSet | null {
  if (ports === "all") return null;
  return portSet(
    ports.flatMap((port) => {
      if (port.kind === "range") return [port];
      return container
        .filter(
          ({ name, protocol }) => name === port.name && (port.protocol ?? protocol) === protocol,
        )
        .map(({ protocol, port: number }) => ({ protocol, first: number, last: number }));
    }),
  );
}

function portFor(
  placed: PlacedRule,
  to: PlainPod,
): { readonly protocol: Protocol; readonly port: number } {
  const [point] = portsOf(placed, to)?.bounds ?? [];
  return point === undefined
    ? { protocol: "TCP", port: to.ports[0]?.port ?? 80 }
    : pointPort(point);
}

const WORDS = {
  ingress: { one: "lets none of these pods in", any: "lets these pods in" },
  egress: { one: "may not go out to these pods", any: "may go out to these pods" },
} as const;

function finding(placed: PlacedRule, path: string, { pair, far, tried }: Denied): Finding {
  const peer = `\`${farOf(placed, pair).key}\``;
  const { one, any } = WORDS[far.direction];
  const who =
    tried === 1
      ? `${peer} ${one}`
      : `none of ${tried} pods that were tried, such as ${peer}, ${any}`;
  const by = far.causes.flatMap(({ policy }) => (policy === null ? [] : [keyName(policy)]));
  const because = by.length === 0 ? "" : ` (${listed([...new Set(by)])})`;
  return {
    path,
    message: `opens nothing: ${who}${because}`,
    help: `add the ${far.direction} rule at the other end`,
  };
}
