import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseYaml } from "../../src/config/yaml-documents.ts";
import { formatRange, parseAddress, parseCidr, rangeContains } from "../../src/engine/address.ts";
import { itemsOf, objectKey, parseObject, type WireObject } from "../../src/wire/document.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { CORPUS, describeWithCorpus, filesUnder } from "./corpus.ts";
import { complaints, succeed } from "./describe-policy.ts";

const foldersSchema = z.array(
  z.object({ name: z.string(), manifestsDir: z.string(), kind: z.string().default("") }),
);
const caseSchema = z.object({ policies: z.array(z.unknown()) });
const policiesSchema = z.union([
  z.array(caseSchema),
  z.object({ cases: z.array(caseSchema) }).transform(({ cases }) => cases),
]);
const cidrsSchema = z.object({
  cases: z.array(
    z.object({
      ip: z.string(),
      cidr: z.string(),
      except: z.array(z.string()),
      match: z.boolean(),
    }),
  ),
  invalid: z.array(z.object({ cidr: z.string() })),
  normalise: z.array(z.object({ ip: z.string(), ones: z.number(), expected: z.string() })),
});

/** Everything wrong with a folder of manifests, two objects of one name included, and what API servers refuse. */
function objectionsIn(folder: string): readonly string[] {
  return reading(folder, ({ parsed }) => parsed.notices.map(({ message }) => message));
}

/** Why a folder of manifests cannot be read. */
function problemsIn(folder: string): readonly string[] {
  return reading(folder, () => []);
}

type ReadPolicy = Extract<WireObject, { readonly kind: "policy" }>;

function reading(
  folder: string,
  objections: (policy: ReadPolicy) => readonly string[],
): readonly string[] {
  const seen = new Set<string>();
  return filesUnder(folder)
    .filter((file) => !file.endsWith("_output.json"))
    .flatMap((file) => {
      const documents = parseYaml(readFileSync(file, "utf8"), file);
      if (!documents.ok) return complaints(documents);
      return documents.value.flatMap(({ value }) =>
        itemsOf(value).flatMap(({ raw }) => {
          const object = parseObject(raw);
          if (!object.ok) return complaints(object);
          const key = objectKey(object.value);
          if (key !== null && seen.has(key)) return [`${key} twice`];
          if (key !== null) seen.add(key);
          return object.value.kind === "policy" ? objections(object.value) : [];
        }),
      );
    });
}

const INVALID = { file: "npguard/invalid.json", schema: foldersSchema };
describeWithCorpus("manifests that netpol-analyzer refuses", INVALID, (cases) => {
  it.each(cases.filter(({ kind }) => kind === "invalid"))("$name: a problem", (one) => {
    expect(objectionsIn(join(CORPUS, "npguard", one.manifestsDir))).not.toEqual([]);
  });

  it.each(cases.filter(({ kind }) => kind !== "invalid"))("$name: can be read here", (one) => {
    expect(problemsIn(join(CORPUS, "npguard", one.manifestsDir))).toEqual([]);
  });
});

const VALID = { file: "npguard/connlist.json", schema: foldersSchema };
describeWithCorpus("manifests that netpol-analyzer reads", VALID, (cases) => {
  it.each(cases)("$name", ({ manifestsDir }) => {
    expect(problemsIn(join(CORPUS, "npguard", manifestsDir))).toEqual([]);
  });
});

describe.each([
  "conformance/cnp.json",
  "conformance/anp.json",
  "policy-assistant/integration.json",
  "policy-assistant/explicit.json",
])("%s", (file) => {
  describeWithCorpus("policies", { file, schema: policiesSchema }, (cases) => {
    it("are read, and as their authors expect", () => {
      const policies = cases.flatMap((one) => one.policies);
      expect(policies.length).toBeGreaterThan(0);
      for (const policy of policies) {
        const object = succeed(parseObject(policy));
        expect(object).toMatchObject({ kind: "policy", parsed: { notices: [] } });
      }
    });
  });
});

const withBlock = (ipBlock: object) => ({
  metadata: { name: "a" },
  spec: { ingress: [{ from: [{ ipBlock }] }] },
});

const CIDRS = { file: "policy-assistant/cidr.json", schema: cidrsSchema };
describeWithCorpus("addresses and blocks of policy-assistant", CIDRS, (corpus) => {
  it.each(corpus.cases)("$ip in $cidr less $except: $match", ({ ip, cidr, except, match }) => {
    const { policy } = succeed(parseNetworkPolicy(withBlock({ cidr, except })));
    const address = parseAddress(ip);
    const matches = policy.ingress.rules
      .flatMap(({ peers }) => (peers === "all" ? [] : peers))
      .flatMap((peer) => (peer.kind === "addresses" ? peer.ranges : []))
      .some((range) => address !== null && rangeContains(range, address));
    expect(matches).toBe(match);
  });

  it.each(corpus.invalid)("$cidr is no CIDR", ({ cidr }) => {
    expect(complaints(parseNetworkPolicy(withBlock({ cidr })))).toHaveLength(1);
  });

  it.each(corpus.normalise)("$ip/$ones is $expected", ({ ip, ones, expected }) => {
    const range = parseCidr(`${ip}/${ones}`);
    expect(range === null ? null : formatRange(range)).toBe(expected);
  });
});
