import { z } from "zod";
import type { ContainerPort, PortMatch, Selection } from "../engine/model.ts";
import { nearest } from "../nearest.ts";
import { addAt } from "../rules/json-patch.ts";
import { listed, withHint } from "../rules/phrases.ts";
import type { PlacedPort } from "../rules/placed-rules.ts";
import { defineValidator, type Finding, type Fix } from "../rules/rule.ts";
import { type Bearer, bearersOf, type Surroundings } from "./parts/bearers.ts";
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
    return placedRules.flatMap((placed) => {
      const containers = new ContainerPorts(receivers(placed), { after, facts });
      return placed.ports.flatMap(({ port, ...place }) =>
        port.kind === "named" ? judge(port, place, containers) : [],
      );
    });
  },
});

type NamedPort = Extract<PortMatch, { kind: "named" }>;

function judge(
  wanted: NamedPort,
  { path, item }: Omit<PlacedPort, "port">,
  containers: ContainerPorts,
): readonly Finding[] {
  if (containers.areOutside) {
    return [
      {
        path,
        message: `\`${wanted.name}\` cannot be looked up: the peers are addresses, which have no named ports`,
        help: "give the number of the port",
      },
    ];
  }
  // That there is nobody to look it up in is another rule's finding.
  if (containers.has(wanted) || containers.areNone()) return [];
  const kind = wanted.protocol === null ? "port" : `${wanted.protocol} port`;
  const names = containers.all();
  const sameName = names.find(({ name }) => name === wanted.name);
  const missed = `no container behind the rule has a ${kind} named \`${wanted.name}\``;
  return [
    {
      path,
      message: withHint(missed, suggest(wanted, names)),
      help: "use a name of the `ports` in the pod template, or the number",
      // Policies of other kinds write no protocol beside a name, so `sameName` is then undefined.
      ...(sameName === undefined ? {} : { fix: otherProtocol(item, sameName) }),
    },
  ];
}

/**
 * The named ports of the containers behind a rule. PERF: pods are read once for all ports of the rule, and only
 * until the wanted port is found.
 */
class ContainerPorts {
  /** The rule is about addresses alone. */
  readonly areOutside: boolean;
  readonly #bearers: Iterator<Bearer, void>;
  readonly #seen = new Map<string, ContainerPort>();
  #anybody = false;

  constructor(selections: readonly Selection[], surroundings: Surroundings) {
    this.areOutside = selections.length === 0;
    this.#bearers = bearersOfAll(selections, surroundings);
  }

  has(wanted: NamedPort): boolean {
    const isThere = (): boolean => this.all().some((port) => isWanted(wanted, port));
    while (!isThere()) if (!this.#readOn()) return false;
    return true;
  }

  /** Report whether there is nobody behind the rule, once all have been read. */
  areNone(): boolean {
    return !this.#anybody;
  }

  /** Those read so far. */
  all(): readonly ContainerPort[] {
    return [...this.#seen.values()];
  }

  /** Read until there is a new port; false: there is none. */
  #readOn(): boolean {
    const { size } = this.#seen;
    while (this.#seen.size === size) {
      const next = this.#bearers.next();
      if (next.done === true) return false;
      this.#anybody = true;
      for (const port of next.value.ports) this.#seen.set(portText(port), port);
    }
    return true;
  }
}

function* bearersOfAll(
  selections: readonly Selection[],
  surroundings: Surroundings,
): Generator<Bearer, void> {
  for (const selection of selections) yield* bearersOf(selection, surroundings);
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
  const near = nearest(
    name,
    ports.map((port) => port.name),
  );
  if (near !== undefined) return `did you mean \`${near}\`?`;
  return ports.length === 0
    ? "the containers name no ports"
    : `the names there are ${listed(ports.map(portText).toSorted())}`;
}

function portText({ name, protocol }: ContainerPort): string {
  return `${name} (${protocol})`;
}
