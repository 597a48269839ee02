import { setTimeout as sleep } from "node:timers/promises";
import { policyKey } from "../engine/model.ts";
import type { Delta, EngineView } from "../engine/query.ts";
import { readLabels } from "../wire/metadata.ts";
import { parseNetworkPolicy } from "../wire/network-policy.ts";
import { PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import { excuse } from "./excuse.ts";
import type { ClusterFacts, CompiledProfile } from "./rule.ts";
import type { RuleBook } from "./rule-book.ts";
import { type Judgement, type RuleFault, runRules } from "./run-rules.ts";
import { unasked } from "./unasked.ts";

export interface StoredFindingsOptions {
  readonly engine: EngineView;
  readonly ruleBook: RuleBook;
  readonly facts: ClusterFacts;
  /** All NetworkPolicies of the cluster as they are stored, in pages. */
  readonly pages: (signal: AbortSignal) => AsyncIterable<readonly unknown[]>;
  /** Milliseconds, on a clock that never goes back. */
  readonly clock: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** PERF: at most one part in this many of the process's time goes into looking at what is stored. */
const SHARE = 50;

const NO_DELTA: Delta = { opened: [], closed: [], unsure: [], nodesLose: () => [] };

const NOTHING = { profile: "", findings: [], faults: [] } as const;

/**
 * What the rules find in stored policies, including those that were there before their namespace opted in and
 * those that came past the webhook. Rules that are about a change find nothing in them.
 */
export class StoredFindings {
  readonly #options: StoredFindingsOptions;
  #counted: { readonly byProfile: ReadonlyMap<string, number>; readonly by: AbortSignal } | null =
    null;

  constructor(options: StoredFindingsOptions) {
    this.#options = options;
  }

  /**
   * How many findings there are in namespaces of that profile; null until they were counted once. What was counted
   * before this process was stopped says nothing: others have counted since.
   */
  of(profile: string): number | null {
    if (this.#counted?.by.aborted !== false) return null;
    return this.#counted.byProfile.get(profile) ?? 0;
  }

  /**
   * Count anew, with little of the process's time. Rejects if the policies cannot be listed and, after all have
   * been counted, if a rule failed.
   */
  async audit(signal: AbortSignal): Promise<void> {
    const { pages, clock } = this.#options;
    const counts = new Map<string, number>();
    let failed: RuleFault | undefined;
    for await (const page of pages(signal)) {
      for (const raw of page) {
        const started = clock();
        const { profile, findings, faults } = this.#judge(raw);
        failed ??= faults[0];
        counts.set(profile, (counts.get(profile) ?? 0) + findings.length);
        // oxlint-disable-next-line no-await-in-loop -- requests are answered meanwhile
        await sleep((clock() - started) * (SHARE - 1), undefined, { signal });
      }
    }
    this.#counted = { byProfile: counts, by: signal };
    if (failed !== undefined) throw failed.error;
  }

  #judge(raw: unknown): Judgement & { readonly profile: string } {
    const { engine, ruleBook } = this.#options;
    const read = parseNetworkPolicy(raw);
    if (!read.ok) return NOTHING;
    const { manifest, policy } = read.value;
    const { namespace } = policy;
    const namespaceLabels = engine.namespace(namespace)?.labels ?? null;
    const active = ruleBook.profiles.get(namespaceLabels?.get(PROFILE_LABEL) ?? "");
    if (active === undefined) return NOTHING;
    // SECURITY: what is too large for the engine keeps rules busy for minutes; what it has not seen may be.
    if (engine.policy(policyKey(policy))?.readable !== true) return NOTHING;
    const { findings, faults } = this.#run(active, {
      object: { kind: "policy", manifest, policy },
      namespaceLabels,
      request: unasked({ kind: "NetworkPolicy", namespace, name: policy.name }),
    });
    const labels = readLabels(manifest.metadata.labels);
    const { left } = excuse(
      findings,
      { namespace, namespaceLabels, labels },
      ruleBook.exemptions(),
      { nowMs: this.#options.now(), maxDays: active.maxExemptionDays },
    );
    return { profile: active.name, findings: left, faults };
  }

  #run(
    active: CompiledProfile,
    situation: Pick<Parameters<typeof runRules>[2], "object" | "namespaceLabels" | "request">,
  ): Judgement {
    const { engine, ruleBook, facts, clock } = this.#options;
    return runRules(active, ruleBook.profiles, {
      ...situation,
      operation: "CREATE",
      oldObject: null,
      clock,
      deadline: Number.POSITIVE_INFINITY,
      delta: NO_DELTA,
      ownDelta: NO_DELTA,
      after: engine,
      facts,
    });
  }
}
