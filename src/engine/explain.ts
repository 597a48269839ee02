import { acrossFamilies, distinctCauses, FAMILIES_DIFFER } from "./across-families.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import { type CompiledRule, hasPart, rank } from "./compile.ts";
import { type Match, NO, PERHAPS, YES } from "./endpoint-class.ts";
import { foldTiers } from "./fold.ts";
import { type Direction, policyKey } from "./model.ts";
import { pointPort, portPoint } from "./port-set.ts";
import type {
  Cause,
  CauseCode,
  DirectionExplanation,
  Explanation,
  FamilyExplanation,
  Flow,
  PolicyStep,
  RuleStep,
  Verdict,
} from "./query.ts";
import { type Ends, peerMatch, ruleMatch } from "./rule-match.ts";
import { selectingPolicies, tiersOf } from "./tiers.ts";
import {
  agree,
  both,
  directionVerdict,
  familiesOf,
  localMatch,
  type ResolvedEnd,
  resolveEnd,
  type Side,
} from "./verdict.ts";

/** Every policy and rule that took part in a verdict, both directions, with the causes. */
export function explainFlow(index: ClusterIndex, flow: Flow): Explanation {
  const from = resolveEnd(index, flow.from);
  const to = resolveEnd(index, flow.to);
  if (from === undefined || to === undefined) return unresolved(flow, "unknown", "no-such-pod");
  if (from.record !== null && from.record === to.record) {
    return unresolved(flow, "allowed", "same-pod");
  }
  const point = portPoint(flow.protocol, flow.port);
  const families = familiesOf(flow, from, to).map((family): FamilyExplanation => {
    const out: Side = { subject: from, peer: to, direction: "egress", family };
    const into: Side = { subject: to, peer: from, direction: "ingress", family };
    const egress = explainSide(index, out, point);
    const ingress = explainSide(index, into, point);
    return { family, verdict: both(egress.verdict, ingress.verdict), egress, ingress };
  });
  const [first, ...others] = families;
  if (first === undefined) return unresolved(flow, "denied", "no-common-family");
  const verdict = agree(families.map((each) => each.verdict));
  const causes =
    verdict === first.verdict
      ? [...decisive("egress", families), ...decisive("ingress", families)]
      : [FAMILIES_DIFFER];
  const egress = acrossFamilies([first.egress, ...others.map((each) => each.egress)]);
  const ingress = acrossFamilies([first.ingress, ...others.map((each) => each.ingress)]);
  return { flow, verdict, causes, egress, ingress, families };
}

/** The causes at one end where it makes the verdict what it is. */
function decisive(direction: Direction, families: readonly FamilyExplanation[]): readonly Cause[] {
  const sides = families.filter((each) => each[direction].verdict === each.verdict);
  return distinctCauses(sides.flatMap((each) => each[direction].causes));
}

function unresolved(flow: Flow, verdict: Verdict, code: CauseCode): Explanation {
  const causes = [cause(code)];
  const side = { verdict, isolated: false, causes, steps: [] };
  return {
    flow,
    verdict,
    causes,
    egress: { direction: "egress", ...side },
    ingress: { direction: "ingress", ...side },
    families: [],
  };
}

function explainSide(index: ClusterIndex, side: Side, point: number): DirectionExplanation {
  const { subject, peer, direction, family } = side;
  const policies = selectingPolicies(subject.cls)
    .filter(({ policy }) => hasPart(policy[direction]))
    .toSorted((a, b) => rank(a.policy) - rank(b.policy) || (a.policy.key < b.policy.key ? -1 : 1));
  const destination = direction === "egress" ? peer.cls : subject.cls;
  const local = peer.cls.host ? localMatch(subject, peer) : NO;
  const ends: Ends = { peer: peer.cls, destination, family, local };
  const asked = new Set<CompiledRule>();
  foldTiers(
    tiersOf(selectingPolicies(subject.cls), direction).tiers,
    (rule) => {
      asked.add(rule);
      return ruleMatch(rule, ends, point);
    },
    local,
  );
  // The rules of NetworkPolicies are a union: they are asked all together, each content once.
  const unionAsked = [...asked].some(({ policy }) => policy.tier === "NetworkPolicy");
  const steps = policies.map(({ policy }): PolicyStep => {
    const { isolates, rules } = policy[direction];
    const inUnion = policy.policy.tier === "NetworkPolicy";
    return {
      policy: policy.policy,
      isolates,
      rules: rules.map((rule): RuleStep => {
        const reached = inUnion ? isolates && unionAsked : asked.has(rule);
        return {
          path: rule.path,
          action: rule.action,
          outcome: outcome(rule, ends, point),
          reached,
        };
      }),
    };
  });
  const verdict = directionVerdict(index, side, point);
  const isolated = steps.some(({ isolates }) => isolates);
  const facts = { verdict, steps, local, ends, subject, point, index };
  return { direction, verdict, isolated, causes: causesOf(facts), steps };
}

