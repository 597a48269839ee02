import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import type { JudgedFinding } from "../../src/rules/run-rules.ts";
import { parseObject } from "../../src/wire/document.ts";
import { field } from "../../src/wire/shape.ts";
import { type Fixture, judgeAsShipped } from "./fixture.ts";

/**
 * Other people's manifests with what is wrong with them, as somebody has labelled it. Errors and
 * warnings have to be found by whatever says the same here; what is clean has to stay clean.
 */
const CORPUS = join(import.meta.dirname, "../../../shared/corpus/lint");

const severitySchema = z.enum(["error", "warning", "info"]);
const casesSchema = z.array(
  z.object({
    id: z.string(),
    manifest: z.string(),
    clean: z.boolean(),
    issues: z.array(z.object({ code: z.string(), severity: severitySchema })),
    context: z
      .object({
        namespaces: z.array(
          z.object({ name: z.string(), labels: z.record(z.string(), z.string()) }),
        ),
      })
      .optional(),
  }),
);
type Case = z.output<typeof casesSchema>[number];

/** What says the same here: rules, or `unreadable` where the object does not even parse. */
const SAYS_THE_SAME: Readonly<Record<string, readonly string[]>> = {
  ALLOW_ALL_EGRESS: ["allow-all"],
  ALLOW_ALL_POLICY: ["allow-all"],
  DNS_BLOCKED: ["dns-egress"],
  DNS_UDP_ONLY: ["dns-egress"],
  ENDPORT_LT_PORT: ["unreadable"],
  ENDPORT_WITH_NAMED_PORT: ["unreadable"],
  INVALID_LABEL_VALUE: ["unreadable"],
  IPBLOCK_ANY: ["open-world"],
  EXCEPT_REOPENED: ["except-reopened"],
  NAMED_PORT_ON_IPBLOCK: ["named-port"],
  NO_PORTS: ["every-port"],
  NS_LABEL_NOT_AUTOMATIC: ["peer-selects-nothing"],
  ONE_DIRECTION_ONLY: ["no-default-deny"],
  OR_INSTEAD_OF_AND: ["or-not-and"],
  PEER_MATCHES_NOTHING: ["peer-selects-nothing"],
  POLICYTYPE_WITHOUT_RULES: ["dns-egress"],
  PORTS_AND_PEERS_MERGED: ["dns-elsewhere"],
  RULES_NOT_IN_POLICYTYPES: ["policy-types"],
  SHADOWED_RULE: ["redundant"],
  SELECTOR_MATCHES_NOTHING: ["selects-nothing", "peer-selects-nothing"],
  SELECTOR_UNKNOWN_FIELD: ["unreadable"],
};

/** Issues that no rule here finds, and why not. */
const NOT_FOUND: Readonly<Record<string, string>> = {
  COMMENT_MISMATCH: "what a comment claims is not part of the object",
  TITLE_MISMATCH: "what a title claims is not part of the object",
  EXCEPT_MATCHES_NO_POD: "IPBlock documentation: CIDRs are for cluster-external addresses",
  IPBLOCK_MATCHES_NO_POD: "IPBlock documentation: CIDRs are for cluster-external addresses",
};

const cases = existsSync(CORPUS)
  ? casesSchema.parse(JSON.parse(readFileSync(join(CORPUS, "lint.json"), "utf8")))
  : [];

describe.skipIf(cases.length === 0)("the lint corpus", () => {
  describe.each(["baseline", "restricted"] as const)("in profile %s", (profile) => {
    it.each(cases.filter(({ clean }) => clean))("is silent about $id", (one) => {
      const raised = finders(one, profile).filter(({ action }) => action !== "Audit");
      expect(raised).toEqual([]);
    });
  });

  const expected = cases.flatMap((one) =>
    one.issues
      .filter(({ severity }) => severity !== "info")
      .map(({ code }) => ({ id: one.id, code, one, reason: reasonToSkip(one, code) })),
  );

  it.each(expected.filter(({ reason }) => reason === null))(
    "finds $code in $id",
    ({ one, code }) => {
      const wanted = SAYS_THE_SAME[code];
      if (wanted === undefined) throw new Error(`nothing is said about ${code}`);
      const ids = finders(one, "restricted").map(({ ruleId }) => ruleId);
      expect(ids.filter((id) => wanted.includes(id))).not.toEqual([]);
    },
  );

  it.skip.each(expected.filter(({ reason }) => reason !== null))("$code in $id: $reason", () => {});
});

/** Single issues that are not found, and why not. */
const NOT_FOUND_IN: Readonly<Record<string, string>> = {
  "kube-linter-dangling-peer PEER_MATCHES_NOTHING": "the file has no workloads to match",
  "kube-linter-dangling-peer SELECTOR_MATCHES_NOTHING": "the file has no workloads to match",
  "kube-score-deployment-not-matching DNS_BLOCKED": "the policy selects nobody to be cut off",
  "popeye-np2 PEER_MATCHES_NOTHING": "the file has no workloads to match",
  "popeye-np-d DNS_BLOCKED": "the object is refused for its unknown field",
};

function reasonToSkip({ id }: Case, code: string): string | null {
  return NOT_FOUND_IN[`${id} ${code}`] ?? NOT_FOUND[code] ?? null;
}

/** What a shipped profile has to say of the policies of a file. */
function finders(
  { manifest, context }: Case,
  profile: "baseline" | "restricted",
): readonly Pick<JudgedFinding, "ruleId" | "action">[] {
  const text = readFileSync(join(CORPUS, manifest), "utf8");
  const objects = parseAllDocuments(text).map((document): unknown => {
    const object: unknown = document.toJS();
    return object;
  });
  const policies = objects.filter((object) => field(object, "kind") === "NetworkPolicy");
  if (policies.some((policy) => !parseObject(policy).ok)) {
    return [{ ruleId: "unreadable", action: "Deny" }];
  }
  const workloads = objects.filter((object) => !policies.includes(object));
  return policies.flatMap((policy) => {
    const namespace = field(policy, "metadata", "namespace") ?? "default";
    const fixture: Fixture = {
      about: manifest,
      operation: "CREATE",
      cluster: [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        ...(context?.namespaces ?? []).map((metadata) => ({
          apiVersion: "v1",
          kind: "Namespace",
          metadata,
        })),
        ...(workloads.length > 0 ? workloads : [podOf(policy, namespace)]),
      ],
      object: policy,
      parameters: {},
      profiles: [],
      dataplane: "generic",
      dnsAddresses: [],
      unknown: workloads.length > 0 ? [] : ["pods"],
      knowsNamespaces: context === undefined ? "no" : "unknown",
    };
    const { findings } = judgeAsShipped(profile, fixture);
    return findings.map(({ ruleId, action }) => ({ ruleId, action }));
  });
}

/** A pod that the policy selects, where the file has no workloads of its own. */
function podOf(policy: unknown, namespace: unknown): unknown {
  const labels = field(policy, "spec", "podSelector", "matchLabels") ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "some-pod", namespace, labels },
    spec: {},
    status: { podIPs: [{ ip: "10.244.9.9" }] },
  };
}
