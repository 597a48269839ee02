import { z } from "zod";
import type { Effort } from "../engine/effort.ts";
import {
  type ContainerPort,
  POLICY_KINDS,
  type PortMatch,
  type Selection,
} from "../engine/model.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { bearersOf, MAX_READ, MAX_READ_IN_ALL, type Surroundings } from "./parts/bearers.ts";
import { receivers } from "./parts/receivers.ts";

/** Report named ports that lead to different numbers. */
export const namedPortDiffers = defineValidator({
  id: "named-port-differs",
  title: "A named port leads to different numbers",
  why: "A name is looked up in each pod for itself. Where pods give the same name to different ports, the rule opens another port in some of them than its author has seen.",
  fix: "Give the number, or name the ports alike in all pod templates.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Audit" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, after, facts, effortUpTo }): readonly Finding[] {
    const effort = effortUpTo(MAX_READ_IN_ALL);
    return placedRules.flatMap((placed) => {
      const selections = receivers(placed);
      return placed.ports.flatMap(({ port, path }) => {
        if (port.kind !== "named") return [];
        const { numbers, inOne } = numbersOf(port, selections, { after, facts }, effort);
        const [first, second] = numbers;
        if (first === undefined || second === undefined) return [];
        const where = inOne
          ? `both ${first} and ${second} in one pod`
          : `${first} in some of the pods and ${second} in others`;
        return [
          {
            path,
            message: `\`${port.name}\` is ${where}`,
            help: "give the number, or name the ports alike in all pod templates",
          },
        ];
      });
    });
  },
});

/** The different ports that a name leads to, at most a few; and whether these are in containers of one pod. */
function numbersOf(
  { name, protocol }: Extract<PortMatch, { kind: "named" }>,
  selections: readonly Selection[],
  surroundings: Surroundings,
  effort: Effort,
): { readonly numbers: readonly string[]; readonly inOne: boolean } {
  const found = new Set<string>();
  let read = 0;
  for (const { ports } of bearersOf(selections, surroundings, effort)) {
    if (!effort.take(ports.length)) break;
    const own = new Set<string>();
    for (const port of ports) {
      const isMeant = port.name === name && (protocol === null || protocol === port.protocol);
      if (isMeant) own.add(portText(port));
    }
    if (own.size > 1) return { numbers: [...own], inOne: true };
    for (const text of own) found.add(text);
    read += 1;
    if (found.size > 1 || read === MAX_READ) break;
  }
  return { numbers: [...found], inOne: false };
}

function portText({ protocol, port }: ContainerPort): string {
  return `${protocol} ${port}`;
}
