import { expect, it } from "vitest";
import type { Labels, Selector } from "../../src/engine/model.ts";
import type { Exemption } from "../../src/resources/exemption.ts";
import { excuse } from "../../src/rules/excuse.ts";
import type { JudgedFinding } from "../../src/rules/run-rules.ts";

const now = Date.UTC(2026, 0, 1);
const day = 86_400_000;

const finding = (ruleId: string): JudgedFinding => ({
  ruleId,
  action: "Deny",
  finding: { path: "", message: "m", help: "" },
});
const exemption = (part: Partial<Exemption>): Exemption => ({
  kind: "Exemption",
  name: "e",
  namespace: "shop",
  rules: ["open-world"],
  invariants: [],
  policySelector: [],
  namespaceSelector: null,
  reason: "r",
  owner: "o",
  expires: "later",
  expiresMs: now + day,
  createdMs: null,
  uid: null,
  ...part,
});
const labels = (text: Readonly<Record<string, string>>): Labels => new Map(Object.entries(text));
const is = (key: string, value: string): Selector => [{ key, operator: "In", values: [value] }];
const legacy = is("legacy", "yes");
const everywhere = { namespace: "ringfence-system", namespaceSelector: [] };

interface Row {
  readonly name: string;
  readonly by: Partial<Exemption>;
  readonly excused: readonly string[];
  /** Of the profile. */
  readonly maxDays?: number;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly namespaceLabels?: Readonly<Record<string, string>> | null;
}

it.each<Row>([
  { name: "the rules it names", by: {}, excused: ["open-world"] },
  {
    name: "the invariants it names",
    by: { rules: [], invariants: ["vault"] },
    excused: ['invariant "vault"'],
  },
  { name: "nothing in another namespace", by: { namespace: "dev" }, excused: [] },
  { name: "nothing once it has run out", by: { expiresMs: now }, excused: [] },
  {
    name: "nothing after as many days as the profile allows, from its creation",
    by: { createdMs: now - 30 * day },
    maxDays: 30,
    excused: [],
  },
  {
    name: "until then",
    by: { createdMs: now - 30 * day + 1, expiresMs: now + 90 * day },
    maxDays: 30,
    excused: ["open-world"],
  },
  {
    name: "by a file that ends within as many days",
    by: { expiresMs: now + 30 * day },
    maxDays: 30,
    excused: ["open-world"],
  },
  {
    name: "nothing by a file that ends later",
    by: { expiresMs: now + 30 * day + 1 },
    maxDays: 30,
    excused: [],
  },
  { name: "nothing that its selector does not match", by: { policySelector: legacy }, excused: [] },
  {
    name: "what its selector matches",
    by: { policySelector: legacy },
    labels: { legacy: "yes" },
    excused: ["open-world"],
  },
  {
    name: "namespaces it selects from Ringfence's own",
    by: { ...everywhere, namespaceSelector: is("tier", "dev") },
    namespaceLabels: { tier: "dev" },
    excused: ["open-world"],
  },
  {
    name: "no others",
    by: { ...everywhere, namespaceSelector: is("tier", "dev") },
    namespaceLabels: { tier: "prod" },
    excused: [],
  },
  {
    name: "cluster-scoped policies from Ringfence's own",
    by: { namespace: "ringfence-system" },
    namespace: "ringfence-system",
    namespaceLabels: null,
    excused: ["open-world"],
  },
  {
    name: "no cluster-scoped policy from another namespace",
    by: {},
    namespace: "ringfence-system",
    namespaceLabels: null,
    excused: [],
  },
  {
    name: "no cluster-scoped policy by a selector of namespaces",
    by: everywhere,
    namespace: "ringfence-system",
    namespaceLabels: null,
    excused: [],
  },
])("excuses $name", (row) => {
  const findings = [finding("open-world"), finding("allow-all"), finding('invariant "vault"')];
  const { namespaceLabels = {} } = row;
  const { left, excuses } = excuse(
    findings,
    {
      namespace: row.namespace ?? "shop",
      namespaceLabels: namespaceLabels === null ? null : labels(namespaceLabels),
      labels: labels(row.labels ?? {}),
    },
    [exemption(row.by)],
    { nowMs: now, maxDays: row.maxDays ?? null },
  );
  const ids = excuses.flatMap((one) => one.findings.map(({ ruleId }) => ruleId));
  expect(ids).toEqual(row.excused);
  expect(left).toEqual(findings.filter(({ ruleId }) => !row.excused.includes(ruleId)));
});

it("tells of those that have run out and are missed, and only of them", () => {
  const object = { namespace: "shop", namespaceLabels: labels({}), labels: labels({}) };
  const time = { nowMs: now, maxDays: null };
  const old = exemption({ name: "old", expiresMs: now - day });
  const findings = [finding("open-world")];
  expect(excuse(findings, object, [old], time)).toEqual({
    left: findings,
    excuses: [],
    expired: [{ by: old, endMs: now - day, findings }],
    tooLong: [],
  });
  const renewed = exemption({ name: "new" });
  expect(excuse(findings, object, [old, renewed], time)).toEqual({
    left: [],
    excuses: [{ by: renewed, endMs: now + day, findings }],
    expired: [],
    tooLong: [],
  });
});

it("tells of those of files that last too long and are missed", () => {
  const object = { namespace: "shop", namespaceLabels: labels({}), labels: labels({}) };
  const long = exemption({ expiresMs: now + 2 * day });
  const findings = [finding("open-world")];
  const time = { nowMs: now, maxDays: 1 };
  expect(excuse(findings, object, [long], time)).toEqual({
    left: findings,
    excuses: [],
    expired: [],
    tooLong: [{ by: long, endMs: now + 2 * day, findings }],
  });
  const short = exemption({ expiresMs: now + day });
  expect(excuse(findings, object, [long, short], time).tooLong).toEqual([]);
});
