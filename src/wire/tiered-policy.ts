import { z } from "zod";
import type {
  Action,
  Direction,
  DirectionRules,
  Peer,
  Policy,
  PolicyKind,
  PortMatch,
  Rule,
  Selection,
  Selector,
  Tier,
} from "../engine/model.ts";
import type { Problem } from "../errors.ts";
import { findUnknownField } from "./find-unknown-field.ts";
import { cidrSchema } from "./ip-block.ts";
import { knownFields } from "./known-fields.ts";
import { labelSelectorSchema, openLabelSelectorSchema } from "./label-selector.ts";
import { type Metadata, nameNotices } from "./metadata.ts";
import { field, jsonPath, listAt, textAt, unknownField } from "./shape.ts";

// What ClusterNetworkPolicy v1alpha2 and its predecessors AdminNetworkPolicy and
// BaselineAdminNetworkPolicy v1alpha1 have in common.

/** A part of a rule: what it means, or that only a newer API than ours knows. */
type Known<T> = T | "unknown";

/** A rule as it is read, before it is known where it stands. */
export interface TieredRule {
  readonly action: Action;
  readonly peers: readonly Known<Peer>[];
  /** Null: the rule does not look at ports. */
  readonly ports: readonly Known<PortMatch>[] | null;
}

const MAX_NETWORKS = 25;
const DOMAIN_NAME =
  /^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$/;

const namespacesPeerSchema = openLabelSelectorSchema.transform((selector) => [
  podsPeer(selector, []),
]);

const podsPeerSchema = z
  .looseObject({
    namespaceSelector: openLabelSelectorSchema.nullish(),
    podSelector: openLabelSelectorSchema.nullish(),
  })
  .transform((peer): readonly Known<Peer>[] => {
    const { namespaceSelector, podSelector, ...unknown } = peer;
    if (Object.keys(unknown).length > 0) return ["unknown"];
    return [podsPeer(namespaceSelector ?? [], podSelector ?? [])];
  });

const nodesPeerSchema = openLabelSelectorSchema.transform((selector): readonly Known<Peer>[] => [
  selector === "unknown" ? selector : { kind: "nodes", selector },
]);

const networksPeerSchema = z
  .array(cidrSchema)
  .min(1)
  .max(MAX_NETWORKS)
  .transform((ranges) => ranges.map((range): Peer => ({ kind: "addresses", ranges: [range] })));

const domainNamesPeerSchema = z
  .array(z.string().regex(DOMAIN_NAME, { error: notADomainName }))
  .min(1)
  .max(MAX_NETWORKS)
  .transform((names): readonly Peer[] => [{ kind: "domainNames", names }]);

/** A peer of an ingress rule. */
export const ingressPeerSchema = z
  .looseObject({ namespaces: namespacesPeerSchema.nullish(), pods: podsPeerSchema.nullish() })
  .transform((peer, context) => {
    const { namespaces, pods } = peer;
    return onlyField(context, peer, { namespaces, pods });
  });

/** A peer of an egress rule. */
export const egressPeerSchema = z
  .looseObject({
    namespaces: namespacesPeerSchema.nullish(),
    pods: podsPeerSchema.nullish(),
    networks: networksPeerSchema.nullish(),
    nodes: nodesPeerSchema.nullish(),
    domainNames: domainNamesPeerSchema.nullish(),
  })
  .transform((peer, context) => {
    const { namespaces, pods, networks, nodes, domainNames } = peer;
    return onlyField(context, peer, { namespaces, pods, networks, nodes, domainNames });
  });

/** `subject`: exactly one of `namespaces` and `pods`. */
export const subjectSchema = z
  .strictObject({
    namespaces: labelSelectorSchema.nullish(),
    pods: z
      .strictObject({
        namespaceSelector: labelSelectorSchema.nullish(),
        podSelector: labelSelectorSchema.nullish(),
      })
      .nullish(),
  })
  .transform(({ namespaces, pods }, context): Selection => {
    if ((namespaces == null) === (pods == null)) {
      context.addIssue({ code: "custom", message: EXACTLY_ONE, input: namespaces });
    }
    return selection(namespaces ?? pods?.namespaceSelector ?? [], pods?.podSelector ?? []);
  });

const EXACTLY_ONE = "exactly one field must be set";

/**
 * What the only set field of `given` means; `known` holds the fields this version reads.
 * A field that is not among them is `"unknown"`, none or several is a problem.
 */
export function onlyField<T>(
  context: z.RefinementCtx,
  given: object,
  known: Readonly<Record<string, readonly Known<T>[] | null | undefined>>,
): readonly Known<T>[] {
  const names = Object.entries(given).flatMap(([name, value]) => (value == null ? [] : [name]));
  const [name, ...others] = names;
  if (name === undefined || others.length > 0) {
    context.addIssue({ code: "custom", message: EXACTLY_ONE, input: given });
    return [];
  }
  return (Object.hasOwn(known, name) ? known[name] : null) ?? ["unknown"];
}

/** A policy of an ordered tier as it is read. */
interface TieredPolicy {
  readonly kind: PolicyKind;
  readonly tier: Tier;
  readonly metadata: Metadata;
  readonly priority: number;
  readonly subject: Selection;
  readonly ingress?: readonly TieredRule[] | null | undefined;
  readonly egress?: readonly TieredRule[] | null | undefined;
}

