import { type Family, familyOf } from "../engine/address.ts";
import type { Explanation, Flow, FlowEnd, Verdict } from "../engine/query.ts";
import { parsePort } from "../wire/policy-port.ts";
import { nodeAssumptions } from "./findings/knowledge.ts";
import type { EndQuestion, FlowQuestion } from "./flow-question.ts";
import { type Ends, standInNotes, type Target, targetOn } from "./flow-target.ts";
import { usageError } from "./input-error.ts";
import { findPods } from "./references.ts";
import { findService, serviceAt, serviceEnds } from "./service-ends.ts";
import { baselineAssumptions } from "./sources/assumed-baseline.ts";
import type { Source } from "./sources/load-world.ts";
import type { World } from "./sources/world.ts";

/** The answer to a question about one flow, or about the flows of several pods that are alike. */
export interface FlowAnswer {
  readonly from: string;
  readonly to: string;
  readonly verdict: Verdict;
  /** A flow with the verdict, or, where pods differ, the first that is not allowed. */
  readonly explanation: Explanation;
  readonly assumptions: readonly string[];
}

/** Look the ends up and ask the engine. Throws an InputError for names and ports that do not exist. */
export function answer(question: FlowQuestion, world: World, source: Source): FlowAnswer {
  const protocol = question.protocol ?? "TCP";
  const from = findEnds(question.from, { ...question, protocol }, world, source);
  const to = findEnds(question.to, question, world, source);
  const flows = from.targets.flatMap(({ end: source_ }) =>
    to.targets.map(({ end, port, protocol: over }): Flow => {
      return { from: source_, to: end, protocol: over, port };
    }),
  );
  const apart = flows.filter((flow) => !isSamePod(flow));
  const asked = apart.length === 0 ? flows : apart;
  const verdicts = asked.map((flow) =>
    to.family === null ? world.engine.verdict(flow) : explainOver(to.family, flow, world).verdict,
  );
  const [first = "unknown"] = verdicts;
  const agree = verdicts.every((verdict) => verdict === first);
  const telling = agree ? 0 : verdicts.findIndex((verdict) => verdict !== "allowed");
  const flow = asked[telling];
  if (flow === undefined) throw usageError(`${to.label} has no endpoints`);
  const namespaces = new Set([flow.from, flow.to].flatMap(namespaceOf));
  const allowed = verdicts.filter((verdict) => verdict === "allowed").length;
  return {
    from: from.label,
    to: to.label,
    verdict: agree ? first : "unknown",
    explanation: explainOver(to.family, flow, world),
    assumptions: [
      ...new Set([...from.assumptions, ...to.assumptions]),
      ...baselineAssumptions([world], (namespace) => namespaces.has(namespace)),
      ...(flow.to.kind === "address" ? nodeAssumptions(world.policies.values(), world) : []),
      ...(agree ? [] : [`the pods are not alike: ${allowed} of ${asked.length} pairs are allowed`]),
    ],
  };
}

/** The explanation for one address family alone, if the flow can be of it; null: for all families. */
function explainOver(family: Family | null, flow: Flow, { engine }: World): Explanation {
  const explanation = engine.explain(flow);
  const only = explanation.families.filter((each) => each.family === family);
  const [walk] = only;
  if (walk === undefined) return explanation;
  const decisive = [walk.egress, walk.ingress].filter(({ verdict }) => verdict === walk.verdict);
  const causes = decisive.flatMap((side) => side.causes);
  return { ...explanation, ...walk, causes, families: only };
}

function namespaceOf(end: FlowEnd): readonly string[] {
  return end.kind === "pod" ? [end.key.slice(0, end.key.indexOf("/"))] : [];
}

function isSamePod({ from, to }: Flow): boolean {
  return from.kind === "pod" && to.kind === "pod" && from.key === to.key;
}

/** ServiceSpec API, externalTrafficPolicy: unless it is `Local`, a node may put its own address in the source. */
const HIDDEN_CLIENT =
  "a node may put its own address in the place of the client's: externalTrafficPolicy is not `Local`";

/** Which port a source sends from does not matter. */
const ANY_PORT = "1";

function findEnds(
  end: EndQuestion,
  { port, protocol, from, to }: FlowQuestion,
  world: World,
  source: Source,
): Ends {
  const asked = end === to ? port : ANY_PORT;
  switch (end.kind) {
    case "address": {
      const service = end === to ? serviceAt(end.address, world) : undefined;
      if (service !== undefined) {
        const behind = serviceEnds(service, { port: asked, protocol }, world);
        const isOfService = `${end.text} is the address of ${behind.label}`;
        return {
          ...behind,
          family: familyOf(end.address),
          assumptions: [
            isOfService,
            ...(from.kind === "address" && service.hidesClients ? [HIDDEN_CLIENT] : []),
            ...behind.assumptions,
          ],
        };
      }
      const number = parsePort(required(asked));
      if (number === null) throw usageError(`--port: \`${String(asked)}\` has to be a number here`);
      const { address } = end;
      const target: Target = {
        end: { kind: "address", address },
        protocol: protocol ?? "TCP",
        port: number,
      };
      return { label: end.text, targets: [target], family: null, assumptions: [] };
    }
    case "pods": {
      const { label, pods, assumption } = findPods(end.reference, world, source);
      const wanted = required(asked);
      const targets = pods.map((pod) => targetOn(pod, wanted, protocol ?? "TCP"));
      return {
        label,
        targets,
        family: null,
        assumptions: [...(assumption === null ? [] : [assumption]), ...standInNotes(pods)],
      };
    }
    case "service":
      return serviceEnds(
        findService(end.reference, world, source),
        { port: asked, protocol },
        world,
      );
  }
}

function required(port: string | null): string {
  if (port === null)
    throw usageError("--port is missing: the port that the destination listens on");
  return port;
}
