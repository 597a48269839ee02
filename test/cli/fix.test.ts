import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { field } from "../../src/wire/shape.ts";
import { expectGolden, goldenFiles } from "./golden.ts";
import { runCli } from "./run-cli.ts";

const MENDABLE = "test/cli/fixtures/mendable.yaml";
const CHECK = ["check", "--manifests", "test/cli/fixtures/mendable-cluster.yaml"];

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ringfence-fix-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A copy of a text in a file of its own. */
function scratch(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("check --fix", () => {
  const cases = [
    { golden: "fix.yaml", format: "text" },
    { golden: "fix.json", format: "json" },
  ];
  it.for(cases)(
    "prints the mended policies, comments and all: $format",
    async ({ golden, format }) => {
      const result = await runCli([...CHECK, "-f", MENDABLE, "--fix", "-o", format]);
      expect(result).toMatchObject({ code: 0, stderr: "" });
      expectGolden(golden, result.stdout);
    },
  );

  it("has a case for every golden file", () => {
    expect(goldenFiles("fix")).toEqual(cases.map(({ golden }) => golden).toSorted());
  });

  it("is what it says: nothing mechanical is left of what it prints", async () => {
    const { stdout: input } = await runCli([...CHECK, "-f", MENDABLE, "--fix"]);
    const again = await runCli([...CHECK, "-f", "-", "--fix"], { input });
    expect(again.stdout).toMatch(/^# 0 findings of 0 policies mended;/);
    // kubectl, which this is piped into, says no more than that it was passed no objects.
    expect(again.stderr).toBe("note: there is nothing to mend, so nothing to apply\n");
  });

  it("--write changes the file, and only the documents that it mends", async () => {
    const before = readFileSync(MENDABLE, "utf8");
    const path = scratch("mendable.yaml", before);
    const result = await runCli([...CHECK, "-f", path, "--fix", "--write"]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toMatch(/^# 5 findings of 2 policies mended/);
    const after = readFileSync(path, "utf8");
    const untouched = before.slice(before.indexOf("# Somebody else's"));
    expect(untouched).not.toBe("");
    expect(after.endsWith(untouched)).toBe(true);
    expect(after).toContain("# everything may ask\n");
    expect((await runCli([...CHECK, "-f", path])).stdout).toMatch(/^nothing found/);
  });

  it("--write keeps JSON what it is", async () => {
    const policy = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "web", namespace: "shop" },
      spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] },
    };
    const path = scratch("policy.json", JSON.stringify(policy, null, 4));
    await runCli([...CHECK, "-f", path, "--fix", "--write"]);
    const spec = { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] };
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify({ ...policy, spec }, null, 4)}\n`);
  });

  it("writes an object anew where an anchor stands in the way, and others are as they were", async () => {
    const text = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: &web { app: web } }
  ingress: &rules
    - from: [{ namespaceSelector: {} }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api, namespace: shop }
spec:
  podSelector: { matchLabels: { app: api } }
  policyTypes: [Ingress]
  ingress: &more
    - &first { from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] }
    - *first
`;
    const path = scratch("anchors.yaml", text);
    await runCli([...CHECK, "-f", path, "--fix", "--write"]);
    const { stdout, code } = await runCli([...CHECK, "-f", path, "--fail-on", "error"]);
    expect(stdout).not.toContain("open-namespaces");
    expect(code).toBe(0);
  });

  it("--write mends what kubectl reads although its brackets are not indented", async () => {
    const text = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: {}
  policyTypes: [
\tIngress
]
  ingress:
    - from: [{ namespaceSelector: {} }]
`;
    const path = scratch("brackets.yaml", text);
    const result = await runCli([...CHECK, "-f", path, "--fix", "--write"]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(path, "utf8")).toContain("from: [ { podSelector: {} } ]");
  });

  it("a fix that would bring an error is left out", async () => {
    const vault = `apiVersion: v1
kind: Pod
metadata: { name: vault, namespace: kube-system, labels: { app: vault } }
spec: {}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Egress]
  egress:
    - to: # the first also lets them resolve names
        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }
        - podSelector: { matchLabels: { app: vault } }
`;
    const flags = ["-f", "-", "--fix", "-o", "json"];
    const ask = async (profile: string): Promise<string> =>
      (await runCli([...CHECK, ...flags, "--profile", profile], { input: vault })).stdout;
    expect(JSON.parse(await ask("restricted"))).toMatchObject({ mended: [] });
    // In `baseline` it is a warning that goes, for one that comes.
    expect(JSON.parse(await ask("baseline"))).toMatchObject({
      mended: [{ rule: "or-not-and" }, {}],
    });
  });

  const written = async (rules: readonly object[]): Promise<string> => {
    const policy = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "web", namespace: "shop" },
      spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: rules },
    };
    const path = scratch("rules.json", JSON.stringify(policy));
    await runCli([...CHECK, "-f", path, "--profile", "restricted", "--fix", "--write"]);
    return JSON.stringify(field(JSON.parse(readFileSync(path, "utf8")), "spec", "ingress"));
  };
  const ports = [{ protocol: "TCP", port: 8443 }];
  const dns = { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } };

  it("takes no rule out for one that is narrowed afterwards", async () => {
    const named = { from: [{ namespaceSelector: dns }], ports };
    expect(await written([{ from: [{ namespaceSelector: {} }], ports }, named])).toBe(
      JSON.stringify([{ from: [{ podSelector: {} }], ports }, named]),
    );
  });

  it("takes out all rules that say the same but one", async () => {
    const rule = { from: [{ namespaceSelector: dns }], ports };
    expect(await written([rule, rule, rule, rule])).toBe(JSON.stringify([rule]));
  });

  it.each([
    [["--write"], "--write needs --fix"],
    [["--fix", "-o", "sarif"], "--fix answers in text, json or yaml, not in sarif"],
  ])("%s is an error", async (flags, message) => {
    const result = await runCli([...CHECK, "-f", MENDABLE, ...flags]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });

  it("standard input cannot be written", async () => {
    const input = readFileSync(MENDABLE, "utf8");
    const result = await runCli([...CHECK, "-f", "-", "--fix", "--write"], { input });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain("standard input cannot be written");
  });
});
