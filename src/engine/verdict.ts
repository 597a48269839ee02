import { familyOf } from "./address.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import {
  type EndpointClass,
  type FlowFamily,
  flowFamilies,
  type Match,
  NO,
  PERHAPS,
  type PodRecord,
  YES,
} from "./endpoint-class.ts";
import { ALLOW, DENY, type Outcomes } from "./fold.ts";
import { isClosed, type Outcome, outcomesAt } from "./outcome.ts";
import { hasPoint, portPoint } from "./port-set.ts";
import type { Flow, FlowEnd, Verdict } from "./query.ts";
import { outcomeFor } from "./row.ts";

/** An end as the index knows it; `record` is null for addresses that no pod or node has. */
export interface ResolvedEnd {
  readonly record: PodRecord | null;
  readonly cls: EndpointClass;
}

/** Undefined: no running pod has this key. */
export function resolveEnd(index: ClusterIndex, end: FlowEnd): ResolvedEnd | undefined {
  if (end.kind === "pod") return asEnd(index.inventory.pod(end.key));
  const record = index.inventory.at(end.address);
  if (record !== undefined) return asEnd(record);
  return { record: null, cls: index.selectors.partition.atoms.find(end.address).outside };
}

function asEnd(record: PodRecord | undefined): ResolvedEnd | undefined {
  return record === undefined ? undefined : { record, cls: record.cls };
}

/** The verdict on a flow, both ends and all families considered. */
export function verdictOf(index: ClusterIndex, flow: Flow): Verdict {
  const point = portPoint(flow.protocol, flow.port);
  // PERF: nearly all questions are about two pods with one address each; this way allocates nothing.
  if (flow.from.kind === "pod" && flow.to.kind === "pod") {
    const from = index.inventory.slotOf(flow.from.key);
    const to = index.inventory.slotOf(flow.to.key);
    if (from === undefined || to === undefined) return "unknown";
    const verdict = index.glance.verdict(from, to) ?? plainVerdict(index, from, to, point);
    if (verdict !== null) return verdict;
  }
  const from = resolveEnd(index, flow.from);
  const to = resolveEnd(index, flow.to);
  if (from === undefined || to === undefined) return "unknown";
  // A pod cannot block access to itself (concept page, "Isolation").
  if (from.record !== null && from.record === to.record) return "allowed";
  const verdicts = familiesOf(flow, from, to).map((family) =>
    both(
      directionVerdict(index, { subject: from, peer: to, direction: "egress", family }, point),
      directionVerdict(index, { subject: to, peer: from, direction: "ingress", family }, point),
    ),
  );
  return agree(verdicts);
}

/** The families a flow may be of: those both ends have, and of an end given as an address its own. */
export function familiesOf(flow: Flow, from: ResolvedEnd, to: ResolvedEnd): readonly FlowFamily[] {
  const given = [flow.from, flow.to].flatMap((end) =>
    end.kind === "address" ? [familyOf(end.address)] : [],
  );
  return flowFamilies(from.cls, to.cls).filter((family) => given.every((each) => each === family));
}

/** One direction of a flow, from its subject's side. */
export interface Side {
  readonly subject: ResolvedEnd;
  readonly peer: ResolvedEnd;
  readonly direction: "ingress" | "egress";
  readonly family: FlowFamily;
}

/** What the policies of one end say. */
export function directionVerdict(index: ClusterIndex, side: Side, point: number): Verdict {
  const { subject, peer, direction, family } = side;
  const destination = direction === "egress" ? peer.cls : subject.cls;
  const row = index.rows.rowOf(subject.cls, direction);
  if (!peer.cls.host) {
    return pointVerdict(outcomeFor(row, peer.cls, destination, family), point);
  }
  const local = localMatch(subject, peer);
  return outcomesVerdict(outcomesAt(row, { peer: peer.cls, destination, family, local }, point));
}

/** How surely the ends are on one node; asked only of peers that are a node or on its network. */
export function localMatch(subject: ResolvedEnd, peer: ResolvedEnd): Match {
  const here = subject.record?.pod.node;
  const there = peer.record?.pod.node;
  if (subject.record === null || peer.record === null) return NO;
  if (here === null || there === null) return PERHAPS;
  return here === there ? YES : NO;
}

/** Several families, one answer: unknown where they differ, denied where there is none in common. */
export function agree(verdicts: readonly Verdict[]): Verdict {
  const [first] = verdicts;
  if (first === undefined) return "denied";
  return verdicts.every((verdict) => verdict === first) ? first : "unknown";
}

/** A flow needs both its ends. */
export function both(egress: Verdict, ingress: Verdict): Verdict {
  if (egress === "denied" || ingress === "denied") return "denied";
  return egress === "allowed" && ingress === "allowed" ? "allowed" : "unknown";
}

function outcomesVerdict(outcomes: Outcomes): Verdict {
  return outcomes === ALLOW ? "allowed" : outcomes === DENY ? "denied" : "unknown";
}

/** The verdict on two pods, by their slots, that have one address each, of the same family; else null. */
function plainVerdict(
  index: ClusterIndex,
  from: number,
  to: number,
  point: number,
): Verdict | null {
  const source = index.inventory.podIn(from)?.cls;
  const target = index.inventory.podIn(to)?.cls;
  if (from === to || source === undefined || target === undefined) return null;
  const family = source.plain;
  if (family === 0 || family !== target.plain) return null;
  const out = index.rows.rowOf(source, "egress");
  const egress = pointVerdict(outcomeFor(out, target, target, family), point);
  index.glance.learn(out);
  if (egress === "denied") return egress;
  const into = index.rows.rowOf(target, "ingress");
  const ingress = pointVerdict(outcomeFor(into, source, target, family), point);
  index.glance.learn(into);
  return both(egress, ingress);
}

function pointVerdict(outcome: Outcome, point: number): Verdict {
  if (isClosed(outcome)) return "denied";
  if (hasPoint(outcome.allowed, point)) return "allowed";
  return hasPoint(outcome.unknown, point) ? "unknown" : "denied";
}
