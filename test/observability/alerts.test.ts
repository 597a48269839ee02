import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import type { Outcome } from "../../src/admission/record.ts";
import { METRICS, type MetricDescription } from "../../src/observability/metric-list.ts";

const rules = z
  .strictObject({
    apiVersion: z.literal("monitoring.coreos.com/v1"),
    kind: z.literal("PrometheusRule"),
    metadata: z.looseObject({ name: z.string(), namespace: z.literal("ringfence-system") }),
    spec: z.strictObject({
      groups: z.array(
        z.strictObject({
          name: z.string(),
          rules: z.array(
            z.strictObject({
              alert: z.string().regex(/^Ringfence[A-Z]\w+$/),
              expr: z.string(),
              for: z.string().regex(/^\d+[mh]$/),
              labels: z.strictObject({ severity: z.enum(["critical", "warning", "info"]) }),
              annotations: z.strictObject({ summary: z.string().endsWith(".") }),
            }),
          ),
        }),
      ),
    }),
  })
  .parse(parse(read("manifests/components/alerts/prometheus-rule.yaml")))
  .spec.groups.flatMap((group) => group.rules);

/** What the API server says itself of the webhooks it calls; test/e2e/outage.test.ts asks it. */
const OF_THE_API_SERVER: MetricDescription = {
  name: "apiserver_admission_webhook_rejection_count",
  type: "counter",
  help: "",
  labels: ["error_type", "name", "operation", "rejection_code", "type"],
};

const OUTCOMES: Readonly<Record<Outcome, true>> = {
  allowed: true,
  denied: true,
  "let-through": true,
  "not-opted-in": true,
  invalid: true,
  "unknown-profile": true,
  "not-synced": true,
  unavailable: true,
  "no-baseline": true,
  stale: true,
  "past-deadline": true,
  untold: true,
  "too-large": true,
  "rule-fault": true,
  unusable: true,
  fault: true,
};

describe("the alerts", () => {
  it.each(rules)("$alert asks of metrics, labels and outcomes that there are", ({ expr }) => {
    expect(inventionsIn(expr)).toEqual([]);
  });

  it("would be noticed if they asked of others", () => {
    const expr =
      'sum by (name) (ringfence_gone{x="y"}) + ringfence_cluster_synced{pod="a"} + ' +
      'ringfence_admission_replies_total{outcome=~"stale|odd"} + ringfence_waivers_total_sum';
    expect(inventionsIn(expr)).toEqual([
      "ringfence_gone",
      "ringfence_waivers_total_sum",
      "name",
      "x",
      "pod",
      "odd",
    ]);
  });

  it("are those of the page, word for word", () => {
    const page = read("docs/how-to/alert-on-ringfence.md");
    const shown = Array.from(
      page.matchAll(
        /^### (\w+)\n\n(.*?)\n\n```promql\n(.*?)\n```\n\n\*\*Why\.\*\* .+?\*\*First\.\*\* /gms,
      ),
      ([, alert = "", opening = "", expr = ""]) => ({ alert, opening, expr }),
    );
    const told = rules.map(({ alert, expr, annotations, labels, for: duration }) => ({
      alert,
      opening: `${annotations.summary} ${sentence(labels.severity, duration)}`,
      expr,
    }));
    const byName = (a: { alert: string }, b: { alert: string }): number =>
      a.alert.localeCompare(b.alert);
    expect(shown.toSorted(byName)).toEqual(told.toSorted(byName));
  });
});

function sentence(severity: string, duration: string): string {
  const capital = severity.slice(0, 1).toUpperCase() + severity.slice(1);
  return duration === "0m" ? `${capital}.` : `${capital}, after ${duration}.`;
}

/** Names in an expression that nothing has: metrics, then labels, then outcomes. */
function inventionsIn(expr: string): readonly string[] {
  const metrics = Array.from(expr.matchAll(/\b(?:ringfence|apiserver)_\w+/g), ([name]) => name);
  const grouped = Array.from(expr.matchAll(/\b(?:by|without) \(([^)]*)\)/g), ([, of = ""]) =>
    of.split(/, */).map((label) => ({ of: metrics, label })),
  );
  const selected = Array.from(expr.matchAll(/(\w+)\{([^}]*)\}/g), ([, of = "", matchers = ""]) =>
    Array.from(matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"/g), ([, label = ""]) => ({
      of: [of],
      label,
    })),
  );
  const outcomes = Array.from(expr.matchAll(/outcome(?:=~|=)"([^"]*)"/g), ([, of = ""]) =>
    of.split("|"),
  ).flat();
  return [
    ...metrics.filter((name) => labelsOf(name) === null),
    ...[...grouped, ...selected]
      .flat()
      .filter(({ of, label }) => !of.some((name) => (labelsOf(name) ?? []).includes(label)))
      .map(({ label }) => label),
    ...outcomes.filter((outcome) => !Object.hasOwn(OUTCOMES, outcome)),
  ];
}

/** The labels of a metric, or of what a histogram is served as; null where there is none of that name. */
function labelsOf(name: string): readonly string[] | null {
  const all: readonly MetricDescription[] = [...Object.values(METRICS), OF_THE_API_SERVER];
  for (const metric of all) {
    if (metric.type !== "histogram" && metric.name === name) return metric.labels;
    if (metric.type === "histogram" && name === `${metric.name}_bucket`) {
      return [...metric.labels, "le"];
    }
  }
  return null;
}

function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");
}
