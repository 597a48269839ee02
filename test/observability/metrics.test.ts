import { expect, it } from "vitest";
import { METRICS } from "../../src/observability/metric-list.ts";
import { Metrics } from "../../src/observability/metrics.ts";
import { review } from "../admission/review.ts";
import { createWorld, policy } from "../admission/world.ts";

const wide = { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] };

function createMetrics(): Metrics {
  return new Metrics(() => ({
    isSynced: true,
    snapshotAgeMs: 1500,
    unreadable: 2,
    engine: createWorld().engine.stats(),
    certificateRefused: true,
    certificateExpiry: new Date(1_800_000_000_000),
    brokenInvariants: 1,
    logLinesLost: 7,
    resourceProblems: 0,
  }));
}

it("serves every metric that the reference lists, and no other of its own", async () => {
  const text = await createMetrics().text();
  const served = [...text.matchAll(/^# TYPE (ringfence_\w+) (\w+)$/gm)].map(([, name, type]) => ({
    name,
    type,
  }));
  const listed = Object.values(METRICS).map(({ name, type }) => ({ name, type }));
  expect(new Set(served)).toEqual(new Set(listed));
});

it("counts replies and findings by closed labels, never by names of objects", async () => {
  const world = createWorld();
  const metrics = createMetrics();
  await world.ask(review({ object: policy("shop/secret-name", wide) }));
  await world.ask(review({ object: policy("soft/secret-name", wide), request: { dryRun: true } }));
  for (const record of world.records) metrics.answered(record);
  const text = await metrics.text();
  const labels = 'endpoint="validate",kind="NetworkPolicy",operation="CREATE"';
  expect(text).toContain(`{${labels},outcome="denied",allowed="false",dry_run="false"} 1`);
  expect(text).toContain(`{${labels},outcome="allowed",allowed="true",dry_run="true"} 1`);
  expect(text).toContain('ringfence_findings_total{rule="open-namespaces",action="Deny"} 1');
  expect(text).toContain('ringfence_findings_total{rule="open-namespaces",action="Warn"} 1');
  expect(text).toContain('ringfence_admission_duration_seconds_count{endpoint="validate"} 2');
  expect(text).not.toContain("secret-name");
});

it("counts what happens in the cluster layer", async () => {
  const metrics = createMetrics();
  const code = "NP_E_API_SERVER";
  metrics.cluster({
    kind: "watch-failed",
    resource: "pods",
    code,
    message: "",
    failures: 1,
    retryMs: 1,
  });
  metrics.cluster({ kind: "leadership", leading: true, message: "" });
  metrics.ruleFailed("open-world");
  // What has been counted elsewhere is not added up with every look.
  await metrics.text();
  const text = await metrics.text();
  expect(text).toContain("ringfence_log_lines_lost_total 7");
  expect(text).toContain(`watch_failures_total{resource="pods",code="${code}"} 1`);
  expect(text).toContain("ringfence_baseline_leader 1");
  expect(text).toContain('ringfence_rule_faults_total{rule="open-world"} 1');
  expect(text).toContain("ringfence_certificate_refused 1");
  expect(text).toContain("ringfence_cluster_snapshot_age_seconds 1.5");
  expect(text).toContain("ringfence_certificate_expiry_timestamp_seconds 1800000000");
});
