import { z } from "zod";
import { POLICY_KINDS } from "../engine/model.ts";
import { accepting, type PlacedPort } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { renderPorts } from "./parts/render-ports.ts";

const parameters = z.strictObject({
  maxPorts: z
    .int()
    .min(1)
    .default(1000)
    .describe("the most ports that one entry of `ports` may take in"),
});

/** Report entries of `ports` that take in very many. */
export const widePorts = defineValidator({
  id: "wide-ports",
  title: "A range of ports is very wide",
  why: "A range takes in whatever comes to listen there later, and an entry with a protocol but no port takes in every port of that protocol.",
  fix: "List the ports that are meant.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ placedRules, parameters: { maxPorts } }): readonly Finding[] {
    return accepting(placedRules).flatMap(({ ports }) =>
      ports.flatMap((placed) => judge(placed, maxPorts)),
    );
  },
});

function judge({ port, item }: PlacedPort, maxPorts: number): readonly Finding[] {
  if (port.kind === "named") return [];
  const count = port.last - port.first + 1;
  if (count <= maxPorts) return [];
  const message = `takes in ${count} ports, ${renderPorts([port])}; at most ${maxPorts} are allowed`;
  return [{ path: item, message, help: "list the ports that are meant" }];
}
