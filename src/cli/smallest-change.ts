import { formatRange } from "../engine/address.ts";
import {
  type Direction,
  type Labels,
  NAME_LABEL,
  type Policy,
  policyKey,
} from "../engine/model.ts";
import type { DirectionExplanation, Explanation, Flow, FlowEnd } from "../engine/query.ts";
import { parseNetworkPolicy } from "../wire/network-policy.ts";
import { field, isObject, listAt } from "../wire/shape.ts";
import type { SourcePolicy, World } from "./sources/world.ts";

/** What to write where, so that a flow which is denied would be allowed. */
export interface Amendment {
  /** `policyKey` of the policy, which need not exist. */
  readonly policy: string;
  /** The list that grows: `spec.ingress`, `spec.ingress[0].ports`; empty for a whole new policy. */
  readonly path: string;
  /** What is added there. */
  readonly add: unknown;
}

/**
 * The amendments with which, and with nothing else, the flow would be allowed over every address family:
 * this has been tried, and each is needed. Null if no family denies the flow, or if no such amendments are
 * found.
 */
export function smallestChange(
  { flow, families, ...walk }: Explanation,
  world: World,
): readonly Amendment[] | null {
  if (!families.some(({ verdict }) => verdict === "denied")) return null;
  const draft: Draft = { engine: world.engine, policies: new Map(world.policies) };
  const amended = (["egress", "ingress"] as const).flatMap((direction) => {
    const sides = families.map((family) => family[direction]);
    const denied = sides.find(({ verdict }) => verdict === "denied");
    // By the steps of all families: a rule that has the peer over one of them alone is not the one to widen.
    const { steps } = walk[direction];
    return denied === undefined ? [] : [amend({ ...denied, steps }, flow, draft)];
  });
  const changes = amended.flatMap((one) => one?.parsed.policy ?? []);
  if (changes.length < amended.length) return null;
  const upserts = changes.map((object) => ({ kind: "policy", op: "upsert", object }) as const);
  const proven = world.engine.preview(upserts, (after) => after.verdict(flow)) === "allowed";
  return proven ? amended.flatMap((one) => one?.amendment ?? []) : null;
}

/** The world with what has been amended so far: both directions may be amended in one policy. */
interface Draft {
  readonly engine: World["engine"];
  readonly policies: Map<string, Pick<SourcePolicy, "manifest" | "policy">>;
}

interface Amended {
  readonly amendment: Amendment;
  readonly parsed: Pick<SourcePolicy, "manifest" | "policy">;
}

/**
 * The first of what may do with which this direction lets the flow through, which is noted in the draft. Null where
 * a rule denies: whether that rule is right is not for a tool to say.
 */
function amend(side: DirectionExplanation, flow: Flow, draft: Draft): Amended | null {
  if (!side.causes.every(({ code }) => code === "no-rule-matches")) return null;
  for (const make of [addPort, addRule, addPolicy]) {
    const amended = make(side, flow, draft);
    if (amended === null) continue;
    const { policy: object } = amended.parsed;
    const upsert = { kind: "policy", op: "upsert", object } as const;
    const after = draft.engine.preview([upsert], (view) => view.explain(flow)[side.direction]);
    if (after.verdict !== "allowed") continue;
    draft.policies.set(policyKey(object), amended.parsed);
    return amended;
  }
  return null;
}

/** Add the port to a rule that has the peer already. */
function addPort(
  { steps, direction }: DirectionExplanation,
  flow: Flow,
  draft: Draft,
): Amended | null {
  for (const { policy, rules } of steps) {
    const rule = rules.find(({ outcome }) => outcome === "other-port");
    if (rule === undefined || policy.tier !== "NetworkPolicy") continue;
    const path = `${rule.path}.ports`;
    return amendment(draft, policy, { path, add: portOf(flow) }, (spec) =>
      withRule(spec, direction, (list) =>
        list.map((one, index) =>
          rule.path === `spec.${direction}[${index}]` && isObject(one)
            ? { ...one, ports: [...listAt(one["ports"]), portOf(flow)] }
            : one,
        ),
      ),
    );
  }
  return null;
}

