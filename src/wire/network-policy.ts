import { z } from "zod";
import type {
  Direction,
  DirectionRules,
  Peer,
  Policy,
  PortMatch,
  Selector,
} from "../engine/model.ts";
import { type Problem, type Result, success } from "../errors.ts";
import { ipBlockSchema } from "./ip-block.ts";
import { labelSelectorSchema } from "./label-selector.ts";
import { metadataSchema, nameNotices } from "./metadata.ts";
import type { ParsedPolicy } from "./parsed-policy.ts";
import { readPlainPolicy } from "./plain-network-policy.ts";
import { policyPortSchema } from "./policy-port.ts";
import { type DeepReadonly, field, parseManifest, textAt } from "./shape.ts";

const peerSchema = z
  .strictObject({
    podSelector: labelSelectorSchema.nullish(),
    namespaceSelector: labelSelectorSchema.nullish(),
    ipBlock: ipBlockSchema.nullish(),
  })
  .refine(
    (peer) => peer.ipBlock != null || peer.podSelector != null || peer.namespaceSelector != null,
    {
      error: "selects nobody: name a `podSelector`, a `namespaceSelector` or an `ipBlock`",
    },
  )
  .refine((peer) => peer.ipBlock == null || (peer.podSelector ?? peer.namespaceSelector) == null, {
    error: "`ipBlock` cannot stand beside a selector",
  });

/** A list whose items may be left out: a bare dash is null, which the API server reads as `{}`. */
function listOf<S extends z.ZodType>(item: S) {
  return z.array(z.preprocess((raw) => raw ?? {}, item)).nullish();
}

const portsSchema = listOf(policyPortSchema);
const peersSchema = listOf(peerSchema);
const policyTypesSchema = z.array(z.enum(["Ingress", "Egress"])).max(2);

/** Unknown fields are problems: those that a newer API knows could only narrow what we read. */
const specSchema = z.strictObject({
  podSelector: labelSelectorSchema.nullish(),
  policyTypes: policyTypesSchema.nullish(),
  ingress: listOf(z.strictObject({ from: peersSchema, ports: portsSchema })),
  egress: listOf(z.strictObject({ to: peersSchema, ports: portsSchema })),
});

const networkPolicySchema = z.strictObject({
  apiVersion: z.literal("networking.k8s.io/v1").exactOptional(),
  kind: z.literal("NetworkPolicy").exactOptional(),
  metadata: metadataSchema,
  spec: specSchema.nullish(),
  status: z.unknown().optional(),
});

/** A networking.k8s.io/v1 NetworkPolicy as it is written, nothing filled in. */
export type NetworkPolicyManifest = DeepReadonly<z.input<typeof networkPolicySchema>>;

export type PolicySpec = DeepReadonly<z.output<typeof specSchema>>;
export type WirePeer = DeepReadonly<z.output<typeof peerSchema>>;
interface WireRule {
  readonly peers: readonly WirePeer[] | null | undefined;
  readonly ports: readonly PortMatch[] | null | undefined;
}

/**
 * Read a NetworkPolicy as the API server would: the same defaults, the same refusals.
 * `namespace` is that of an object that names none.
 */
export function parseNetworkPolicy(
  raw: unknown,
  namespace = "default",
): Result<ParsedPolicy<NetworkPolicyManifest>, readonly Problem[]> {
  const plain = readPlainPolicy(raw);
  if (plain === null) return parseBySchema(raw, namespace);
  const policy = compile(plain.name, plain.namespace || namespace, plain.spec);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema would accept it
  return success({ manifest: raw as NetworkPolicyManifest, policy, notices: [] });
}

/** The same without the short cut for what is plain. */
export function parseBySchema(
  raw: unknown,
  namespace: string,
): Result<ParsedPolicy<NetworkPolicyManifest>, readonly Problem[]> {
  const read = parseManifest(networkPolicySchema, raw);
  if (!read.ok) return read;
  const { manifest, value } = read.value;
  const { metadata, spec } = value;
  const policy = compile(metadata.name, metadata.namespace || namespace, spec ?? {});
  return success({ manifest, policy, notices: nameNotices(metadata) });
}

