import { z } from "zod";
import type { Effort } from "../engine/effort.ts";
import { POLICY_KINDS } from "../engine/model.ts";
import { hasPoint, portPoint, portSet } from "../engine/port-set.ts";
import { replaceAt } from "../rules/json-patch.ts";
import type { PlacedPort, PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding, type Fix } from "../rules/rule.ts";
import { type Service, type ServicePort, targetIn } from "../wire/service.ts";
import { field } from "../wire/shape.ts";
import { type Bearer, MAX_READ_IN_ALL, type Surroundings } from "./parts/bearers.ts";
import { receivers } from "./parts/receivers.ts";
import { servedBy, servicesIn } from "./parts/service-ports.ts";

/** Report rules with the port of a Service where its pods listen on another. */
export const servicePort = defineValidator({
  id: "service-port",
  title: "The port of a Service in the place of the pods' own",
  why: "A policy sees traffic at the pod, where the Service's `port` has become its `targetPort`. A rule for the port of the Service lets nothing through that comes by way of it.",
  fix: "Write the `targetPort`, or the name of the container's port.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, after, facts, effortUpTo }): readonly Finding[] {
    // A rule that lets pods out to everybody on 443 means the world, not the Services with that port.
    const told = placedRules.filter(
      ({ direction, rule }) => direction === "ingress" || rule.peers !== "all",
    );
    const effort = effortUpTo(MAX_READ_IN_ALL);
    return told.flatMap((placed) => {
      const mistaken = mistakenIn(placed, { after, facts }, effort);
      return placed.ports.flatMap((port) => {
        const found = mistaken.get(keyOf(port));
        return found === undefined ? [] : [finding(port, found)];
      });
    });
  },
});

interface Mistaken {
  readonly service: Service;
  readonly target: number;
}

/** Of a port that is one number alone; empty for any other. */
function keyOf({ port }: PlacedPort): string {
  return port.kind === "range" && port.first === port.last ? `${port.protocol} ${port.first}` : "";
}

/**
 * The Services whose ports a rule names, where the pods behind them listen on ports that it does not.
 * PERF: Services are gone through once for all ports of the rule.
 */
function mistakenIn(
  placed: PlacedRule,
  surroundings: Surroundings,
  effort: Effort,
): ReadonlyMap<string, Mistaken> {
  const found = new Map<string, Mistaken>();
  const wanted = new Set(placed.ports.map(keyOf));
  wanted.delete("");
  if (wanted.size === 0) return found;
  const open = portSet(placed.ports.flatMap(({ port }) => (port.kind === "range" ? [port] : [])));
  for (const { namespaces, pods } of receivers(placed)) {
    for (const service of servicesIn(namespaces, surroundings, effort)) {
      for (const named of service.ports) {
        const key = `${named.protocol} ${named.port}`;
        if (named.targetPort === named.port || !wanted.has(key) || found.has(key)) continue;
        const bearer = servedBy(service, pods, surroundings, effort);
        const target = bearer === undefined ? null : targetBehind(named, service, bearer);
        if (target === null || hasPoint(open, portPoint(named.protocol, target))) continue;
        found.set(key, { service, target });
      }
    }
  }
  return found;
}

/** Where a port of a Service leads in a pod that does not listen on the port itself as well. */
function targetBehind(named: ServicePort, service: Service, bearer: Bearer): number | null {
  return listensOn(bearer, service, named.port) ? null : targetIn(named, bearer);
}

/** Whether the pod has the port as well, as far as containers and the Service say. */
function listensOn(bearer: Bearer, service: Service, port: number): boolean {
  return (
    bearer.ports.some((container) => container.port === port) ||
    service.ports.some((one) => targetIn(one, bearer) === port)
  );
}

function finding({ port, path, item, raw }: PlacedPort, { service, target }: Mistaken): Finding {
  const number = port.kind === "range" ? port.first : 0;
  const name = `\`${service.namespace}/${service.name}\``;
  const help = `write \`${target}\``;
  return {
    path,
    message: `\`${number}\` is the port of Service ${name}; its pods listen on ${target}, which is what a policy sees`,
    help,
    ...(field(raw, "port") === number ? { fix: other(help, `${item}.port`, target) } : {}),
  };
}

/** Only networking.k8s.io/v1 has the port right there. */
function other(title: string, path: string, target: number): Fix {
  return { title, patch: [replaceAt(path, target)] };
}