/** Add a rule to a policy that is about these pods, not about a whole namespace. */
function addRule(
  { steps, direction }: DirectionExplanation,
  flow: Flow,
  draft: Draft,
): Amended | null {
  const own = steps
    .map(({ policy }) => policy)
    .filter(
      ({ tier, readable, subject }) =>
        tier === "NetworkPolicy" && readable && subject.pods.length > 0,
    )
    .toSorted((a, b) => b.subject.pods.length - a.subject.pods.length);
  const [policy] = own;
  if (policy === undefined) return null;
  const rule = ruleFor(direction, flow, policy.namespace, draft);
  return amendment(draft, policy, { path: `spec.${direction}`, add: rule }, (spec) =>
    withRule(spec, direction, (list) => [...list, rule]),
  );
}

/** Add a policy for the subject alone, beside one for its whole namespace. */
function addPolicy({ direction }: DirectionExplanation, flow: Flow, draft: Draft): Amended | null {
  const subject = direction === "egress" ? flow.from : flow.to;
  const pod = subject.kind === "pod" ? draft.engine.pod(subject.key) : undefined;
  if (pod === undefined) return null;
  const { namespace, workload } = pod;
  const raw = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: `${workload.name}-${direction}`, namespace },
    spec: {
      podSelector: selectorFor(pod.labels),
      policyTypes: [direction === "egress" ? "Egress" : "Ingress"],
      [direction]: [ruleFor(direction, flow, namespace, draft)],
    },
  };
  const read = parseNetworkPolicy(raw);
  if (!read.ok) return null;
  const key = policyKey(read.value.policy);
  return draft.policies.has(key)
    ? null
    : { amendment: { policy: key, path: "", add: raw }, parsed: read.value };
}

function amendment(
  draft: Draft,
  policy: Policy,
  { path, add }: Omit<Amendment, "policy">,
  change: (spec: Readonly<Record<string, unknown>>) => unknown,
): Amended | null {
  const key = policyKey(policy);
  const manifest: unknown = draft.policies.get(key)?.manifest;
  const spec = field(manifest, "spec");
  if (!isObject(manifest) || !isObject(spec)) return null;
  const read = parseNetworkPolicy({ ...manifest, spec: change(spec) }, policy.namespace);
  return read.ok ? { amendment: { policy: key, path, add }, parsed: read.value } : null;
}

function withRule(
  spec: Readonly<Record<string, unknown>>,
  direction: Direction,
  change: (rules: readonly unknown[]) => readonly unknown[],
): object {
  return { ...spec, [direction]: change(listAt(spec[direction])) };
}

function portOf({ protocol, port }: Flow): object {
  return { protocol, port };
}

function ruleFor(direction: Direction, flow: Flow, namespace: string, draft: Draft): object {
  const peer = direction === "egress" ? flow.to : flow.from;
  const peers = [peerFor(peer, namespace, draft)];
  return direction === "egress"
    ? { to: peers, ports: [portOf(flow)] }
    : { from: peers, ports: [portOf(flow)] };
}

function peerFor(end: FlowEnd, namespace: string, draft: Draft): object {
  const pod = end.kind === "pod" ? draft.engine.pod(end.key) : undefined;
  if (pod !== undefined) {
    const podSelector = selectorFor(pod.labels);
    if (pod.namespace === namespace) return { podSelector };
    const matchLabels = { [NAME_LABEL]: pod.namespace };
    return { namespaceSelector: { matchLabels }, podSelector };
  }
  const address = end.kind === "address" ? end.address : 0n;
  return { ipBlock: { cidr: formatRange({ first: address, last: address }) } };
}

/** Labels that controllers put on, different with every roll-out or on every pod. */
const FLEETING =
  /^(?:pod-template-(?:hash|generation)|controller-revision-hash|(?:statefulset|apps)\.kubernetes\.io\/.*|.*controller-uid|.*job-name)$/;
/** Labels that say what a pod is, in the order in which people select on them. */
const NAMING = ["app.kubernetes.io/name", "app.kubernetes.io/component", "app", "k8s-app", "name"];

/** The labels by which people would select the pod. */
function selectorFor(labels: Labels): object {
  const lasting = [...labels].filter(([key]) => !FLEETING.test(key));
  const naming = lasting.filter(([key]) => NAMING.includes(key));
  const chosen = naming.length > 0 ? naming : lasting;
  return chosen.length === 0 ? {} : { matchLabels: Object.fromEntries(chosen) };
}
