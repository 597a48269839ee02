import { policyKey } from "../engine/model.ts";
import type { Engine } from "../engine/query.ts";
import { type Problem, unreachable } from "../errors.ts";
import { keysNeededBy } from "../resources/baseline-variables.ts";
import type { Invariant } from "../resources/invariant.ts";
import type { Resource } from "../resources/resource.ts";
import { resourceProblem } from "../resources/resource-problem.ts";
import { endsWithoutPods } from "../rules/ends-without-pods.ts";
import { baselinesChosenWith, type ChosenBaseline } from "./chosen-baselines.ts";
import type { ResourceNotice } from "./decision.ts";
import { judgeBaselines } from "./judge-baselines.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a resource that can be used will do. */
interface ResourceEffects {
  /** What it must not do. */
  readonly problems: readonly Problem[];
  /** What its author should know. */
  readonly notices: readonly ResourceNotice[];
}

/** What a usable resource will do once it is there. */
export async function effectsOf(
  resource: Resource,
  deadline: number,
  around: Surroundings,
): Promise<ResourceEffects> {
  switch (resource.kind) {
    case "Profile":
    case "Baseline":
      return effectsOfBaselines(baselinesChosenWith(resource, around), deadline, around);
    case "Exemption": {
      const { expiresMs: endMs } = resource;
      return { problems: [], notices: endMs <= around.now() ? [{ kind: "expired", endMs }] : [] };
    }
    case "Invariant":
      return { problems: [], notices: noticesOfInvariant(resource, around.cluster.engine) };
    default:
      return unreachable(resource);
  }
}

/** PERF: a warning names two groups of flows; the rest is counted. */
const NAMED_GROUPS = 2;

function noticesOfInvariant(invariant: Invariant, engine: Engine): readonly ResourceNotice[] {
  const paths = endsWithoutPods(invariant, engine);
  const claim = engine.hold(invariant.claim);
  try {
    const { certain: flows } = engine.breaches(claim, NAMED_GROUPS);
    return [
      ...(paths.length === 0 ? [] : [{ kind: "no-pods", paths } as const]),
      ...(flows.groups.length === 0
        ? []
        : [{ kind: "broken", sense: invariant.claim.sense, flows } as const]),
    ];
  } finally {
    engine.release(claim);
  }
}

async function effectsOfBaselines(
  chosen: readonly ChosenBaseline[],
  deadline: number,
  around: Surroundings,
): Promise<ResourceEffects> {
  const { findings, isWhole } = await judgeBaselines(chosen, deadline, around);
  const policies = chosen.flatMap((one) => replacedBy(one, around));
  const namespaces = chosen.flatMap((one) => lacking(one, around));
  const of = (wanted: "Deny" | "Warn"): typeof findings =>
    findings.filter(({ action }) => action === wanted);
  return {
    problems: of("Deny").map(({ ruleId, finding: { message, why = "" } }) =>
      resourceProblem(ruleId, `${message}; why: ${why}`),
    ),
    notices: [
      ...of("Warn").map((finding) => ({ kind: "breaks", finding }) as const),
      ...(isWhole ? [] : [{ kind: "not-judged-whole" } as const]),
      ...(policies.length === 0 ? [] : [{ kind: "replaces", policies } as const]),
      ...(namespaces.length === 0 ? [] : [{ kind: "cannot-be-made", namespaces } as const]),
    ],
  };
}

/** Policies of a namespace's own that have the name of one of its Baseline. */
function replacedBy(
  { namespace: { name: namespace }, baseline }: ChosenBaseline,
  { cluster: { engine }, baselines }: Surroundings,
): readonly string[] {
  const ofBaseline = baselines.policiesIn(namespace);
  return baseline.policies.flatMap(({ name }) => {
    const key = policyKey({ kind: "NetworkPolicy", namespace, name });
    const isOwn = !ofBaseline.includes(name) && engine.policy(key) !== undefined;
    return isOwn ? [`${namespace}/${name}`] : [];
  });
}

/** The namespace, where it lacks what its Baseline is made with. */
function lacking(
  { namespace: { name, labels }, baseline }: ChosenBaseline,
  { baselines }: Surroundings,
): readonly string[] {
  const needed = keysNeededBy(baseline);
  const annotations = baselines.annotationsOf(name);
  const isThere =
    needed.labels.every((key) => labels.has(key)) &&
    needed.annotations.every((key) => annotations.has(key));
  return isThere ? [] : [name];
}
