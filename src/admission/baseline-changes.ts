import { type Change, type Policy, policyKey } from "../engine/model.ts";
import { renderBaseline } from "../resources/render-baseline.ts";
import { readLabels } from "../wire/metadata.ts";
import { parseNamespace } from "../wire/namespace.ts";
import { parseNetworkPolicy } from "../wire/network-policy.ts";
import { field, sameJson } from "../wire/shape.ts";
import { optInOf } from "./govern.ts";
import type { AdmissionRequest } from "./review.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * What Ringfence itself will do to the baseline of a namespace because of an update: other labels or
 * annotations fill its templates otherwise, another profile or label names another. None where the
 * namespace had, or is to have, no baseline, or where it cannot be told: then it stays as it is.
 *
 * SECURITY: whoever may edit a namespace says with these what its baseline allows; without this nobody
 * would judge it, since Ringfence's own writes are let through.
 */
export function baselineChanges(
  { kind, operation, object, oldObject }: AdmissionRequest,
  around: Surroundings,
): readonly Change[] {
  if (kind !== "Namespace" || operation !== "UPDATE") return [];
  const before = baselineOf(oldObject, around);
  const after = baselineOf(object, around);
  if (before === null || after === null || sameJson(before, after)) return [];
  const next = after.flatMap(asPolicy);
  const kept = new Set(next.map(policyKey));
  const gone = before.flatMap(asPolicy).map(policyKey);
  return [
    ...next.map((policy) => ({ kind: "policy", op: "upsert", object: policy }) as const),
    ...gone
      .filter((key) => !kept.has(key))
      .map((key) => ({ kind: "policy", op: "delete", key }) as const),
  ];
}

function baselineOf(
  raw: unknown,
  { ruleBook, clusterValues }: Surroundings,
): readonly object[] | null {
  const read = parseNamespace(raw);
  if (!read.ok) return null;
  const { name, labels } = read.value.namespace;
  if (optInOf(labels)?.mode !== "enforce") return null;
  const baseline = ruleBook.baselineFor(labels);
  if (!baseline.ok) return null;
  const annotations = readLabels(field(raw, "metadata", "annotations"));
  const facts = { ...clusterValues(), namespace: name, labels, annotations };
  const rendered = renderBaseline(baseline.value, facts);
  return rendered.ok ? rendered.value : null;
}

function asPolicy(raw: object): readonly Policy[] {
  const read = parseNetworkPolicy(raw);
  return read.ok ? [read.value.policy] : [];
}
