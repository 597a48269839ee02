import { configMapOf, type Enforcer, enforcerOf } from "../../cluster/network-agents.ts";
import { counted } from "../../rules/phrases.ts";
import { namespacedName } from "../../wire/metadata.ts";
import { field } from "../../wire/shape.ts";
import { rawOf } from "../sources/world.ts";
import {
  bareEnforcer,
  builtInEnforcer,
  EKS_SETTINGS,
  fargateNodes,
  isAutoMode,
} from "./built-in-enforcer.ts";
import { type Diagnosis, fine, type Patient } from "./examination.ts";

/** Whether anything in the cluster enforces policies: without it they are stored and do nothing. */
export function examineEnforcement({ world }: Patient): Diagnosis {
  const nodes = rawOf(world, "Node");
  const agents = rawOf(world, "DaemonSet");
  const dataOf = (configMap: string): unknown =>
    field(world.raw.get(`ConfigMap/${configMap}`), "data");
  const found = [
    ...agents.flatMap((daemonSet) => enforcerOf(daemonSet, dataOf) ?? []),
    ...asList(builtInEnforcer(nodes, dataOf)),
  ];
  const enforcing = found.filter(({ enforces }) => enforces === "yes");
  if (enforcing.length > 0)
    return working(enforcing, found, [...unready(agents), ...without(nodes)]);
  return notWorking(found.length > 0 ? found : asList(bareEnforcer(nodes)));
}

/** The ConfigMaps that say how network plugins among `objects` are set up, as `namespace/name`. */
export function configMapsOf(objects: readonly unknown[]): readonly string[] {
  const nodes = objects.filter((raw) => field(raw, "kind") === "Node");
  const ofAgents = objects
    .filter((raw) => field(raw, "kind") === "DaemonSet")
    .flatMap((raw) => configMapOf(raw) ?? []);
  return [...new Set([...ofAgents, ...(isAutoMode(nodes) ? [EKS_SETTINGS] : [])])];
}

const CHECK = "enforcement";

function working(
  enforcing: readonly Enforcer[],
  found: readonly Enforcer[],
  gaps: readonly string[],
): Diagnosis {
  const evidence = [...found.flatMap((one) => one.evidence), ...gaps];
  const who = enforcing.map(({ plugin }) => plugin).join(" and ");
  const verb = enforcing.length === 1 ? "enforces" : "enforce";
  if (gaps.length === 0) return fine(CHECK, `${who} ${verb} policies`, evidence);
  return {
    check: CHECK,
    status: "warning",
    message: `${who} ${verb} policies, but not on every node`,
    evidence,
    help: "pods on the other nodes are not protected",
  };
}

function notWorking(found: readonly Enforcer[]): Diagnosis {
  const evidence = found.flatMap((one) => one.evidence);
  const unsure = found.find(({ enforces }) => enforces === "unknown");
  if (unsure !== undefined) {
    const message = `the network plugin is ${unsure.plugin}`;
    const help = unsure.help || "look at its version and settings";
    return { check: CHECK, status: "unknown", message, evidence, help };
  }
  const [first] = found;
  if (first !== undefined) {
    const message = `${first.plugin} does not enforce policies: all of them do nothing`;
    return { check: CHECK, status: "problem", message, evidence, help: first.help };
  }
  return {
    check: CHECK,
    status: "unknown",
    message: "no node agent of a network plugin is known here",
    evidence: [],
    help: "some clusters build it into the node: see their documentation",
  };
}

/** Agents that enforce policies, and are not ready on some node. */
function unready(daemonSets: readonly unknown[]): readonly string[] {
  return daemonSets.flatMap((daemonSet) => {
    const isAgent = enforcerOf(daemonSet, () => undefined) !== null;
    const [wanted, ready] = ["desiredNumberScheduled", "numberReady"].map((key) =>
      Number(field(daemonSet, "status", key) ?? 0),
    );
    if (!isAgent || wanted === undefined || ready === undefined || ready >= wanted) return [];
    return [
      `DaemonSet ${namespacedName(daemonSet)}: ready on ${ready} of ${counted(wanted, "node")}`,
    ];
  });
}

function without(nodes: readonly unknown[]): readonly string[] {
  return fargateNodes(nodes).map(
    (name) => `Node ${name}: Fargate, where nothing enforces policies`,
  );
}

function asList(one: Enforcer | null): readonly Enforcer[] {
  return one === null ? [] : [one];
}
