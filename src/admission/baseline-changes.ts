import { type Change, type Labels, type Policy, policyKey } from "../engine/model.ts";
import type { Baseline } from "../resources/baseline.ts";
import { keysNeededBy } from "../resources/baseline-variables.ts";
import { isLeftAlone, renderBaseline } from "../resources/render-baseline.ts";
import { optInOf } from "../rules/opt-in.ts";
import { readLabels } from "../wire/metadata.ts";
import { parseNamespace } from "../wire/namespace.ts";
import { parseNetworkPolicy } from "../wire/network-policy.ts";
import { field, sameJson } from "../wire/shape.ts";
import type { AdmissionRequest } from "./review.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * What Ringfence itself will do to the policies of a namespace because of an update. A namespace that comes to
 * be enforced gets its baseline; other labels or annotations fill the templates differently; another profile or
 * label names another baseline. Nothing if the namespace is to have no baseline, or if it cannot be told which:
 * then all stays as it is. A namespace that is created has no pods yet.
 *
 * SECURITY: by these, whoever may edit a namespace decides what its baseline allows. Ringfence's own writes are
 * let through, so nobody else would judge it.
 */
export function baselineChanges(
  {
    kind,
    operation,
    object,
    oldObject,
    name: namespace,
  }: Pick<AdmissionRequest, "kind" | "operation" | "object" | "oldObject" | "name">,
  around: Surroundings,
): readonly Change[] {
  if (kind !== "Namespace" || operation !== "UPDATE") return [];
  const after = baselineOf(object, around);
  if (after === null || sameJson(baselineOf(oldObject, around), after)) return [];
  return changesTowards(after, namespace, around);
}

/** What Ringfence changes in a namespace that is to have those policies. */
export function changesTowards(
  wanted: readonly object[],
  namespace: string,
  { baselines }: Pick<Surroundings, "baselines">,
): readonly Change[] {
  const next = wanted.flatMap(asPolicy);
  const names = new Set(next.map(({ name }) => name));
  const gone = baselines.policiesIn(namespace).filter((name) => !names.has(name));
  return [
    ...next.map((policy) => ({ kind: "policy", op: "upsert", object: policy }) as const),
    ...gone.map((name) => {
      const key = policyKey({ kind: "NetworkPolicy", namespace, name });
      return { kind: "policy", op: "delete", key } as const;
    }),
  ];
}

/** Report whether an update changes an annotation that the namespace's baseline is filled in from. */
export function refillsBaseline(
  { kind, operation, object, oldObject }: AdmissionRequest,
  around: Surroundings,
): boolean {
  if (kind !== "Namespace" || operation !== "UPDATE") return false;
  const [before, after] = [annotationsOf(oldObject), annotationsOf(object)];
  const changed = (key: string): boolean => before.get(key) !== after.get(key);
  const baseline = wantedBy(object, around)?.baseline;
  return baseline !== undefined && keysNeededBy(baseline).annotations.some(changed);
}

/** The policies of a namespace's own that `changes` put a policy of its baseline in the place of. */
export function replacedByBaseline(
  changes: readonly Change[],
  { cluster, baselines }: Surroundings,
): readonly string[] {
  return changes.flatMap((change) => {
    if (change.kind !== "policy" || change.op === "delete") return [];
    const { namespace, name } = change.object;
    const isThere = cluster.engine.policy(policyKey(change.object)) !== undefined;
    return isThere && !baselines.policiesIn(namespace).includes(name) ? [name] : [];
  });
}

/** Null: none, or it cannot be told. */
function baselineOf(raw: unknown, around: Surroundings): readonly object[] | null {
  const wanted = wantedBy(raw, around);
  if (wanted === null) return null;
  const { baseline, namespace, labels } = wanted;
  const facts = { ...around.clusterValues(), namespace, labels, annotations: annotationsOf(raw) };
  const rendered = renderBaseline(baseline, facts);
  return rendered.ok ? rendered.value : null;
}

interface Wanted {
  readonly baseline: Baseline;
  readonly namespace: string;
  readonly labels: Labels;
}

/** The baseline that a namespace is to have, as its labels say. Null: none, or it cannot be told. */
function wantedBy(raw: unknown, { ruleBook, cluster }: Surroundings): Wanted | null {
  const read = parseNamespace(raw);
  if (!read.ok) return null;
  const { name, labels } = read.value.namespace;
  if (optInOf(labels)?.mode !== "enforce" || isLeftAlone(name, cluster.facts.ownNamespace)) {
    return null;
  }
  const baseline = ruleBook.baselineFor(labels);
  return baseline.ok ? { baseline: baseline.value, namespace: name, labels } : null;
}

function annotationsOf(raw: unknown): Labels {
  return readLabels(field(raw, "metadata", "annotations"));
}

function asPolicy(raw: object): readonly Policy[] {
  const read = parseNetworkPolicy(raw);
  return read.ok ? [read.value.policy] : [];
}
