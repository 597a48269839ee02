import { z } from "zod";
import type { EndSet, FlowClaim, Protocol, Selector } from "../engine/model.ts";
import { LAST_PORT, PROTOCOLS } from "../engine/port-set.ts";
import { cidrSchema } from "../wire/ip-block.ts";
import { labelSelectorSchema } from "../wire/label-selector.ts";
import type { DeepReadonly } from "../wire/shape.ts";
import { API_VERSION, clusterMetadataSchema } from "./resource-metadata.ts";

const portSchema = z
  .strictObject({
    protocol: z.enum(PROTOCOLS).default("TCP").describe("Protocol; TCP if left out."),
    port: z
      .int()
      .min(1)
      .max(LAST_PORT)
      .optional()
      .describe("Port of the pod, after a Service's targetPort; all of the protocol if left out."),
    endPort: z.int().min(1).max(LAST_PORT).optional().describe("Last port of a range from `port`."),
  })
  .meta({
    "x-kubernetes-validations": [
      {
        rule: "!has(self.endPort) || (has(self.port) && self.endPort >= self.port)",
        message: "endPort needs a port that is not greater",
      },
    ],
  })
  .transform(
    ({ protocol, port, endPort }, context): { protocol: Protocol; first: number; last: number } => {
      const complain = (message: string): void => {
        context.addIssue({ code: "custom", path: ["endPort"], message, input: endPort });
      };
      if (endPort !== undefined && port === undefined) complain("needs `port`");
      const last = endPort ?? port ?? LAST_PORT;
      if (port !== undefined && last < port) complain(`\`${last}\` is less than \`port\``);
      return { protocol, first: port ?? 1, last };
    },
  );

const endSchema = z
  .strictObject({
    namespaces: labelSelectorSchema.optional().describe("Every pod of the namespaces selected."),
    pods: z
      .strictObject({
        namespaceSelector: labelSelectorSchema
          .prefault({})
          .describe("Namespaces to look in; all if left out."),
        podSelector: labelSelectorSchema.describe("Pods of those namespaces."),
      })
      .optional()
      .describe("The pods selected in the namespaces selected."),
    addresses: z
      .array(cidrSchema)
      .min(1)
      .max(100)
      .optional()
      .describe("CIDRs: these addresses, whoever has them."),
    world: z.literal(true).optional().describe("Every address outside the cluster."),
  })
  .meta({ minProperties: 1, maxProperties: 1 })
  .transform(({ namespaces, pods, addresses, world }, context): EndSet => {
    const ends: EndSet[] = [];
    if (namespaces !== undefined) ends.push(podsOf(namespaces, []));
    if (pods !== undefined) ends.push(podsOf(pods.namespaceSelector, pods.podSelector));
    if (addresses !== undefined) ends.push({ kind: "addresses", ranges: addresses });
    if (world !== undefined) ends.push({ kind: "world" });
    const [end] = ends;
    if (end !== undefined && ends.length === 1) return end;
    const message = "needs exactly one of `namespaces`, `pods`, `addresses`, `world`";
    context.addIssue({ code: "custom", message, input: ends });
    return z.NEVER;
  });

function podsOf(selector: Selector, pods: Selector): EndSet {
  return { kind: "pods", selection: { namespaces: { kind: "selector", selector }, pods } };
}

const endsSchema = z.array(endSchema).min(1).max(25);

const flowsSchema = z.strictObject({
  from: endsSchema.describe("Where the flows come from: all that any item means."),
  to: endsSchema.describe("Where they go."),
  ports: z
    .array(portSchema)
    .min(1)
    .max(100)
    .optional()
    .transform((ports): FlowClaim["ports"] => ports ?? "all")
    .describe("On which ports; all ports of all protocols if left out."),
});

const ONE_SENSE = "needs exactly one of `mustNotReach` and `mustReach`";

const specSchema = z
  .strictObject({
    description: z.string().min(1).describe("Why, for whoever meets it in a denial."),
    action: z
      .enum(["Deny", "Warn", "Audit"])
      .default("Deny")
      .describe("What becomes of a change that makes it worse; `Deny` if left out."),
    onUnknown: z
      .enum(["Deny", "Warn", "Audit"])
      .default("Warn")
      .describe(
        "The same of a change after which it cannot be told; nothing stronger than `action`, and `Warn` if left out.",
      ),
    mustNotReach: flowsSchema.optional().describe("No flow of these may be open."),
    mustReach: flowsSchema.optional().describe("All flows of these have to be open."),
  })
  .meta({
    "x-kubernetes-validations": [
      { rule: "has(self.mustNotReach) != has(self.mustReach)", message: ONE_SENSE },
    ],
  })
  .transform(({ mustNotReach, mustReach, ...spec }, context) => {
    const flows = mustNotReach ?? mustReach;
    if (flows === undefined || (mustNotReach !== undefined && mustReach !== undefined)) {
      context.addIssue({ code: "custom", message: ONE_SENSE, input: spec });
      return z.NEVER;
    }
    const claim: FlowClaim = { sense: mustReach === undefined ? "closed" : "open", ...flows };
    return { ...spec, claim };
  });

export const invariantSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("Invariant"),
    metadata: clusterMetadataSchema,
    spec: specSchema,
    status: z.unknown().optional(),
  })
  .transform(({ metadata, spec }) => ({ kind: "Invariant" as const, ...metadata, ...spec }));

/** What has to be true of who can reach whom. */
export type Invariant = DeepReadonly<z.output<typeof invariantSchema>>;
