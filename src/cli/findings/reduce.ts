import { isDeepStrictEqual } from "node:util";
import { type Change, DIRECTIONS, policyKey } from "../../engine/model.ts";
import type { ClusterFinding } from "../../engine/query.ts";
import { AppError } from "../../errors.ts";
import { impliedPolicyTypes, parseNetworkPolicy } from "../../wire/network-policy.ts";
import { BASELINE_LABEL } from "../../wire/ringfence-labels.ts";
import { field, isObject, listAt } from "../../wire/shape.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import { applicableManifest } from "./applicable-manifest.ts";

/** Policies that say the same in less, and the proof that they do. */
export interface Reduction {
  /** Manifests to apply in the place of those there are. */
  readonly policies: readonly object[];
  /** `policyKey`s of those that can be deleted. */
  readonly deleted: readonly string[];
  readonly rulesRemoved: number;
  /** How many rows of connectivity were compared, pod by pod, and found to be the same. */
  readonly connections: number;
}

type Removable = Extract<
  ClusterFinding,
  { readonly code: "redundant-policy" | "redundant-rule" | "shadowed-rule" | "mergeable-rules" }
>;

type Raw = Readonly<Record<string, unknown>>;

/**
 * Take out what can go with no change in effect, one thing after the other, since of two that make each
 * other redundant only one can go. The world is as before when this returns.
 *
 * - Policies for a whole namespace stay: they are for the pods to come.
 * - So do the baseline, and policies of other kinds than NetworkPolicy.
 *
 * Throws an AppError if connectivity should turn out to differ: a defect, and nothing to be applied.
 */
export function reduce(world: World, namespace: string | null): Reduction {
  const reducer = new Reducer(world, namespace);
  while (reducer.step()) continue;
  return reducer.prove();
}

class Reducer {
  readonly #world: World;
  readonly #namespace: string | null;
  /** What became of a policy; null: it can go. */
  readonly #results = new Map<string, Raw | null>();
  #rulesRemoved = 0;

  constructor(world: World, namespace: string | null) {
    this.#world = world;
    this.#namespace = namespace;
  }

  /** Do one thing in each namespace, where they cannot get into each other's way; false: all is done. */
  step(): boolean {
    const touched = new Set<string>();
    const removable = this.#world.engine.findings().filter(isRemovable);
    for (const finding of removable.toSorted(policiesFirst)) {
      const source = this.#world.policies.get(finding.policy);
      const raw = this.#results.get(finding.policy) ?? source?.manifest;
      if (source === undefined || !isObject(raw) || touched.has(source.policy.namespace)) continue;
      const next = this.#mayTouch(source) ? withoutIt(raw, finding) : undefined;
      if (next === undefined) continue;
      touched.add(source.policy.namespace);
      this.#take(finding.policy, next, source.policy.namespace);
    }
    return touched.size > 0;
  }

  /** Hold what came out against what there was. */
  prove(): Reduction {
    const { engine, policies } = this.#world;
    const changes: Change[] = [];
    for (const [key, raw] of this.#results) {
      const source = policies.get(key);
      if (source === undefined) continue;
      changes.push(changeTo(key, raw, source.policy.namespace));
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
      connections: engine.connections("pod").length,
    };
  }

  #mayTouch({ policy, manifest }: SourcePolicy): boolean {
    const isBaseline = field(manifest, "metadata", "labels", BASELINE_LABEL) !== undefined;
    const isWanted = this.#namespace === null || this.#namespace === policy.namespace;
    return policy.kind === "NetworkPolicy" && isWanted && !isBaseline;
  }

  #take(key: string, next: Raw | null, namespace: string): void {
    const before = this.#results.get(key) ?? this.#world.policies.get(key)?.manifest;
    this.#rulesRemoved += ruleCount(before) - ruleCount(next);
    this.#results.set(key, next);
    this.#world.engine.apply(changeTo(key, next, namespace));
  }
}

/** A rule that goes from another policy may be what this one was needless for. */
function policiesFirst(a: Removable, b: Removable): number {
  return Number(b.code === "redundant-policy") - Number(a.code === "redundant-policy");
}

function isRemovable(finding: ClusterFinding): finding is Removable {
  switch (finding.code) {
    case "redundant-policy":
    case "redundant-rule":
    case "shadowed-rule":
    case "mergeable-rules":
      return true;
    case "selects-nothing":
    case "peer-selects-nothing":
    case "duplicate-policies":
    case "unprotected":
      return false;
  }
}

/** The manifest without what was found; null: without the whole policy; undefined: it has to stay. */
function withoutIt(raw: Raw, finding: Removable): Raw | null | undefined {
  switch (finding.code) {
    case "redundant-policy": {
      const selector = field(raw, "spec", "podSelector");
      const isWhole = !isObject(selector) || Object.keys(selector).length === 0;
      return isWhole ? undefined : null;
    }
    case "redundant-rule":
    case "shadowed-rule":
      return withRules(raw, finding.path, (rules, index) => rules.toSpliced(index, 1));
    case "mergeable-rules": {
      const [first = "", ...others] = finding.paths;
      const gone = others.map(indexOf);
      return withRules(raw, first, (rules, index) => {
        const merging = [rules[index], ...gone.map((at) => rules[at])];
        const merged = merging.reduce((a, b) => mergeRules(a, b, finding.same));
        return rules.toSpliced(index, 1, merged).filter((_, at) => !gone.includes(at));
      });
    }
  }
}

const RULE = /^spec\.(?<direction>ingress|egress)\[(?<index>\d+)\]$/;

function indexOf(path: string): number {
  return Number(RULE.exec(path)?.groups?.["index"]);
}

function withRules(
  raw: Raw,
  path: string,
  change: (rules: readonly unknown[], index: number) => readonly unknown[],
): Raw | undefined {
  const direction = RULE.exec(path)?.groups?.["direction"] ?? "";
  const spec = field(raw, "spec");
  const rules = field(spec, direction);
  if (!isObject(spec) || !Array.isArray(rules)) return undefined;
  // A policy without its last egress rule would no longer isolate, were its types not written down.
  const policyTypes = impliedPolicyTypes(spec);
  return { ...raw, spec: { ...spec, policyTypes, [direction]: change(rules, indexOf(path)) } };
}

/** Two rules that have `same` in common; an absent list is everything, and stays so. */
function mergeRules(a: unknown, b: unknown, same: "peers" | "ports"): unknown {
  if (!isObject(a) || !isObject(b)) return a;
  const merged: Record<string, unknown> = { ...a };
  for (const key of same === "peers" ? ["ports"] : ["from", "to"]) {
    const [left, right] = [listAt(a[key]), listAt(b[key])];
    const added = right.filter((item) => !left.some((other) => isDeepStrictEqual(item, other)));
    if (left.length > 0 && right.length > 0) merged[key] = [...left, ...added];
    else delete merged[key];
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

function changeTo(key: string, raw: Raw | null, namespace: string): Change {
  const read = raw === null ? null : parseNetworkPolicy(raw, namespace);
  if (read === null) return { kind: "policy", op: "delete", key };
  if (!read.ok || policyKey(read.value.policy) !== key) {
    throw new AppError("NP_E_FAULT", "a reduced policy cannot be read back: not shown");
  }
  return { kind: "policy", op: "upsert", object: read.value.policy };
}
