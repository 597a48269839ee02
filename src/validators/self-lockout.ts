import { z } from "zod";
import { formatAddress } from "../engine/address.ts";
import { type Direction, POLICY_KINDS } from "../engine/model.ts";
import { hasPoint, portPoint } from "../engine/port-set.ts";
import type { Delta, EngineView, Flow, FlowEnd, FlowGroup, Verdict } from "../engine/query.ts";
import { counted, listed } from "../rules/phrases.ts";
import {
  type ClusterFacts,
  defineValidator,
  type Finding,
  type RuleSituation,
} from "../rules/rule.ts";
import { hasAddresses } from "./parts/has-addresses.ts";
import { mayHoldEnd } from "./parts/may-hold.ts";

/** Report changes that would cut the API server and Ringfence's own pods off from each other. */
export const selfLockout = defineValidator({
  id: "self-lockout",
  title: "The change cuts the API server and Ringfence off from each other",
  why: "A webhook that the API server cannot reach can refuse every later change, the one that would undo this included. So does Ringfence itself, a few minutes after it could last hear from the API server.",
  fix: "Let the API server's addresses reach Ringfence's pods on their webhook port, and those pods reach the API server.",
  kinds: [...POLICY_KINDS, "Namespace"],
  operations: ["CREATE", "UPDATE", "DELETE"],
  shipped: { baseline: "Deny", restricted: "Deny" },
  onFault: "deny",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check: (situation): readonly Finding[] => [...judgeCalls(situation), ...judgeWatches(situation)],
});

type Situation = Pick<RuleSituation, "delta" | "after" | "facts">;

const HELP =
  "allow ingress to Ringfence's pods from the API server's addresses on the webhook port";

/** The API server's way to the webhook. */
function judgeCalls({ delta, after, facts }: Situation): readonly Finding[] {
  const { apiServer, ownNamespace, ownPods, webhookPort } = facts;
  const touched = lostFlows(delta, ownNamespace, "ingress").filter(
    ({ to, ports }) =>
      to.namespaces.includes(ownNamespace) && hasPoint(ports, portPoint("TCP", webhookPort)),
  );
  if (touched.length === 0) return [];
  if (apiServer.length === 0 || ownPods.length === 0) return unknownEnds(touched, facts);
  return judge(after, facts, {
    ports: [webhookPort],
    lost: touched,
    ends: (pod, address) => ({ from: address, to: pod }),
    cut: (pods, server) => `${server} off from ${pods}`,
    help: HELP,
  });
}

/**
 * SECURITY: not knowing where the API server is must not let the change through. It calls from an
 * address, so a change that only closes ways from pods cannot be the one.
 */
function unknownEnds(
  touched: readonly FlowGroup[],
  { webhookPort }: ClusterFacts,
): readonly Finding[] {
  if (!touched.some(({ from }) => hasAddresses(from))) return [];
  return [
    {
      path: "",
      message: `closes TCP ${webhookPort} of Ringfence's own namespace to addresses, and which of them is the API server's is not known`,
      help: HELP,
    },
  ];
}

const OWN_HELP = "allow egress from Ringfence's pods to the API server's addresses and port";

/** Ringfence's own way to the API server: without it, its picture of the cluster becomes too old. */
function judgeWatches({ delta, after, facts }: Situation): readonly Finding[] {
  const { apiServer, apiServerPorts: ports, ownNamespace, ownPods } = facts;
  const lost = lostFlows(delta, ownNamespace, "egress").filter(({ from }) =>
    from.namespaces.includes(ownNamespace),
  );
  if (apiServer.length === 0 && ownPods.length > 0 && lost.some(({ to }) => hasAddresses(to))) {
    // Only a warning: to close some addresses for the whole cluster is an everyday change.
    const message = "may cut Ringfence off from the API server: where that is is not known";
    return [{ path: "", message, help: OWN_HELP, unsure: true }];
  }
  const touched = lost.filter((flows) =>
    ports.some((port) => hasPoint(flows.ports, portPoint("TCP", port))),
  );
  return judge(after, facts, {
    ports,
    lost: touched,
    ends: (pod, address) => ({ from: pod, to: address }),
    cut: (pods, server) => `${pods} off from ${server}`,
    help: OWN_HELP,
  });
}

/** What is or may be closed at that end. The API server may be a process of a node. */
function lostFlows(delta: Delta, ownNamespace: string, direction: Direction): readonly FlowGroup[] {
  return [...delta.closed, ...delta.unsure, ...delta.nodesLose(ownNamespace, direction)];
}

/** The ways between Ringfence's pods and the API server, in one direction. */
interface Ways {
  /** One open port is enough: another is that of another address. */
  readonly ports: readonly number[];
  /** What the change closes or may close on one of the ports. */
  readonly lost: readonly FlowGroup[];
  readonly ends: (pod: FlowEnd, address: FlowEnd) => Pick<Flow, "from" | "to">;
  /** Who is cut off from whom. */
  readonly cut: (pods: string, server: string) => string;
  readonly help: string;
}

function judge(
  after: EngineView,
  { apiServer, ownPods }: ClusterFacts,
  { ports, lost, ends, cut, help }: Ways,
): readonly Finding[] {
  const waysOf = (key: string): readonly Pick<Flow, "from" | "to">[] =>
    apiServer.map((address) => ends({ kind: "pod", key }, { kind: "address", address }));
  // A way that was closed before is not cut off now, and may be what is about to be mended.
  const isLost = ({ from, to }: Pick<Flow, "from" | "to">): boolean =>
    lost.some((one) => mayHoldEnd(one.from, from, after) && mayHoldEnd(one.to, to, after));
  const without = (...verdicts: readonly Verdict[]): number =>
    ownPods.filter((key) =>
      waysOf(key)
        .filter(isLost)
        .some(
          (way) =>
            !ports.some((port) =>
              verdicts.includes(after.verdict({ ...way, protocol: "TCP", port })),
            ),
        ),
    ).length;
  const server = `the API server (${listed(apiServer.map(formatAddress))})`;
  const denied = without("allowed", "unknown");
  if (denied > 0) {
    const pods = `${denied} of ${counted(ownPods.length, "pod")} of Ringfence`;
    return [{ path: "", message: `cuts ${cut(pods, server)} on TCP ${ports.join(" or ")}`, help }];
  }
  if (without("allowed") === 0) return [];
  const message = `may cut ${cut("Ringfence", server)}: the network's implementation decides`;
  return [{ path: "", message, help, unsure: true }];
}
