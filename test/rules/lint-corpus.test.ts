import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { witnessOf } from "../../src/cli/findings/witness.ts";
import type { JudgedFinding } from "../../src/rules/run-rules.ts";
import { itemsOf, parseObject } from "../../src/wire/document.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { field } from "../../src/wire/shape.ts";
import { CORPUS, describeWithCorpus, IS_USUAL_CORPUS } from "../wire/corpus.ts";
import { succeed } from "../wire/describe-policy.ts";
import { type Fixture, judgeAsShipped } from "./fixture.ts";

/**
 * Other people's manifests with what is wrong with them, as somebody has labelled it. Errors and
 * warnings have to be found by whatever says the same here; what is clean has to stay clean.
 */
const FILE = "lint/lint.json";

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
  ALLOW_ALL_INGRESS: ["allow-all"],
  ALLOW_ALL_POLICY: ["allow-all"],
  BROAD_NAMESPACE_SELECTOR: ["open-namespaces"],
  DNS_BLOCKED: ["dns-egress"],
  DNS_UDP_ONLY: ["dns-egress"],
  ENDPORT_LT_PORT: ["unreadable"],
  ENDPORT_WITH_NAMED_PORT: ["unreadable"],
  INVALID_LABEL_VALUE: ["unreadable"],
  IPBLOCK_ANY: ["open-world"],
  EXCEPT_REOPENED: ["except-reopened"],
  MISSING_POLICY_TYPES: ["policy-types"],
  NAMED_PORT_ON_IPBLOCK: ["named-port"],
  NO_PORTS: ["every-port"],
  NS_LABEL_NOT_AUTOMATIC: ["peer-selects-nothing"],
  ONE_DIRECTION_ONLY: ["no-default-deny"],
  OR_INSTEAD_OF_AND: ["or-not-and"],
  PEER_MATCHES_NOTHING: ["peer-selects-nothing"],
  POLICYTYPE_WITHOUT_RULES: ["dns-egress"],
  PORTS_AND_PEERS_MERGED: ["dns-elsewhere"],
  PORT_RULE_ANY_PEER: ["allow-all"],
  PORT_WITHOUT_PROTOCOL: ["protocol-missing"],
  REDUNDANT_PEER: ["redundant"],
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

describeWithCorpus("the lint corpus", { file: FILE, schema: casesSchema }, (cases) => {
  describe.each(["baseline", "restricted"] as const)("in profile %s", (profile) => {
    it.each(cases.filter(({ clean }) => clean))("is silent about $id", (one) => {
      const raised = finders(one, profile).filter(({ action }) => action !== "Audit");
      expect(raised).toEqual([]);
    });
  });

  const expected = cases.flatMap((one) =>
    one.issues
      .filter(({ severity }) => severity !== "info")
      .map(({ code }) => ({ id: one.id, code, one })),
  );

  it.for(expected)("finds $code in $id", ({ one, code }, context) => {
    const reason = reasonToSkip(one, code);
    context.skip(reason !== null, reason ?? "");
    const wanted = SAYS_THE_SAME[code];
    if (wanted === undefined) throw new Error(`nothing is said about ${code}`);
    const ids = finders(one, "restricted").map(({ ruleId }) => ruleId);
    expect(ids.filter((id) => wanted.includes(id))).not.toEqual([]);
  });
});

/** Single issues that are not found, and why not. */
const NOT_FOUND_IN: Readonly<Record<string, string>> = {
  "kube-linter-dangling-peer PEER_MATCHES_NOTHING": "the file has no workloads to match",
  "kube-linter-dangling-peer SELECTOR_MATCHES_NOTHING": "the file has no workloads to match",
  "popeye-np2 PEER_MATCHES_NOTHING": "the file has no workloads to match",
  "kube-score-deployment-not-matching DNS_BLOCKED": "the policy selects nobody to be cut off",
  "popeye-np-d DNS_BLOCKED": "the object is refused for its unknown field",
};

/** Issues of which nothing can be said without somebody to match. */
const NEEDS_WORKLOADS: ReadonlySet<string> = new Set([
  "PEER_MATCHES_NOTHING",
  "SELECTOR_MATCHES_NOTHING",
]);

function reasonToSkip(one: Case, code: string): string | null {
  const known = NOT_FOUND_IN[`${one.id} ${code}`] ?? NOT_FOUND[code];
  if (known !== undefined) return known;
  // Of the usual corpus it is known where namespaces alone say enough.
  const isUnsaid = !IS_USUAL_CORPUS && NEEDS_WORKLOADS.has(code);
  const isEmpty = objectsIn(one).every((object) => field(object, "kind") === "NetworkPolicy");
  return isUnsaid && isEmpty ? "the file has no workloads to match" : null;
}

function objectsIn({ manifest }: Case): readonly unknown[] {
  const documents = parseAllDocuments(readFileSync(join(CORPUS, "lint", manifest), "utf8"));
  return documents.flatMap((document) => {
    const value: unknown = document.toJS();
    return value === null ? [] : itemsOf(value).map(({ raw }) => raw);
  });
}

/** What a shipped profile has to say of the policies of a file, each applied after the others. */
function finders(
  one: Case,
  profile: "baseline" | "restricted",
): readonly Pick<JudgedFinding, "ruleId" | "action">[] {
  const objects = objectsIn(one);
  const policies = objects.filter((object) => field(object, "kind") === "NetworkPolicy");
  if (policies.some((policy) => !parseObject(policy).ok)) {
    return [{ ruleId: "unreadable", action: "Deny" }];
  }
  const workloads = objects.filter((object) => !policies.includes(object));
  return policies.flatMap((policy) => {
    const namespace = field(policy, "metadata", "namespace") ?? "default";
    const fixture: Fixture = {
      about: one.manifest,
      operation: "CREATE",
      cluster: [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        ...(one.context?.namespaces ?? []).map((metadata) => ({
          apiVersion: "v1",
          kind: "Namespace",
          metadata,
        })),
        ...(workloads.length > 0 ? workloads : [podOf(policy)]),
        ...policies.filter((other) => other !== policy),
      ],
      object: policy,
      parameters: {},
      profiles: [],
      dataplane: "generic",
      dnsAddresses: [],
      dnsFamily: null,
      unknown: workloads.length > 0 ? [] : ["pods"],
      bareNetwork: null,
      knowsNamespaces: one.context === undefined ? "no" : "unknown",
    };
    const { findings } = judgeAsShipped(profile, fixture);
    return findings.map(({ ruleId, action }) => ({ ruleId, action }));
  });
}

/** A pod that the policy selects, where the file has no workloads of its own. */
function podOf(raw: unknown): unknown {
  const { policy } = succeed(parseNetworkPolicy(raw));
  const labels = witnessOf(policy)?.labels ?? new Map<string, string>();
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "some-pod",
      namespace: policy.namespace,
      labels: Object.fromEntries(labels),
    },
    spec: {},
    status: { podIPs: [{ ip: "10.244.9.9" }] },
  };
}
