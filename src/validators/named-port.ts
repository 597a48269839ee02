import { closestMatch } from "leven";
import { z } from "zod";
import type { ContainerPort, PortMatch, Selection } from "../engine/model.ts";
import { addAt } from "../rules/json-patch.ts";
import type { PlacedPort } from "../rules/placed-rules.ts";
import { defineValidator, type Finding, type Fix } from "../rules/rule.ts";
import { bearersOf, type Surroundings } from "./parts/bearers.ts";
import { listed, withHint } from "./parts/phrases.ts";
import { receivers } from "./parts/receivers.ts";

/** Report named ports that no container behind the rule has. */
export const namedPort = defineValidator({
  id: "named-port",
  title: "A named port that no container has",
  why: "A port name is looked up in the containers of the pods that receive the traffic, with its protocol. A name that is not there matches no port at all; a Service's port name does not count, and an address block has no names.",
  fix: "Use the name and protocol of the `ports` in the pod template, or the number.",
  kinds: ["policy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, after, facts }): readonly Finding[] {
    return placedRules.flatMap((placed) =>
      placed.ports.flatMap(({ port, ...place }) =>
        port.kind === "named" ? judge(port, place, receivers(placed), { after, facts }) : [],
      ),
    );
  },
});

type NamedPort = Extract<PortMatch, { kind: "named" }>;

function judge(
  wanted: NamedPort,
  { path, item }: Omit<PlacedPort, "port">,
  selections: readonly Selection[],
  surroundings: Surroundings,
): readonly Finding[] {
  if (selections.length === 0) {
    return [
      {
        path,
        message: `\`${wanted.name}\` cannot be looked up: the peers are addresses, which have no named ports`,
        help: "give the number of the port",
      },
    ];
  }
  const seen = new Map<string, ContainerPort>();
  let anybody = false;
  for (const selection of selections) {
    for (const { ports } of bearersOf(selection, surroundings)) {
      anybody = true;
      for (const port of ports) {
        if (isWanted(wanted, port)) return [];
        seen.set(portText(port), port);
      }
    }
  }
  // Nobody to look it up in is another rule's finding.
  if (!anybody) return [];
  const kind = wanted.protocol === null ? "port" : `${wanted.protocol} port`;
  const names = [...seen.values()];
  const sameName = names.find(({ name }) => name === wanted.name);
  const missed = `no container behind the rule has a ${kind} named \`${wanted.name}\``;
  return [
    {
      path,
      message: withHint(missed, suggest(wanted, names)),
      help: "use a name of the `ports` in the pod template, or the number",
      // Other kinds do not write a protocol beside a name, so the name is then there.
      ...(sameName === undefined ? {} : { fix: otherProtocol(item, sameName) }),
    },
  ];
}

function isWanted({ name, protocol }: NamedPort, port: ContainerPort): boolean {
  return port.name === name && (protocol === null || port.protocol === protocol);
}

function otherProtocol(item: string, { protocol }: ContainerPort): Fix {
  const title = `write \`protocol: ${protocol}\``;
  return { title, patch: [addAt(`${item}.protocol`, protocol)] };
}

function suggest({ name }: NamedPort, ports: readonly ContainerPort[]): string {
  const sameName = ports.find((port) => port.name === name);
  if (sameName !== undefined) return `\`${name}\` is a ${sameName.protocol} port there`;
  const near = closestMatch(
    name,
    ports.map((port) => port.name),
    { maxDistance: Math.max(1, Math.floor(name.length / 2)) },
  );
  if (near !== undefined) return `did you mean \`${near}\`?`;
  return ports.length === 0
    ? "the containers name no ports"
    : `the names there are ${listed(ports.map(portText).toSorted())}`;
}

function portText({ name, protocol }: ContainerPort): string {
  return `${name} (${protocol})`;
}
