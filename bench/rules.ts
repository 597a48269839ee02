import type { Validator } from "../src/rules/rule.ts";
import { keepGarbageYoung } from "../src/server/heap.ts";
import { VALIDATORS } from "../src/validators/index.ts";
import { CLUSTER } from "./admission-cluster.ts";
import { createReviews } from "./admission-reviews.ts";
import { generateCluster } from "./cluster-generator.ts";
import { embeddedAdmission } from "./embedded-admission.ts";
import { type BenchRow, quantile, row } from "./row.ts";
import { scaled } from "./scale.ts";

const REVIEWS = scaled(1_000);
const ROUNDS = scaled(30);
const WARM_UP_ROUNDS = 5;

/** How much of a decision's time each rule takes, on the everyday changes of the admission benchmark. */
export async function benchRules(): Promise<readonly BenchRow[]> {
  keepGarbageYoung();
  const stopwatches = new Map(VALIDATORS.map(({ id }) => [id, new Stopwatch()]));
  const empty = new Stopwatch();
  const decision = new Stopwatch();
  const generated = generateCluster(CLUSTER);
  const admission = embeddedAdmission(generated, {
    validators: VALIDATORS.map((validator) =>
      timed(validator, stopwatches.get(validator.id) ?? empty),
    ),
  });
  const bodies = createReviews(generated, REVIEWS).everyday.map((it) => JSON.stringify(it));
  const watches = [...stopwatches.values(), empty, decision];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    for (const body of bodies) {
      const review: unknown = JSON.parse(body);
      const started = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they are measured
      await admission.handle("validate", review, started + 10_000);
      decision.add(performance.now() - started);
      empty.add(-(performance.now() - performance.now()));
    }
    for (const watch of watches) watch.endRound(round >= 0);
  }
  const own = empty.perReview();
  const times = VALIDATORS.map(({ id }) => ({ id, us: stopwatches.get(id)?.perReview() ?? 0 }));
  const costs = times.map(({ id, us }) => ({ id, us: Math.max(us - own, 0) }));
  const rules = costs.reduce((sum, { us }) => sum + us, 0);
  return [
    row("a decision, rules and all", decision.perReview(), "us"),
    row("all rules", rules, "us"),
    ...costs.toSorted((a, b) => b.us - a.us).map(({ id, us }) => row(`rule ${id}`, us, "us")),
  ];
}

/** The time of a round of reviews; the fastest rounds count, as other load on the machine only adds to it. */
class Stopwatch {
  readonly #rounds: number[] = [];
  #sum = 0;

  add(ms: number): void {
    this.#sum += ms;
  }

  endRound(counts: boolean): void {
    if (counts) this.#rounds.push(this.#sum);
    this.#sum = 0;
  }

  /** Microseconds. */
  perReview(): number {
    return (quantile(this.#rounds, 0.1) / REVIEWS) * 1e3;
  }
}

function timed(validator: Validator, stopwatch: Stopwatch): Validator {
  return {
    ...validator,
    check: (context) => {
      const started = performance.now();
      const findings = validator.check(context);
      stopwatch.add(performance.now() - started);
      return findings;
    },
  };
}
