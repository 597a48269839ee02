import { z } from "zod";
import type { Action, Policy, PortMatch } from "../engine/model.ts";
import { type Problem, type Result, success } from "../errors.ts";
import { metadataSchema } from "./metadata.ts";
import type { ParsedPolicy } from "./parsed-policy.ts";
import { portNumberSchema, protocolSchema } from "./policy-port.ts";
import { type DeepReadonly, parseManifest } from "./shape.ts";
import {
  compileTieredPolicy,
  egressPeerSchema,
  ingressPeerSchema,
  onlyField,
  prioritySchema,
  subjectSchema,
  type TieredRule,
  unreadableTieredPolicy,
} from "./tiered-policy.ts";

/** AdminNetworkPolicy API: rules, peers and ports all have `MaxItems=100`. */
const MAX_ITEMS = 100;

/** What v1alpha1 calls `Allow` is `Accept` since v1alpha2. */
const ACTIONS = { Allow: "Accept", Deny: "Deny", Pass: "Pass" } as const satisfies Record<
  string,
  Action
>;

const portSchema = z
  .looseObject({
    portNumber: z
      .strictObject({ protocol: protocolSchema, port: portNumberSchema })
      .transform(({ protocol, port }): readonly PortMatch[] => [
        { kind: "range", protocol, first: port, last: port },
      ])
      .nullish(),
    portRange: z
      .strictObject({ protocol: protocolSchema, start: portNumberSchema, end: portNumberSchema })
      .refine(({ start, end }) => start <= end, { error: "`end` is less than `start`" })
      .transform(({ protocol, start, end }): readonly PortMatch[] => [
        { kind: "range", protocol, first: start, last: end },
      ])
      .nullish(),
    namedPort: z
      .string()
      .min(1)
      .transform((name): readonly PortMatch[] => [{ kind: "named", protocol: null, name }])
      .nullish(),
  })
  .transform((entry, context) => {
    const { portNumber, portRange, namedPort } = entry;
    return onlyField<PortMatch>(context, entry, { portNumber, portRange, namedPort });
  });

const adminNetworkPolicySchema = z.strictObject({
  apiVersion: z.literal("policy.networking.k8s.io/v1alpha1").exactOptional(),
  kind: z.literal("AdminNetworkPolicy").exactOptional(),
  metadata: metadataSchema,
  spec: z.strictObject({
    priority: prioritySchema,
    subject: subjectSchema,
    ...rulesSchemas(["Allow", "Deny", "Pass"]),
  }),
  status: z.unknown().optional(),
});

const baselineAdminNetworkPolicySchema = z.strictObject({
  apiVersion: z.literal("policy.networking.k8s.io/v1alpha1").exactOptional(),
  kind: z.literal("BaselineAdminNetworkPolicy").exactOptional(),
  metadata: metadataSchema.refine(({ name }) => name === "default", {
    error: "is not `default`, the only one there can be",
    path: ["name"],
  }),
  spec: z.strictObject({ subject: subjectSchema, ...rulesSchemas(["Allow", "Deny"]) }),
  status: z.unknown().optional(),
});

/** A policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy as it is written. */
export type AdminNetworkPolicyManifest = DeepReadonly<z.input<typeof adminNetworkPolicySchema>>;

/** A policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy as it is written. */
export type BaselineAdminNetworkPolicyManifest = DeepReadonly<
  z.input<typeof baselineAdminNetworkPolicySchema>
>;

/** Read an AdminNetworkPolicy; like a ClusterNetworkPolicy of the Admin tier. */
export function parseAdminNetworkPolicy(
  raw: unknown,
): Result<ParsedPolicy<AdminNetworkPolicyManifest>, readonly Problem[]> {
  const read = parseManifest(adminNetworkPolicySchema, raw);
  if (!read.ok) return read;
  const { manifest, value } = read.value;
  const { metadata, spec } = value;
  const identity = { kind: "AdminNetworkPolicy", tier: "Admin" } as const;
  const source = { schema: adminNetworkPolicySchema, manifest };
  return success({ manifest, ...compileTieredPolicy({ ...identity, metadata, ...spec }, source) });
}

/** Read a BaselineAdminNetworkPolicy; like the only ClusterNetworkPolicy of the Baseline tier. */
export function parseBaselineAdminNetworkPolicy(
  raw: unknown,
): Result<ParsedPolicy<BaselineAdminNetworkPolicyManifest>, readonly Problem[]> {
  const read = parseManifest(baselineAdminNetworkPolicySchema, raw);
  if (!read.ok) return read;
  const { manifest, value } = read.value;
  const { metadata, spec } = value;
  const identity = { kind: "BaselineAdminNetworkPolicy", tier: "Baseline", priority: 0 } as const;
  const source = { schema: baselineAdminNetworkPolicySchema, manifest };
  return success({ manifest, ...compileTieredPolicy({ ...identity, metadata, ...spec }, source) });
}

/** The model of a stored AdminNetworkPolicy that cannot be read: its subjects are denied all. */
export function unreadableAdminNetworkPolicy(raw: unknown): Policy {
  return unreadableTieredPolicy("AdminNetworkPolicy", "Admin", raw);
}

/** The model of a stored BaselineAdminNetworkPolicy that cannot be read, likewise. */
export function unreadableBaselineAdminNetworkPolicy(raw: unknown): Policy {
  return unreadableTieredPolicy("BaselineAdminNetworkPolicy", "Baseline", raw);
}

function rulesSchemas<const A extends readonly (keyof typeof ACTIONS)[]>(actions: A) {
  const fields = {
    name: z.string().max(100).nullish(),
    action: z.enum(actions),
    // AdminNetworkPolicyIngressRule API, `ports`: "If Ports is not set then the rule does not filter traffic
    // via port"; implementations read an empty list, which the CRD admits, in the same way.
    ports: z
      .array(portSchema)
      .max(MAX_ITEMS)
      .nullish()
      .transform((ports) => (ports == null || ports.length === 0 ? null : ports.flat())),
  };
  return {
    ingress: z
      .array(
        z
          .strictObject({ ...fields, from: z.array(ingressPeerSchema).min(1).max(MAX_ITEMS) })
          .transform(({ action, from, ports }): TieredRule => {
            return { action: ACTIONS[action], peers: from.flat(), ports };
          }),
      )
      .max(MAX_ITEMS)
      .nullish(),
    egress: z
      .array(
        z
          .strictObject({ ...fields, to: z.array(egressPeerSchema).min(1).max(MAX_ITEMS) })
          .transform(({ action, to, ports }): TieredRule => {
            return { action: ACTIONS[action], peers: to.flat(), ports };
          }),
      )
      .max(MAX_ITEMS)
      .nullish(),
  };
}
