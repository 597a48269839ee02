import { type Change, DIRECTIONS, type Policy, policyKey } from "../../engine/model.ts";
import type { ClusterFinding } from "../../engine/query.ts";
import { AppError } from "../../errors.ts";
import { impliedPolicyTypes, parseNetworkPolicy } from "../../wire/network-policy.ts";
import { isObject, listAt } from "../../wire/shape.ts";
import { eachWithProgress, type Report } from "../report.ts";
import { policiesIn, type SourcePolicy, type World } from "../sources/world.ts";
import { applicableManifest } from "./applicable-manifest.ts";
import { isOfBaseline } from "./engine-findings.ts";

/** Policies that say the same in less, and the proof that they do. */
export interface Reduction {
  /** Manifests to apply in the place of those there are. */
  readonly policies: readonly object[];
  /** `policyKey`s of those that can be deleted. */
  readonly deleted: readonly string[];
  readonly rulesRemoved: number;
}

type RuleFinding = Extract<
  ClusterFinding,
  { readonly code: "redundant-rule" | "shadowed-rule" | "mergeable-rules" }
>;

type Raw = Readonly<Record<string, unknown>>;

/**
 * Take out what can go with no change in effect. The world is as before when this returns.
 *
 * - Policies for a whole namespace stay: they are for the pods to come.
 * - So do the baseline, and policies of other kinds than NetworkPolicy.
 *
 * Throws an AppError if connectivity should turn out to differ: a defect, and nothing to be applied.
 */
export function reduce(
  world: World,
  namespace: string | null,
  report: Pick<Report, "progress">,
): Reduction {
  const reducer = new Reducer(world);
  // PERF: each policy is asked about alone. NetworkPolicies only allow, so that one with nothing to take out has
  // nothing after others have become less either.
  const policies = policiesIn(world, namespace);
  const wasteful = eachWithProgress(policies, report, "looking at policy", (source) =>
    reducer.isWasteful(source) ? [source] : [],
  ).flat();
  // A rule that goes from another policy may be what this one is needless for.
  for (const source of wasteful) reducer.drop(source);
  for (const source of wasteful) reducer.shorten(source);
  return reducer.prove();
}

class Reducer {
  readonly #world: World;
  /** What became of a policy; null: it can go. */
  readonly #results = new Map<string, Raw | null>();
  #rulesRemoved = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Report whether something may be taken out of a policy. */
  isWasteful(source: SourcePolicy): boolean {
    const { policy } = source;
    if (policy.kind !== "NetworkPolicy" || isOfBaseline(source)) return false;
    return this.#findings(policy).some((one) => one.code === "redundant-policy" || isOfRules(one));
  }

  /** Take the whole policy out, if it can go: of two that make each other redundant the first. */
  drop({ policy, manifest }: SourcePolicy): void {
    if (policy.subject.pods.length === 0) return;
    const isRedundant = this.#findings(policy).some(({ code }) => code === "redundant-policy");
    if (isRedundant) this.#take(policy, { before: manifest, after: null });
  }

  /** Take rules out, and make one of several, until that is done. */
  shorten({ policy, manifest }: SourcePolicy): void {
    if (this.#results.has(policyKey(policy))) return;
    let before: unknown = manifest;
    for (;;) {
      const found = this.#findings(policy).filter(isOfRules);
      if (found.length === 0 || !isObject(before)) return;
      const after = shortened(before, found);
      this.#take(policy, { before, after });
      before = after;
    }
  }

  /** Hold what came out against what there was. */
  prove(): Reduction {
    const { engine, policies } = this.#world;
    const changes: Change[] = [];
    for (const [key, raw] of this.#results) {
      const source = policies.get(key);
      if (source === undefined) continue;
      changes.push(changeTo(source.policy, raw));
      engine.apply({ kind: "policy", op: "upsert", object: source.policy });
    }
    const { opened, closed, unsure } = engine.difference(changes, "pod");
    if (opened.length + closed.length + unsure.length > 0) {
      throw new AppError(
        "NP_E_FAULT",
        "the reduced policies are not the same in effect: not shown",
      );
    }
    const results = [...this.#results];
    return {
      policies: results.flatMap(([, raw]) => (raw === null ? [] : [applicableManifest(raw)])),
      deleted: results.flatMap(([key, raw]) => (raw === null ? [key] : [])),
      rulesRemoved: this.#rulesRemoved,
    };
  }

  #findings(policy: Policy): readonly ClusterFinding[] {
    return this.#world.engine.findingsAbout(policyKey(policy));
  }

  #take(
    policy: Policy,
    { before, after }: { readonly before: unknown; readonly after: Raw | null },
  ): void {
    this.#rulesRemoved += ruleCount(before) - ruleCount(after);
    this.#results.set(policyKey(policy), after);
    this.#world.engine.apply(changeTo(policy, after));
  }
}

