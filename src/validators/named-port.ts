import { z } from "zod";
import type { Effort } from "../engine/effort.ts";
import {
  type ContainerPort,
  POLICY_KINDS,
  type PortMatch,
  type Selection,
} from "../engine/model.ts";
import { nearest } from "../nearest.ts";
import { addAt } from "../rules/json-patch.ts";
import { listed, withHint } from "../rules/phrases.ts";
import type { PlacedPort } from "../rules/placed-rules.ts";
import { defineValidator, type Finding, type Fix } from "../rules/rule.ts";
import {
  type Bearer,
  bearersOf,
  MAX_READ,
  MAX_READ_IN_ALL,
  type Surroundings,
} from "./parts/bearers.ts";
import { receivers } from "./parts/receivers.ts";

/** Report named ports that no container behind the rule has. */
export const namedPort = defineValidator({
  id: "named-port",
  title: "A named port that no container has",
  why: "A port name is looked up in the containers of the pods that receive the traffic, with its protocol. A name that is not there matches no port at all; a Service's port name does not count, and an address block has no names.",
  fix: "Use the name and protocol of the `ports` in the pod template, or the number.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, placedRules, after, facts, effortUpTo }): readonly Finding[] {
    if (object?.kind !== "policy") return [];
    const effort = effortUpTo(MAX_READ_IN_ALL);
    const portsOf = (selections: readonly Selection[]): ContainerPorts =>
      new ContainerPorts(selections, { after, facts }, effort);
    // PERF: all ingress rules are about the same pods.
    const own = portsOf([object.policy.subject]);
    const missed = placedRules.flatMap((placed) => {
      const containers = placed.direction === "ingress" ? own : portsOf(receivers(placed));
      return placed.ports.flatMap(({ port, ...place }) =>
        port.kind === "named" && !containers.mayHave(port) ? [{ port, place, containers }] : [],
      );
    });
    return missed.map(({ port, place, containers }, index) =>
      finding(port, place, containers, index < MAX_HINTS),
    );
  },
});

/** PERF: for how many ports of a policy we look for what was meant. */
const MAX_HINTS = 20;

type NamedPort = Extract<PortMatch, { kind: "named" }>;

function finding(
  wanted: NamedPort,
  { path, item }: Omit<PlacedPort, "port">,
  containers: ContainerPorts,
  isHinted: boolean,
): Finding {
  if (containers.areOutside) {
    return {
      path,
      message: `\`${wanted.name}\` cannot be looked up: the peers are addresses, which have no named ports`,
      help: "give the number of the port",
    };
  }
  const kind = wanted.protocol === null ? "port" : `${wanted.protocol} port`;
  const [sameName] = containers.called(wanted.name);
  const missed = `no container behind the rule has a ${kind} named \`${wanted.name}\``;
  return {
    path,
    message: withHint(missed, isHinted ? suggest(wanted, sameName, containers.some()) : null),
    help: "use a name of the `ports` in the pod template, or the number",
    // Policies of other kinds write no protocol beside a name, so `sameName` is then undefined.
    ...(sameName === undefined ? {} : { fix: otherProtocol(item, sameName) }),
  };
}

/**
 * The named ports of the containers behind a rule. PERF: pods are read once for all ports of the rule, and only
 * until the wanted port is found.
 */
class ContainerPorts {
  /** The rule is about addresses alone. */
  readonly areOutside: boolean;
  readonly #bearers: Iterator<Bearer, void>;
  readonly #effort: Effort;
  readonly #byName = new Map<string, ContainerPort[]>();
  #anybody = false;

  constructor(selections: readonly Selection[], surroundings: Surroundings, effort: Effort) {
    this.areOutside = selections.length === 0;
    this.#bearers = bearersOf(selections, surroundings, effort);
    this.#effort = effort;
  }

  /** Report whether one has the port, or it is not known: there is nobody, or there are too many to read. */
  mayHave({ name, protocol }: NamedPort): boolean {
    if (this.areOutside) return false;
    const isThere = (): boolean =>
      this.called(name).some((port) => protocol === null || port.protocol === protocol);
    // That there is nobody to look it up in is another rule's finding.
    while (!isThere()) if (!this.#readOn()) return !this.#anybody || this.#effort.isUsedUp;
    return true;
  }

  /** Those of that name read so far, one of each protocol. */
  called(name: string): readonly ContainerPort[] {
    return this.#byName.get(name) ?? [];
  }

  /** As many of those read so far as one could choose from. */
  some(): readonly ContainerPort[] {
    return [...this.#byName.values().take(MAX_READ)].flat();
  }

  /** Read the next; false: there is none. */
  #readOn(): boolean {
    const next = this.#bearers.next();
    if (next.done === true) return false;
    const { ports } = next.value;
    this.#anybody = true;
    if (!this.#effort.take(ports.length)) return false;
    for (const port of ports) {
      const known = this.called(port.name);
      if (known.some(({ protocol }) => protocol === port.protocol)) continue;
      this.#byName.set(port.name, [...known, port]);
    }
    return true;
  }
}

function otherProtocol(item: string, { protocol }: ContainerPort): Fix {
  const title = `write \`protocol: ${protocol}\``;
  return { title, patch: [addAt(`${item}.protocol`, protocol)] };
}

function suggest(
  { name }: NamedPort,
  sameName: ContainerPort | undefined,
  ports: readonly ContainerPort[],
): string {
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