/** A policy as it came, and what reads it. */
interface Source {
  readonly schema: z.ZodType;
  readonly manifest: unknown;
}

/** The policy in the engine's terms, and what is worth saying about it. */
export function compileTieredPolicy(
  read: TieredPolicy,
  source: Source,
): {
  readonly policy: Policy;
  readonly notices: readonly Problem[];
} {
  const { metadata, ingress, egress, ...identity } = read;
  const inward = compileRules("ingress", ingress ?? [], source);
  const outward = compileRules("egress", egress ?? [], source);
  const policy = {
    ...identity,
    namespace: "",
    name: metadata.name,
    ingress: inward.compiled,
    egress: outward.compiled,
    readable: true,
  };
  return { policy, notices: [...nameNotices(metadata), ...inward.notices, ...outward.notices] };
}

function compileRules(
  direction: Direction,
  rules: readonly TieredRule[],
  source: Source,
): { readonly compiled: DirectionRules; readonly notices: readonly Problem[] } {
  const compiled: Rule[] = [];
  const notices: Problem[] = [];
  for (const [index, rule] of rules.entries()) {
    const path = `spec.${direction}[${index}]`;
    const peers = rule.peers.filter((peer) => peer !== "unknown");
    const ports = rule.ports?.filter((port) => port !== "unknown") ?? "all";
    const understood =
      peers.length === rule.peers.length &&
      (ports === "all" || ports.length === rule.ports?.length);
    notices.push(...ruleNotices(rule, path));
    if (understood) {
      compiled.push({ action: rule.action, peers, ports, path });
      continue;
    }
    // ClusterNetworkPolicyIngressPeer API: 'For "Accept" rules, "fail closed" means: "treat the rule
    // as matching no traffic". For "Deny" and "Pass" rules: "treat the rule as a Deny all rule"'.
    const accepts = rule.action === "Accept";
    compiled.push({ action: "Deny", peers: accepts ? [] : "all", ports: "all", path });
    notices.push(
      closedNotice(
        ["spec", direction, index],
        accepts ? "accepting nothing" : "denying everything",
        source,
      ),
    );
  }
  return { compiled: { isolates: false, rules: compiled }, notices };
}

/** Why a rule is read as it is not written: the field that only a newer API may know. */
function closedNotice(
  rule: readonly ["spec", Direction, number],
  reading: string,
  { schema, manifest }: Source,
): Problem {
  const [spec, direction, index] = rule;
  const raw = listAt(manifest, spec, direction)[index];
  const path = findUnknownField(schema, raw, rule) ?? rule;
  const unknown =
    path === rule
      ? "unknown field"
      : unknownField(String(path.at(-1)), knownFields(schema, path.slice(0, -1)));
  return {
    code: "NP_E_SCHEMA",
    path: jsonPath(path),
    message: `the rule is read as ${reading} because of an ${unknown}`,
  };
}

/** What in a rule has no effect, or none that all implementations agree on. */
function ruleNotices(rule: TieredRule, path: string): readonly Problem[] {
  const kinds = new Set(rule.peers.map((peer) => (peer === "unknown" ? peer : peer.kind)));
  const hasNamedPort = rule.ports?.some((port) => port !== "unknown" && port.kind === "named");
  const messages: string[] = [];
  const hasOutside = kinds.has("addresses") || kinds.has("nodes") || kinds.has("domainNames");
  if (hasNamedPort === true && hasOutside) {
    messages.push("only pods have named ports: API servers refuse them beside other peers");
  }
  if (kinds.has("domainNames") && rule.action !== "Accept") {
    messages.push("`domainNames` is only supported where `action` is to accept");
  }
  return messages.map((message) => ({ code: "NP_E_VALUE", path, message }));
}

/**
 * The model of a stored policy that cannot be read: it denies its subjects everything, or all pods
 * where they cannot be read either.
 */
export function unreadableTieredPolicy(kind: PolicyKind, tier: Tier, raw: unknown): Policy {
  const subject = subjectSchema.safeParse(field(raw, "spec", "subject"));
  const priority = prioritySchema.safeParse(field(raw, "spec", "priority"));
  const denyAll: DirectionRules = {
    isolates: false,
    rules: [{ action: "Deny", peers: "all", ports: "all", path: "spec" }],
  };
  return {
    kind,
    namespace: "",
    name: textAt(raw, "metadata", "name"),
    tier,
    priority: priority.success ? priority.data : 0,
    subject: subject.success ? subject.data : selection([], []),
    ingress: denyAll,
    egress: denyAll,
    readable: false,
  };
}

/** Ascending within a tier. */
export const prioritySchema = z
  .int()
  .refine((priority) => priority >= 0 && priority <= 1000, { error: "is not from 0 to 1000" });

function podsPeer(namespaces: Known<Selector>, pods: Known<Selector>): Known<Peer> {
  if (namespaces === "unknown" || pods === "unknown") return "unknown";
  return { kind: "pods", selection: selection(namespaces, pods) };
}

function selection(namespaces: Selector, pods: Selector): Selection {
  return { namespaces: { kind: "selector", selector: namespaces }, pods };
}

function notADomainName(issue: { readonly input?: unknown }): string {
  return `\`${String(issue.input)}\` is not a domain name`;
}
