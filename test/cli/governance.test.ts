import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type CliResult, runCli } from "./run-cli.ts";

const SHOP = ["--manifests", "examples/shop/cluster"];
const RESOURCES = "examples/shop/resources";
const OPEN_VAULT = ["-f", "examples/shop/changes/07-open-vault.yaml"];

/** The plugin in an empty folder with these files; answers are 200 columns wide where that matters. */
async function within(
  files: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<CliResult> {
  const cwd = await mkdtemp(join(tmpdir(), "ringfence-governance-"));
  onTestFinished(async () => rm(cwd, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
  return runCli(args, { cwd });
}

const namespaces = ["dev", "payments"].map(
  (name) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { ringfence.dev/profile: restricted, ringfence.dev/mode: warn } }
---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${name}, labels: { app: ${name} } }
spec: {}
status: { podIPs: [{ ip: 10.0.0.${name.length} }] }
`,
);
const WORLD = namespaces.join("---");

const INVARIANT = `
apiVersion: ringfence.dev/v1alpha1
kind: Invariant
metadata: { name: sealed }
spec:
  description: dev keeps out
  mustNotReach:
    from: [{ namespaces: { matchLabels: { kubernetes.io/metadata.name: dev } } }]
    to: [{ namespaces: { matchLabels: { kubernetes.io/metadata.name: payments } } }]
`;

describe("an Invariant in a file of --config", () => {
  it("is an error of the policy that breaks it, where that is written", async () => {
    const args = [...SHOP, ...OPEN_VAULT, "--config", RESOURCES, "-o", "json"];
    const { code, stdout } = await runCli(["check", ...args]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      findings: [
        {
          rule: 'invariant "cardholder-data"',
          severity: "error",
          object: "NetworkPolicy payments/vault-for-debugging",
          message: "opens dev/toolbox → payments/vault TCP 8200 (1 pod could not reach it before)",
          help: "only the gateway may reach the card data",
          file: "examples/shop/changes/07-open-vault.yaml",
        },
      ],
    });
  });

  it("marks the connections of a diff that it forbids", async () => {
    const { code, stdout } = await runCli(["diff", ...SHOP, ...OPEN_VAULT, "--config", RESOURCES]);
    expect(code).toBe(1);
    expect(stdout).toContain('! forbidden by invariant "cardholder-data"');
  });
});

describe("an Invariant beside the manifests", () => {
  const files = { "world.yaml": WORLD, "invariant.yaml": INVARIANT };

  it.each(["check", "audit"])("that does not hold whoever is the reason: %s", async (verb) => {
    const { code, stdout } = await within(files, verb, "--manifests", ".", "-o", "json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      findings: expect.arrayContaining([
        {
          rule: 'invariant "sealed"',
          severity: "error",
          object: "Invariant sealed",
          path: "",
          message: "does not hold: dev/* → payments/* all ports (1 pod) can be reached",
          help: "dev keeps out",
          file: "invariant.yaml",
          line: 2,
          column: 1,
        },
      ]) as unknown,
    });
  });

  it("is not asked about one namespace", async () => {
    const { stdout } = await within(files, "check", "--manifests", ".", "-n", "dev");
    expect(stdout).not.toContain("sealed");
  });
});

const PROFILE = `
apiVersion: ringfence.dev/v1alpha1
kind: Profile
metadata: { name: ours }
spec:
  customRules:
    - { id: labelled, action: Deny, onFault: Deny, expression: "'owner' in object.metadata.labels", message: has no owner }
`;
const POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p, namespace: payments, labels: { app: p } }
spec: { podSelector: {}, policyTypes: [Ingress] }
`;
const EXEMPTION = (expires: string): string => `
apiVersion: ringfence.dev/v1alpha1
kind: Exemption
metadata: { name: e, namespace: payments }
spec: { rules: [labelled], reason: moving, owner: team, expires: ${expires} }
`;

describe("a Profile beside the manifests", () => {
  const files = { "world.yaml": WORLD, "profile.yaml": PROFILE, "policy.yaml": POLICY };
  const args = ["check", "--manifests", ".", "--profile", "ours", "-o", "github"];

  it("brings its rules in CEL", async () => {
    const { code, stdout } = await within(files, ...args);
    expect(code).toBe(1);
    expect(stdout).toContain("has no owner");
  });

  it("lets them see the namespace as the manifests declare it", async () => {
    const profile = PROFILE.replace(
      /expression: "[^"]*"/,
      `expression: "namespaceObject.metadata.annotations['owner'] == 'nobody'"`,
    );
    const owned = WORLD.replace("name: payments,", "name: payments, annotations: { owner: dana },");
    const { code, stdout, stderr } = await within(
      { ...files, "world.yaml": owned, "profile.yaml": profile },
      ...args,
    );
    expect(stdout + stderr).not.toContain("annotations");
    expect(code).toBe(1);
    expect(stdout).toContain("has no owner");
  });

  it.each([
    ["2999-01-01T00:00:00Z", 0, "::notice "],
    ["2020-01-01T00:00:00Z", 1, "::error "],
  ])("whose findings an Exemption excuses until %s", async (expires, code, severity) => {
    const result = await within({ ...files, "exemption.yaml": EXEMPTION(expires) }, ...args);
    const line = result.stdout.split("\n").find((one) => one.includes("has no owner"));
    expect(line?.startsWith(severity)).toBe(true);
    expect(line?.includes("excused until")).toBe(code === 0);
    const ended = "no longer excused by Exemption payments/e, which expired on";
    expect(result.stdout.includes(ended)).toBe(code === 1);
    expect(result.code).toBe(code);
  });

  it("whose findings no Exemption excuses for longer than it lets one last", async () => {
    const limited = PROFILE.replace("spec:", "spec:\n  maxExemptionDays: 30");
    const exempted = {
      "profile.yaml": limited,
      "exemption.yaml": EXEMPTION("2999-01-01T00:00:00Z"),
    };
    const { code, stdout } = await within({ ...files, ...exempted }, ...args);
    expect(code).toBe(1);
    expect(stdout.split("\n").filter((line) => line.includes("labelled"))).toEqual([
      expect.stringMatching(/^::error .*has no owner/),
      expect.stringMatching(
        /^::notice .*not excused by Exemption payments\/e, which lasts until 2999-01-01T00:00:00Z, longer than profile `ours` lets any last/,
      ),
    ]);
  });

  it.each([
    ["a field that there is not", "rulez: []", "profile.yaml:5 spec.rulez: unknown field `rulez`"],
    [
      "a rule that there is not",
      "rules: [{ id: nope, action: Deny }]",
      "profile.yaml:5 spec.rules[0].id: `nope` is no rule",
    ],
    [
      "an expression that is none",
      'customRules: [{ id: x, action: Deny, onFault: Deny, expression: "1 +" }]',
      "profile.yaml:5 spec.customRules[0].expression: ",
    ],
  ])("with %s ends with exit code 2, file, line and field", async (_, spec, message) => {
    const broken = PROFILE.replace(/spec:[^]*/, `spec: { ${spec} }\n`);
    const { code, stdout, stderr } = await within({ ...files, "profile.yaml": broken }, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});