function isOfRules(finding: ClusterFinding): finding is RuleFinding {
  switch (finding.code) {
    case "redundant-rule":
    case "shadowed-rule":
    case "mergeable-rules":
      return true;
    case "redundant-policy":
    case "selects-nothing":
    case "peer-selects-nothing":
    case "duplicate-policies":
    case "unprotected":
      return false;
  }
}

/** The manifest without the rules that can go, and with those that can be one as one. */
function shortened(raw: Raw, findings: readonly RuleFinding[]): Raw {
  const { spec } = raw;
  if (!isObject(spec)) return raw;
  const rules = new Map<string, unknown>(
    DIRECTIONS.flatMap((direction) =>
      listAt(spec, direction).map((rule, at) => [`spec.${direction}[${at}]`, rule] as const),
    ),
  );
  for (const finding of findings) {
    if (finding.code === "mergeable-rules") {
      const [first = "", ...others] = finding.paths;
      const merged = finding.paths.map((path) => rules.get(path)).filter(isObject);
      rules.set(first, mergedRule(merged, finding.same));
      for (const path of others) rules.delete(path);
    } else rules.delete(finding.path);
  }
  const lists = DIRECTIONS.filter((direction) => spec[direction] !== undefined).map((direction) => {
    const left = [...rules].filter(([path]) => path.startsWith(`spec.${direction}[`));
    return [direction, left.map(([, rule]) => rule)] as const;
  });
  // A policy without its last egress rule would no longer isolate, were its types not written down.
  const policyTypes = impliedPolicyTypes(spec);
  return { ...raw, spec: { ...spec, policyTypes, ...Object.fromEntries<unknown>(lists) } };
}

/** Rules that have `same` in common, as one; an absent list is everything, and stays so. */
function mergedRule(rules: readonly Raw[], same: "peers" | "ports"): unknown {
  const merged: Record<string, unknown> = { ...rules[0] };
  for (const key of same === "peers" ? ["ports"] : ["from", "to"]) {
    const lists = rules.map((rule) => listAt(rule, key));
    const items = new Map(lists.flat().map((item) => [JSON.stringify(item), item]));
    if (lists.some((list) => list.length === 0)) delete merged[key];
    else merged[key] = [...items.values()];
  }
  return merged;
}

function ruleCount(raw: unknown): number {
  return DIRECTIONS.flatMap((direction) => listAt(raw, "spec", direction)).length;
}

/** How many rules the policies of a world have. */
export function totalRules(policies: readonly SourcePolicy[]): number {
  return policies.reduce((sum, { manifest }) => sum + ruleCount(manifest), 0);
}

function changeTo(policy: Policy, raw: Raw | null): Change {
  const key = policyKey(policy);
  const read = raw === null ? null : parseNetworkPolicy(raw, policy.namespace);
  if (read === null) return { kind: "policy", op: "delete", key };
  if (!read.ok || policyKey(read.value.policy) !== key) {
    throw new AppError("NP_E_FAULT", "a reduced policy cannot be read back: not shown");
  }
  return { kind: "policy", op: "upsert", object: read.value.policy };
}
