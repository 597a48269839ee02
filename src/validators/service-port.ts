import { z } from "zod";
import type { Selection } from "../engine/model.ts";
import { replaceAt } from "../rules/json-patch.ts";
import type { PlacedPort, PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding, type Fix } from "../rules/rule.ts";
import { type Service, type ServicePort, targetIn } from "../wire/service.ts";
import { field } from "../wire/shape.ts";
import type { Bearer, Surroundings } from "./parts/bearers.ts";
import { hasPort } from "./parts/ports.ts";
import { receivers } from "./parts/receivers.ts";
import { servedBy, servicesIn } from "./parts/service-ports.ts";

/** Report rules with the port of a Service where its pods listen on another. */
export const servicePort = defineValidator({
  id: "service-port",
  title: "The port of a Service in the place of the pods' own",
  why: "A policy sees traffic at the pod, where the Service's `port` has become its `targetPort`. A rule for the port of the Service lets nothing through that comes by way of it.",
  fix: "Write the `targetPort`, or the name of the container's port.",
  kinds: ["policy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, after, facts }): readonly Finding[] {
    // A rule that lets pods out to everybody on 443 means the world, not the Services with that port.
    const told = placedRules.filter(
      ({ direction, rule }) => direction === "ingress" || rule.peers !== "all",
    );
    return told.flatMap((placed) =>
      placed.ports.flatMap((port) => {
        for (const selection of receivers(placed)) {
          const mistaken = mistakenFor(placed, port, selection, { after, facts });
          if (mistaken !== null) return [finding(port, mistaken)];
        }
        return [];
      }),
    );
  },
});

interface Mistaken {
  readonly service: Service;
  readonly target: number;
}

/** The Service whose port a rule names, where the pods behind it listen on a port that it does not. */
function mistakenFor(
  { rule }: PlacedRule,
  { port }: PlacedPort,
  selection: Selection,
  surroundings: Surroundings,
): Mistaken | null {
  if (port.kind === "named" || port.first !== port.last) return null;
  const isNamed = (one: ServicePort): boolean =>
    one.protocol === port.protocol && one.port === port.first && one.targetPort !== port.first;
  for (const service of servicesIn(selection.namespaces, surroundings)) {
    const named = service.ports.find(isNamed);
    if (named === undefined) continue;
    const bearer = servedBy(service, selection.pods, surroundings);
    const target = bearer === undefined ? null : targetIn(named, bearer);
    if (bearer === undefined || target === null || listensOn(bearer, service, port.first)) continue;
    if (!hasPort(rule.ports, port.protocol, target)) return { service, target };
  }
  return null;
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
