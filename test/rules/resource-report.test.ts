import { expect, it } from "vitest";
import { parseResource, resourceKey } from "../../src/resources/resource.ts";
import { HeldInvariants } from "../../src/rules/held-invariants.ts";
import { InvariantAudit } from "../../src/rules/invariant-audit.ts";
import { type RollOut, reportOn } from "../../src/rules/resource-report.ts";
import { createWorld } from "../admission/world.ts";
import { resourceDocument } from "../support/documents.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const broken = resourceDocument("Profile", "strict", {
  rules: [{ id: "allow-al", action: "Deny" }],
});
const profile = resourceDocument("Profile", "strict", { rules: [] });
const team = resourceDocument("Baseline", "team", { policies: [] });
const invariant = resourceDocument("Invariant", "closed", {
  description: "d",
  mustNotReach: { from: [{ world: true }], to: [{ namespaces: {} }] },
});
const until = (expires: string) =>
  resourceDocument(
    "Exemption",
    "e",
    { rules: ["allow-all"], reason: "r", owner: "o", expires },
    "shop",
  );
const failing = (...namespaces: readonly string[]): RollOut["failures"] =>
  namespaces.map((namespace) => ({ namespace, message: "403" }));

interface Example {
  /** Versions of one resource, the newest last. */
  readonly versions: readonly ReturnType<typeof resourceDocument>[];
  readonly rollOut?: RollOut | null;
  readonly expected: readonly (readonly [string, string, string])[];
}

it.for<[string, Example]>([
  ["in force", { versions: [profile], expected: [["True", "InForce", "in force"]] }],
  [
    "not in force, as none of its versions was good",
    {
      versions: [broken],
      expected: [
        ["False", "Broken", "`allow-al` is no rule; did you mean `allow-all`?; it is not in force"],
      ],
    },
  ],
  [
    "in force as it was",
    {
      versions: [profile, broken],
      expected: [["False", "LastGoodInForce", "the last good version is in force"]],
    },
  ],
  [
    "in force for a time",
    {
      versions: [until("2026-01-01T00:00:01Z")],
      expected: [["True", "InForce", "in force until 2026-01-01T00:00:01Z"]],
    },
  ],
  [
    "over from the moment on",
    {
      versions: [until("2026-01-01T00:00:00Z")],
      expected: [["False", "Expired", "expired on 2026-01-01T00:00:00Z"]],
    },
  ],
  [
    "in no namespace",
    {
      versions: [team],
      rollOut: { namespaces: 0, upToDate: 0, failures: [] },
      expected: [
        ["True", "InForce", "in force"],
        ["True", "UpToDate", "0 of 0 namespaces are up to date"],
      ],
    },
  ],
  [
    "on its way",
    {
      versions: [team],
      rollOut: { namespaces: 3, upToDate: 2, failures: [] },
      expected: [
        ["True", "InForce", "in force"],
        ["False", "Progressing", "2 of 3 namespaces are up to date"],
      ],
    },
  ],
  [
    "stuck",
    {
      versions: [team],
      rollOut: { namespaces: 3, upToDate: 3, failures: failing("a", "b") },
      expected: [
        ["True", "InForce", "in force"],
        [
          "False",
          "Failing",
          "3 of 3 namespaces are up to date; a cannot be: 403; and 1 more cannot be",
        ],
      ],
    },
  ],
  [
    "nothing, as long as it was not looked at whether it holds",
    { versions: [invariant], expected: [] },
  ],
  [
    "nothing, as long as its namespaces were not looked at",
    { versions: [team], rollOut: null, expected: [] },
  ],
])("reports a resource as %s", ([, { versions, rollOut = null, expected }]) => {
  const { around, engine } = createWorld();
  const { ruleBook } = around;
  let key = "";
  for (const raw of versions) {
    const read = parseResource(raw);
    key = `${raw["kind"] as string} ${[raw.metadata.namespace ?? [], raw.metadata.name].flat().join("/")}`;
    if (read.ok) expect(resourceKey(read.value)).toBe(key);
    ruleBook.upsert(key, read);
  }
  const report = reportOn(key, {
    ruleBook,
    engine,
    audit: new InvariantAudit({
      engine,
      invariants: new HeldInvariants(engine, ruleBook),
      clock: () => 0,
      onAudited: () => undefined,
    }),
    rollOutOf: () => rollOut,
    findingsOf: () => null,
    nowMs: NOW,
    clusterProfile: "restricted",
  });
  const conditions = report?.conditions ?? [];
  expect(conditions.map(({ status, reason, message }) => [status, reason, message])).toEqual(
    expected.map(([status, reason, message]) => [
      status,
      reason,
      expect.stringContaining(message) as unknown,
    ]),
  );
});
