import { z } from "zod";
import type { Direction, Policy, PortMatch, Protocol } from "../engine/model.ts";
import { type Problem, type Result, success } from "../errors.ts";
import { metadataSchema } from "./metadata.ts";
import type { ParsedPolicy } from "./parsed-policy.ts";
import { allPortsOf, portNumberSchema } from "./policy-port.ts";
import { type DeepReadonly, field, parseManifest } from "./shape.ts";
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

/** ClusterNetworkPolicy API: rules, peers and protocols all have `MaxItems=25`. */
const MAX_ITEMS = 25;

const destinationPortSchema = z
  .strictObject({
    number: portNumberSchema.nullish(),
    range: z.strictObject({ start: portNumberSchema, end: portNumberSchema }).nullish(),
  })
  .transform(({ number, range }, context) => {
    if ((number == null) === (range == null)) {
      context.addIssue({ code: "custom", message: "exactly one field must be set", input: number });
    }
    if (range != null && range.start >= range.end) {
      context.addIssue({
        code: "custom",
        path: ["range"],
        message: "`start` must be less than `end`",
        input: range,
      });
    }
    return { first: range?.start ?? number ?? 0, last: range?.end ?? number ?? 0 };
  });

const protocolSchema = z
  .looseObject({
    tcp: attributesSchema("TCP").nullish(),
    udp: attributesSchema("UDP").nullish(),
    sctp: attributesSchema("SCTP").nullish(),
    destinationNamedPort: z
      .string()
      .min(1)
      .transform((name): readonly PortMatch[] => [{ kind: "named", protocol: null, name }])
      .nullish(),
  })
  .transform((entry, context) => {
    const { tcp, udp, sctp, destinationNamedPort } = entry;
    return onlyField<PortMatch>(context, entry, { tcp, udp, sctp, destinationNamedPort });
  });

const ruleFields = {
  name: z.string().max(100).nullish(),
  action: z.enum(["Accept", "Deny", "Pass"]),
  protocols: z.array(protocolSchema).min(1).max(MAX_ITEMS).nullish(),
};

const ingressRuleSchema = z
  .strictObject({ ...ruleFields, from: z.array(ingressPeerSchema).min(1).max(MAX_ITEMS) })
  .transform(({ action, from, protocols }): TieredRule => {
    return { action, peers: from.flat(), ports: protocols?.flat() ?? null };
  });

const egressRuleSchema = z
  .strictObject({ ...ruleFields, to: z.array(egressPeerSchema).min(1).max(MAX_ITEMS) })
  .transform(({ action, to, protocols }): TieredRule => {
    return { action, peers: to.flat(), ports: protocols?.flat() ?? null };
  });

const tierSchema = z.enum(["Admin", "Baseline"]);

const clusterNetworkPolicySchema = z.strictObject({
  apiVersion: z
    .enum(["policy.networking.k8s.io/v1alpha2", "policy.networking.k8s.io/v1beta1"])
    .exactOptional(),
  kind: z.literal("ClusterNetworkPolicy").exactOptional(),
  metadata: metadataSchema,
  spec: z.strictObject({
    tier: tierSchema,
    priority: prioritySchema,
    subject: subjectSchema,
    ingress: z.array(ingressRuleSchema).max(MAX_ITEMS).nullish(),
    egress: z.array(egressRuleSchema).max(MAX_ITEMS).nullish(),
  }),
  status: z.unknown().optional(),
});

/** A policy.networking.k8s.io ClusterNetworkPolicy as it is written: v1beta1 has the fields of v1alpha2. */
export type ClusterNetworkPolicyManifest = DeepReadonly<z.input<typeof clusterNetworkPolicySchema>>;

/** Read a ClusterNetworkPolicy. Fields that only a newer API knows make their rule fail closed. */
export function parseClusterNetworkPolicy(
  raw: unknown,
): Result<ParsedPolicy<ClusterNetworkPolicyManifest>, readonly Problem[]> {
  const read = parseManifest(clusterNetworkPolicySchema, raw);
  if (!read.ok) return read;
  const { manifest, value } = read.value;
  const { metadata, spec } = value;
  const { policy, notices } = compileTieredPolicy(
    { kind: "ClusterNetworkPolicy", metadata, ...spec },
    { schema: clusterNetworkPolicySchema, manifest },
  );
  const empty = [...emptyProtocols(manifest, "ingress"), ...emptyProtocols(manifest, "egress")];
  return success({ manifest, policy, notices: [...notices, ...empty] });
}

/** The model of a stored ClusterNetworkPolicy that cannot be read: its subjects are denied all. */
export function unreadableClusterNetworkPolicy(raw: unknown): Policy {
  const tier = tierSchema.safeParse(field(raw, "spec", "tier"));
  return unreadableTieredPolicy("ClusterNetworkPolicy", tier.success ? tier.data : "Admin", raw);
}

/** `tcp: {…}`: all its ports, or `destinationPort`; other attributes only a newer API knows. */
function attributesSchema(protocol: Protocol) {
  return z
    .looseObject({ destinationPort: destinationPortSchema.nullish() })
    .transform(({ destinationPort, ...unknown }): readonly (PortMatch | "unknown")[] => {
      if (Object.keys(unknown).length > 0) return ["unknown"];
      // ClusterNetworkPolicyProtocolTCP documentation: without destinationPort, all ports.
      if (destinationPort == null) return [allPortsOf(protocol)];
      return [{ kind: "range", protocol, ...destinationPort }];
    });
}

/** `tcp: {}` has a meaning by the documentation, but the CRD says `minProperties: 1`. */
function emptyProtocols(
  manifest: ClusterNetworkPolicyManifest,
  direction: Direction,
): readonly Problem[] {
  return (manifest.spec[direction] ?? []).flatMap((rule, index) =>
    (rule.protocols ?? []).flatMap((entry, position) =>
      (["tcp", "udp", "sctp"] as const).flatMap((name): readonly Problem[] => {
        const attributes = entry[name];
        if (attributes == null || Object.keys(attributes).length > 0) return [];
        const path = `spec.${direction}[${index}].protocols[${position}].${name}`;
        return [{ code: "NP_E_VALUE", path, message: "`{}` is all ports; API servers refuse it" }];
      }),
    ),
  );
}