function outcome(rule: CompiledRule, ends: Ends, point: number): RuleStep["outcome"] {
  const match = ruleMatch(rule, ends, point);
  if (match === YES) return "matches";
  if (match === PERHAPS) return "unknown";
  return peerMatch(rule, ends.peer, ends.family) === NO ? "other-peer" : "other-port";
}

interface SideFacts {
  readonly verdict: Verdict;
  readonly steps: readonly PolicyStep[];
  readonly local: Match;
  readonly ends: Ends;
  readonly subject: ResolvedEnd;
  readonly point: number;
  readonly index: ClusterIndex;
}

function causesOf(facts: SideFacts): readonly Cause[] {
  switch (facts.verdict) {
    case "allowed":
      return whyAllowed(facts);
    case "denied":
      return whyDenied(facts);
    case "unknown":
      return whyUnknown(facts);
  }
}

function whyAllowed({ steps, local, subject }: SideFacts): readonly Cause[] {
  if (subject.cls.namespace === null) return [cause("address-has-no-policies")];
  const accepting = ruleCauses(steps, "matches", "Accept", "rule-accepts");
  if (accepting.length > 0) return accepting;
  const passing = ruleCauses(steps, "matches", "Pass", "rule-passes");
  if (local === YES) return [cause("node-local"), ...passing];
  return [cause(steps.length === 0 ? "not-isolated" : "default-allow"), ...passing];
}

function whyDenied({ steps }: SideFacts): readonly Cause[] {
  const denying = ruleCauses(steps, "matches", "Deny", "rule-denies");
  if (denying.length > 0) return denying;
  return steps
    .filter(({ isolates }) => isolates)
    .map(({ policy }) =>
      cause(policy.readable ? "no-rule-matches" : "unreadable-policy", policyKey(policy)),
    );
}

function whyUnknown(facts: SideFacts): readonly Cause[] {
  const { steps, ends, subject, point, index } = facts;
  const perhaps = ruleCauses(steps, "unknown", null, reasonOf(ends));
  const conflicting = equalPriority(steps);
  if (conflicting.length > 0) return conflicting;
  if (subject.cls.host) return [cause("host-network"), ...perhaps];
  if (perhaps.length > 0) return perhaps;
  if (ends.local === PERHAPS) return [cause("node-local")];
  const sctp = pointPort(point).protocol === "SCTP" && index.dataplane.sctp === "unknown";
  return [cause(sctp ? "sctp-support" : reasonOf(ends))];
}

/** What about the ends makes a rule match only perhaps. */
function reasonOf({ peer, destination }: Ends): CauseCode {
  if (peer.host) return peer.namespace === null ? "node-address" : "host-network";
  if (peer.kind === "pod" && peer.atoms.length === 0) return "pod-without-address";
  if (destination.kind === "address") return "named-port-unresolved";
  return "namespace-unknown";
}

/** Rules of one tier and priority that match and disagree: nobody can know which one wins. */
function equalPriority(steps: readonly PolicyStep[]): readonly Cause[] {
  const first = steps.flatMap(({ policy, rules }) => {
    const rule = rules.find(({ reached, outcome: found }) => reached && found === "matches");
    return rule === undefined || policy.tier === "NetworkPolicy" ? [] : [{ policy, rule }];
  });
  const rivals = first.filter((one) =>
    first.some(
      (other) =>
        other.policy.tier === one.policy.tier &&
        other.policy.priority === one.policy.priority &&
        other.rule.action !== one.rule.action,
    ),
  );
  return rivals.map(({ policy, rule }) => cause("equal-priority", policyKey(policy), rule.path));
}

/** The first rule of each policy, or for NetworkPolicies each rule, that was reached with `found`. */
function ruleCauses(
  steps: readonly PolicyStep[],
  found: RuleStep["outcome"],
  action: RuleStep["action"] | null,
  code: CauseCode,
): readonly Cause[] {
  return steps.flatMap(({ policy, rules }) =>
    rules
      .filter(
        (rule) =>
          rule.reached && rule.outcome === found && (action === null || rule.action === action),
      )
      .slice(0, policy.tier === "NetworkPolicy" ? undefined : 1)
      .map((rule) => cause(code, policyKey(policy), rule.path)),
  );
}

function cause(code: CauseCode, policy: string | null = null, path: string | null = null): Cause {
  return { code, policy, path };
}
