import { isDeepStrictEqual } from "node:util";
import { formatAddress } from "../../engine/address.ts";
import type { Pod } from "../../engine/model.ts";
import type { DirectionExplanation, Explanation, FlowEnd } from "../../engine/query.ts";
import type { FlowAnswer } from "../flow-answer.ts";
import { workloadLabel } from "../references.ts";
import { isStandIn } from "../sources/stand-ins.ts";
import type { World } from "../sources/world.ts";
import { familyName } from "./by-family.ts";

/** The answer as data, as `docs/reference/cli-data.md` describes it. */
export function flowData(answer: FlowAnswer, world: World): object {
  return answerData(answer, world, sideData);
}

/** The same with every policy and rule on the way. */
export function walkData(answer: FlowAnswer, world: World): object {
  return answerData(answer, world, (side) => ({ ...sideData(side), steps: stepsData(side) }));
}

type SideData = (side: DirectionExplanation) => object;

function answerData(
  { verdict, explanation, assumptions }: FlowAnswer,
  world: World,
  dataOf: SideData,
): object {
  const { flow, egress, ingress } = explanation;
  return {
    verdict,
    flow: {
      from: endData(flow.from, world),
      to: endData(flow.to, world),
      protocol: flow.protocol,
      port: flow.port,
    },
    egress: dataOf(egress),
    ingress: dataOf(ingress),
    ...familiesData(explanation, dataOf),
    assumptions,
  };
}

/** The families of addresses one by one, unless they have all in common. */
function familiesData({ families }: Explanation, dataOf: SideData): object {
  const [first, ...others] = families.map(({ egress, ingress }) => {
    return { egress: dataOf(egress), ingress: dataOf(ingress) };
  });
  if (others.every((other) => isDeepStrictEqual(other, first))) return {};
  return {
    families: families.map((each) => ({
      family: familyName(each),
      verdict: each.verdict,
      egress: dataOf(each.egress),
      ingress: dataOf(each.ingress),
    })),
  };
}

function sideData({ verdict, isolated, causes }: DirectionExplanation): object {
  return { verdict, isolated, causes };
}

function stepsData({ steps }: DirectionExplanation): readonly object[] {
  return steps.map(({ policy, isolates, rules }) => ({
    kind: policy.kind,
    namespace: policy.namespace,
    name: policy.name,
    tier: policy.tier,
    priority: policy.priority,
    isolates,
    rules,
  }));
}

function endData(end: FlowEnd, world: World): object {
  if (end.kind === "address") return { address: formatAddress(end.address) };
  const pod: Pod | undefined = world.engine.pod(end.key);
  if (pod === undefined) return { pod: end.key };
  return {
    namespace: pod.namespace,
    ...(isStandIn(pod) ? {} : { pod: pod.name }),
    workload: workloadLabel(pod),
  };
}
