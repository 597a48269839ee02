import { formatAddress } from "../../engine/address.ts";
import type { Pod } from "../../engine/model.ts";
import type { DirectionExplanation, FlowEnd } from "../../engine/query.ts";
import type { FlowAnswer } from "../flow-question.ts";
import { workloadLabel } from "../references.ts";
import { isStandIn } from "../sources/stand-ins.ts";
import type { World } from "../sources/world.ts";

/** The answer as data, as `docs/reference/cli.md` describes it. */
export function flowData(answer: FlowAnswer, world: World): object {
  const { flow, egress, ingress } = answer.explanation;
  return {
    verdict: answer.verdict,
    flow: {
      from: endData(flow.from, world),
      to: endData(flow.to, world),
      protocol: flow.protocol,
      port: flow.port,
    },
    egress: sideData(egress),
    ingress: sideData(ingress),
    assumptions: answer.assumptions,
  };
}

/** The same with every policy and rule on the way. */
export function walkData(answer: FlowAnswer, world: World): object {
  const { egress, ingress } = answer.explanation;
  return {
    ...flowData(answer, world),
    egress: { ...sideData(egress), steps: stepsData(egress) },
    ingress: { ...sideData(ingress), steps: stepsData(ingress) },
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
