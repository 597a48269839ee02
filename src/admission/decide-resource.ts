import type { Problem } from "../errors.ts";
import { type Exemption, endOfExemption } from "../resources/exemption.ts";
import { parseResource, type Resource, resourceKey } from "../resources/resource.ts";
import { resourceProblem } from "../resources/resource-problem.ts";
import { exemptionLimit } from "../rules/exemption-limit.ts";
import { usersOf } from "../rules/users-of.ts";
import { renderTime } from "../wire/render-time.ts";
import type { Decision, ResourceVerdict } from "./decision.ts";
import { patiently } from "./patience.ts";
import { effectsOf } from "./resource-effects.ts";
import type { ResourceRequest } from "./review.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Decide about a change of one of Ringfence's own resources. One that cannot be used is refused before it is
 * stored, and so is the deletion of one that namespaces or other resources need.
 */
export async function decideResource(
  request: ResourceRequest,
  deadline: number,
  around: Surroundings,
): Promise<Decision> {
  const { cluster, options } = around;
  if (cluster.freshness().kind === "syncing") {
    const blocks = options.onNotSynced === "deny";
    return { kind: "troubled", trouble: { kind: "not-synced" }, blocks };
  }
  if (request.operation === "DELETE") return decideRemoval(request, deadline, around);
  const read = parseResource(request.object);
  if (!read.ok) return { kind: "resource", problems: read.error, users: [], notices: [] };
  const resource = read.value;
  const problems = [
    ...(await judgeSoon([resourceKey(resource), resource], deadline, around)),
    ...(resource.kind === "Exemption" ? lastsTooLong(resource, around) : []),
  ];
  const outcome =
    problems.length > 0 ? { problems, notices: [] } : await effectsOf(resource, deadline, around);
  return { kind: "resource", users: [], ...outcome };
}

/**
 * What is wrong by the resources that there are, and those that are on their way: `kubectl apply` sends a Baseline and
 * the Profile that names it at once, `kubectl delete` takes them away like that.
 */
async function judgeSoon(
  [key, resource]: readonly [string, Resource | null],
  deadline: number,
  { ruleBook, clock }: Surroundings,
): Promise<readonly Problem[]> {
  const judgeNow = () => ({ version: ruleBook.version, problems: ruleBook.judge(key, resource) });
  let last = judgeNow();
  const { problems } = await patiently(
    () => {
      // PERF: all resources are compiled to judge one.
      if (last.version !== ruleBook.version) last = judgeNow();
      return last;
    },
    (judged) => judged.problems.length === 0,
    { deadline, clock },
  );
  return problems;
}

async function decideRemoval(
  request: ResourceRequest,
  deadline: number,
  around: Surroundings,
): Promise<ResourceVerdict> {
  const { cluster, ruleBook, options } = around;
  const key = resourceKey(request);
  // An Invariant may go although an Exemption names it, and nobody needs an Exemption.
  const isNeeded = request.kind === "Profile" || request.kind === "Baseline";
  if (!isNeeded || ruleBook.isOverridden(key)) {
    return { kind: "resource", problems: [], users: [], notices: [] };
  }
  const isOfCluster = request.kind === "Profile" && request.name === options.clusterProfile;
  return {
    kind: "resource",
    problems: [
      ...(isOfCluster ? [OF_CLUSTER] : []),
      ...(await judgeSoon([key, null], deadline, around)),
    ],
    users: usersOf(key, cluster.engine),
    notices: [],
  };
}

const OF_CLUSTER = resourceProblem(
  "",
  "the setting `clusterProfile` names it, for cluster-scoped policies",
);

/** An exemption that would outlast what a profile of its namespaces allows. */
function lastsTooLong(
  exemption: Exemption,
  { cluster, ruleBook, options, now }: Surroundings,
): readonly Problem[] {
  const sources = { ...options, engine: cluster.engine, profiles: ruleBook.profiles };
  const limit = exemptionLimit(exemption, sources);
  if (limit === null) return [];
  const { profile, maxDays } = limit;
  const createdMs = exemption.createdMs ?? now();
  const endMs = endOfExemption({ ...exemption, createdMs }, maxDays);
  if (endMs >= exemption.expiresMs) return [];
  const message = `\`${exemption.expires}\` is too late: profile \`${profile}\` allows ${maxDays} days from its creation, until \`${renderTime(endMs)}\``;
  return [resourceProblem("spec.expires", message)];
}
