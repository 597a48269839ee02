import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { check } from "../../src/cli/commands/check.ts";
import { InputError } from "../../src/cli/input-error.ts";
import { parseYaml } from "../../src/config/yaml-documents.ts";
import { itemsOf } from "../../src/wire/document.ts";
import { field, parseShape } from "../../src/wire/shape.ts";
import { CORPUS, describeWithCorpus, IS_USUAL_CORPUS } from "../wire/corpus.ts";
import { succeed } from "../wire/describe-policy.ts";

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

/** That the file is refused, or that the API server would refuse what is in it. */
const REFUSED = ["unreadable", "reading"];

/** What says the same here: rules, or `unreadable` where the file is refused. */
const SAYS_THE_SAME: Readonly<Record<string, readonly string[]>> = {
  ALLOW_ALL_EGRESS: ["allow-all"],
  ALLOW_ALL_INGRESS: ["allow-all"],
  ALLOW_ALL_POLICY: ["allow-all"],
  BROAD_NAMESPACE_SELECTOR: ["open-namespaces"],
  DNS_BLOCKED: ["dns-egress"],
  DNS_UDP_ONLY: ["dns-egress"],
  ENDPORT_LT_PORT: REFUSED,
  ENDPORT_WITH_NAMED_PORT: REFUSED,
  INVALID_LABEL_VALUE: REFUSED,
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
  SELECTOR_UNKNOWN_FIELD: REFUSED,
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
    it.each(cases.filter(({ clean }) => clean))("is silent about $id", async (one) => {
      const found = await findingsIn(one, profile);
      expect(found.filter(({ severity }) => severity !== "note")).toEqual([]);
    });
  });

  const expected = cases.flatMap((one) =>
    one.issues
      .filter(({ severity }) => severity !== "info")
      .map(({ code }) => ({ id: one.id, code, one })),
  );

  it.for(expected)("finds $code in $id", async ({ one, code }, context) => {
    const found = await findingsIn(one, "restricted");
    const rules = found.map(({ rule }) => rule);
    const reason = reasonToSkip(one, code, rules);
    context.skip(reason !== null, reason ?? "");
    const wanted = SAYS_THE_SAME[code];
    if (wanted === undefined && IS_USUAL_CORPUS) throw new Error(`nothing is said about ${code}`);
    // Of codes of another corpus it is not known what says the same: whatever is found may.
    expect(rules.filter((id) => wanted?.includes(id) ?? true)).not.toEqual([]);
  });
});

/** Single issues that are not found, and why not. */
const NOT_FOUND_IN: Readonly<Record<string, string>> = {
  "kube-linter-dangling-peer PEER_MATCHES_NOTHING": "the file has no workloads to match",
  "kube-linter-dangling-peer SELECTOR_MATCHES_NOTHING": "the file has no workloads to match",
  "popeye-np2 PEER_MATCHES_NOTHING": "the file has no workloads to match",
};

/** Issues of which nothing can be said without somebody to match. */
const NEEDS_WORKLOADS: ReadonlySet<string> = new Set([
  "PEER_MATCHES_NOTHING",
  "SELECTOR_MATCHES_NOTHING",
]);

function reasonToSkip(one: Case, code: string, rules: readonly string[]): string | null {
  const known = NOT_FOUND_IN[`${one.id} ${code}`] ?? NOT_FOUND[code];
  if (known !== undefined) return known;
  const isOfRefusal = (other: string): boolean => SAYS_THE_SAME[other] === REFUSED;
  if (!isOfRefusal(code) && one.issues.some((issue) => isOfRefusal(issue.code))) {
    return "what is refused is not judged any further";
  }
  if (code === "DNS_BLOCKED" && rules.includes("selects-nothing")) {
    return "the policy selects nobody to be cut off";
  }
  // Of the usual corpus it is known where namespaces alone say enough.
  const isUnsaid = !IS_USUAL_CORPUS && NEEDS_WORKLOADS.has(code);
  return isUnsaid && hasPoliciesAlone(one) ? "the file has no workloads to match" : null;
}

function hasPoliciesAlone({ manifest }: Case): boolean {
  const path = join(CORPUS, "lint", manifest);
  const documents = succeed(parseYaml(readFileSync(path, "utf8"), path));
  const objects = documents.flatMap(({ value }) => itemsOf(value));
  return objects.every(({ raw }) => field(raw, "kind") === "NetworkPolicy");
}

const reportSchema = z.object({
  findings: z.array(z.object({ rule: z.string(), severity: z.string() })),
});
type Report = z.output<typeof reportSchema>;

/** What `check` has to say of a file by a shipped profile. */
async function findingsIn(
  { manifest, context }: Case,
  profile: "baseline" | "restricted",
): Promise<Report["findings"]> {
  const paths = [join(CORPUS, "lint", manifest)];
  if (context !== undefined) paths.push(fileOf(context));
  try {
    const { text } = await check({ profile, failOn: "never", output: "json" }, paths);
    return succeed(parseShape(reportSchema, JSON.parse(text))).findings;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [{ rule: "unreadable", severity: "error" }];
  }
}

/** The namespaces that a case has beside its file, as a file. */
function fileOf({ namespaces }: NonNullable<Case["context"]>): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "namespaces.json");
  const items = namespaces.map((metadata) => ({ metadata }));
  writeFileSync(path, JSON.stringify({ apiVersion: "v1", kind: "NamespaceList", items }));
  return path;
}