/**
 * The model of a stored policy that cannot be read: it isolates its pods, as far as can be told
 * which and in which directions, else all pods of its namespace in both, and allows nothing.
 */
export function unreadableNetworkPolicy(raw: unknown, fallback = "default"): Policy {
  const namespace = textAt(raw, "metadata", "namespace") || fallback;
  const pods = labelSelectorSchema.safeParse(field(raw, "spec", "podSelector"));
  const types = policyTypesSchema.safeParse(field(raw, "spec", "policyTypes"));
  const isolates = (type: "Ingress" | "Egress"): DirectionRules => ({
    isolates: !types.success || types.data.length === 0 || types.data.includes(type),
    rules: [],
  });
  return {
    ...networkPolicyTier,
    namespace,
    name: textAt(raw, "metadata", "name"),
    subject: {
      namespaces: { kind: "name", name: namespace },
      pods: pods.success ? pods.data : [],
    },
    ingress: isolates("Ingress"),
    egress: isolates("Egress"),
    readable: false,
  };
}

/**
 * NetworkPolicySpec API, `policyTypes`: "If this field is not specified, it will default based on the
 * existence of ingress or egress rules; policies that contain an egress section are assumed to
 * affect egress, and all policies (whether or not they contain an ingress section) are assumed to
 * affect ingress." The API server takes a list without rules for no egress section.
 */
export function impliedPolicyTypes(spec: {
  readonly policyTypes?: readonly ("Ingress" | "Egress")[] | null | undefined;
  readonly egress?: readonly unknown[] | null | undefined;
}): readonly ("Ingress" | "Egress")[] {
  const given = spec.policyTypes ?? [];
  if (given.length > 0) return given;
  return (spec.egress ?? []).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
}

const networkPolicyTier = { kind: "NetworkPolicy", tier: "NetworkPolicy", priority: 0 } as const;

function compile(name: string, namespace: string, spec: PolicySpec): Policy {
  const types = impliedPolicyTypes(spec);
  const ingress = (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }));
  const egress = (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
  return {
    ...networkPolicyTier,
    namespace,
    name,
    subject: { namespaces: { kind: "name", name: namespace }, pods: spec.podSelector ?? [] },
    ingress: compileDirection(namespace, "ingress", types.includes("Ingress") ? ingress : null),
    egress: compileDirection(namespace, "egress", types.includes("Egress") ? egress : null),
    readable: true,
  };
}

/** Rules of a direction that `policyTypes` leaves out have no effect: null. */
function compileDirection(
  namespace: string,
  direction: Direction,
  rules: readonly WireRule[] | null,
): DirectionRules {
  return {
    isolates: rules !== null,
    rules: (rules ?? []).map((rule, index) => ({
      action: "Accept",
      // NetworkPolicyIngressRule API: "If this field is empty or missing, this rule matches all sources".
      peers: allIfEmpty(rule.peers?.map((peer) => compilePeer(namespace, peer))),
      ports: allIfEmpty(rule.ports),
      path: `spec.${direction}[${index}]`,
    })),
  };
}

function allIfEmpty<T>(list: readonly T[] | null | undefined): "all" | readonly T[] {
  return list == null || list.length === 0 ? "all" : list;
}

function compilePeer(namespace: string, peer: WirePeer): Peer {
  if (peer.ipBlock != null) return { kind: "addresses", ranges: peer.ipBlock };
  const selector: Selector | null = peer.namespaceSelector ?? null;
  return {
    kind: "pods",
    selection: {
      namespaces:
        selector === null ? { kind: "name", name: namespace } : { kind: "selector", selector },
      pods: peer.podSelector ?? [],
    },
  };
}
