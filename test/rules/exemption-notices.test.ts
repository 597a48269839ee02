import { expect, it } from "vitest";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import { parseResource } from "../../src/resources/resource.ts";
import { ExemptionNotices } from "../../src/rules/exemption-notices.ts";
import { loadCustomRules } from "../../src/rules/load-custom-rules.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import { RuleBook } from "../../src/rules/rule-book.ts";
import { VALIDATORS } from "../../src/validators/index.ts";
import { resourceDocument } from "../support/documents.ts";

const compileCustomRule = await loadCustomRules();
const hour = 3_600_000;
const end = Date.UTC(2030, 0, 31);

interface Run {
  readonly ruleBook: RuleBook;
  readonly due: (nowMs: number) => readonly string[];
}

function run(part: object = {}): Run {
  const ruleBook = new RuleBook({
    registry: createRegistry(VALIDATORS),
    ownNamespace: "ringfence-system",
    compileCustomRule,
  });
  const engine = new MatchingEngine();
  engine.apply({
    kind: "namespace",
    op: "upsert",
    object: { name: "shop", labels: new Map([["ringfence.dev/profile", "limited"]]) },
  });
  const put = (raw: object, key: string): void => ruleBook.upsert(key, parseResource(raw));
  const limited = { rules: [], maxExemptionDays: 30 };
  put(resourceDocument("Profile", "limited", limited), "Profile limited");
  put(
    {
      apiVersion: "ringfence.dev/v1alpha1",
      kind: "Exemption",
      metadata: { name: "e", namespace: "shop", ...part },
      spec: { rules: ["open-world"], reason: "r", owner: "team", expires: "2030-01-31T00:00:00Z" },
    },
    "Exemption shop/e",
  );
  let now = 0;
  const clusterProfile = "restricted";
  const notices = new ExemptionNotices({ ruleBook, engine, clusterProfile, now: () => now });
  const due = (nowMs: number): readonly string[] => {
    now = nowMs;
    return notices.due().map(({ reason, message }) => `${reason}: ${message}`);
  };
  return { ruleBook, due };
}

const until = "excuses open-world until 2030-01-31T00:00:00Z";

it("tells of an end once on each of the last seven days, and when it has come", () => {
  const { due } = run();
  expect(due(end - 8 * 24 * hour)).toEqual([]);
  expect(due(end - 7 * 24 * hour)).toEqual([
    `ExpiresSoon: ${until}, in 7 days; team answers for it`,
  ]);
  expect(due(end - 7 * 24 * hour + hour)).toEqual([]);
  expect(due(end - 2 * 24 * hour)).toEqual([
    `ExpiresSoon: ${until}, in 2 days; team answers for it`,
  ]);
  expect(due(end - hour)).toEqual([`ExpiresSoon: ${until}, within a day; team answers for it`]);
  expect(due(end)).toEqual([
    "Expired: excuses open-world no longer: expired on 2030-01-31T00:00:00Z; team answers for it",
  ]);
  expect(due(end + hour)).toEqual([]);
});

it("tells of all that end at once, some at a time", () => {
  const { due, ruleBook } = run();
  const [known] = ruleBook.exemptions();
  if (known === undefined) throw new Error("no exemption");
  for (let at = 1; at < 120; at += 1) {
    const value = { ...known, name: `e${at}` };
    ruleBook.upsert(`Exemption shop/e${at}`, { ok: true, value });
  }
  const counts = Array.from({ length: 4 }, () => due(end).length);
  expect(counts).toEqual([50, 50, 20, 0]);
});

it("tells nothing of one that ended long ago", () => {
  expect(run().due(end + 25 * hour)).toEqual([]);
});

it("tells again of one that was renewed", () => {
  const { due, ruleBook } = run();
  expect(due(end - hour)).toHaveLength(1);
  const [known] = ruleBook.exemptions();
  if (known === undefined) throw new Error("no exemption");
  ruleBook.upsert("Exemption shop/e", {
    ok: true,
    value: { ...known, expiresMs: end + 24 * hour },
  });
  expect(due(end)).toEqual([expect.stringContaining("until 2030-02-01T00:00:00Z, within a day")]);
});

it("goes by the limit of the profile", () => {
  const { due } = run({ creationTimestamp: "2029-12-02T00:00:00Z" });
  expect(due(Date.UTC(2029, 11, 31))).toEqual([
    "ExpiresSoon: excuses open-world until 2030-01-01T00:00:00Z, within a day; team answers for it",
  ]);
});

it("tells once of one of a file that lasts longer than the profile allows, and of its end when it comes", () => {
  const { due } = run();
  const soon = end - 31 * 24 * hour;
  expect(due(soon)).toEqual([
    "LastsTooLong: excuses open-world only in the last 30 days before 2030-01-31T00:00:00Z, which is all that profile limited allows one of a file; team answers for it",
  ]);
  expect(due(soon + hour)).toEqual([]);
  expect(due(end - 30 * 24 * hour)).toEqual([]);
  expect(due(end - hour)).toEqual([`ExpiresSoon: ${until}, within a day; team answers for it`]);
});
