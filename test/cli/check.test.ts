import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { expectGolden, goldenFiles } from "./golden.ts";
import { runCli, SHOP_NOTE } from "./run-cli.ts";

const SHOP = ["--manifests", "examples/shop/cluster"];
const CHANGES = "examples/shop/changes";
const BAD = ["01-layered-defence", "03-typo", "04-allow-all"].map(
  (name) => `${CHANGES}/${name}.yaml`,
);
const OVER_SHOP = ["--manifests", "examples/shop/cluster", ...BAD.flatMap((path) => ["-f", path])];
const WASTEFUL = "test/cli/fixtures/wasteful.yaml";

describe("the rules over manifests", () => {
  const cases = [
    { golden: "check.txt", format: "text", stderr: "" },
    { golden: "check.json", format: "json", stderr: "" },
    { golden: "check.sarif", format: "sarif", stderr: SHOP_NOTE },
    { golden: "check.xml", format: "junit", stderr: SHOP_NOTE },
    { golden: "check.github", format: "github", stderr: SHOP_NOTE },
  ];
  it.for(cases)("$format", async ({ golden, format, stderr }) => {
    const result = await runCli(["check", "-o", format, ...OVER_SHOP]);
    expect(result).toMatchObject({ code: 1, stderr });
    expectGolden(golden, result.stdout);
  });

  const root = join(import.meta.dirname, "../..");
  it.each([
    { where: "an absolute path", cwd: root, path: join(root, "examples/shop/changes"), env: {} },
    {
      where: "a step of GitHub that runs further down",
      cwd: join(root, "examples/shop"),
      path: "changes",
      env: { GITHUB_WORKSPACE: root },
    },
    {
      where: "a job of GitLab that runs further down",
      cwd: join(root, "examples"),
      path: "./shop/changes",
      env: { CI_PROJECT_DIR: root },
    },
  ])("names files from the root of the checkout: $where", async ({ cwd, path, env }) => {
    const file = `${path}/04-allow-all.yaml`;
    const named = "examples/shop/changes/04-allow-all.yaml";
    const github = await runCli(["check", file, "-o", "github"], { cwd, env });
    expect(github.stdout).toContain(`::error file=${named},line=14,col=7,`);
    const junit = await runCli(["check", file, "-o", "junit"], { cwd, env });
    expect(junit.stdout).toContain(` file="${named}"`);
    const sarif = await runCli(["check", file, "-o", "sarif"], { cwd, env });
    expect(sarif.stdout).toContain(`"uri": "${named}"`);
  });

  it("has a case for every golden file", () => {
    expect(goldenFiles("check")).toEqual(cases.map(({ golden }) => golden).toSorted());
  });

  it.each([
    {
      name: "the exit code is that of --fail-on",
      flags: "--profile house --fail-on never",
      code: 0,
    },
    { name: "a profile of a file", flags: "--profile house", code: 1 },
    { name: "warnings pass by default", flags: "--profile baseline", code: 0 },
    { name: "and fail when asked to", flags: "--profile baseline --fail-on warning", code: 1 },
  ])("$name: $flags", async ({ flags, code }) => {
    const config = ["--config", "test/cli/fixtures/custom-profile.yaml"];
    const result = await runCli(["check", WASTEFUL, ...config, ...flags.split(" ")]);
    expect(result).toMatchObject({ code, stderr: "" });
  });

  it("finds nothing wrong with the shop as it is, but that staging has no default-deny", async () => {
    const result = await runCli(["check", "examples/shop/cluster"]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toMatch(/^2 notes in 6 policies$/m);
  });

  it("takes the profile of the namespace's label, and its mode", async () => {
    const open = (namespace: string, mode: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace}, labels: { ringfence.dev/profile: restricted, ringfence.dev/mode: ${mode} } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: open, namespace: ${namespace} }
spec:
  podSelector: {}
  ingress: [{ from: [{ namespaceSelector: {} }] }]
---`;
    const input = `${open("hard", "enforce")}${open("soft", "warn")}`;
    const { stdout } = await runCli(["check", "-", "-o", "json"], { input });
    const report = z
      .object({
        findings: z.array(z.object({ rule: z.string(), severity: z.string(), object: z.string() })),
      })
      .parse(JSON.parse(stdout));
    const found = report.findings.filter(({ rule }) => rule === "open-namespaces");
    expect(found).toEqual([
      { rule: "open-namespaces", severity: "error", object: "NetworkPolicy hard/open" },
      { rule: "open-namespaces", severity: "warning", object: "NetworkPolicy soft/open" },
    ]);
  });

  it("names policies that contradict each other", async () => {
    const gate = (name: string, action: string): string => `
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: ${name} }
spec:
  tier: Admin
  priority: 10
  subject: { namespaces: {} }
  ingress: [{ action: ${action}, from: [{ namespaces: {} }] }]
---`;
    const pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: {}\n---";
    const input = `${pod}${gate("a", "Accept")}${gate("b", "Deny")}`;
    const args = ["check", "-", "--profile", "restricted"];
    const { stdout, code } = await runCli(args, { input });
    expect(code).toBe(1);
    expect(stdout.match(/error equal-priority {2}ClusterNetworkPolicy b/g)).toHaveLength(1);
  });

  describe("of Namespaces", () => {
    const namespace = (labels: object): string =>
      JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels } });
    const enforced = namespace({ "ringfence.dev/profile": "restricted" });

    it("names a profile that nobody knows where it is written, once, and judges the rest", async () => {
      const policies = ["a", "b"].map((name) => {
        const metadata = { name, namespace: "shop" };
        const head = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
        return JSON.stringify({ ...head, metadata, spec: { podSelector: {} } });
      });
      const typo = namespace({ "ringfence.dev/profile": "resticted" });
      const input = [typo, ...policies].join("\n---\n");
      const { code, stdout, stderr } = await runCli(["check", "-"], { input });
      expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
      expect(stdout).toContain(
        "standard input:1:75: error unknown-profile  Namespace shop\n" +
          '  metadata.labels["ringfence.dev/profile"]\n  `resticted` is no profile',
      );
      expect(stdout).toContain("1 error");
      const chosen = await runCli(["check", "-", "--profile", "baseline"], { input });
      expect(chosen.stdout).not.toContain("unknown-profile");
    });

    it("tells of slips in the labels of a namespace", async () => {
      const input = namespace({
        "ringfence.dev/profil": "restricted",
        "ringfence.dev/mode": "Warn",
      });
      const { stdout } = await runCli(["check", "-", "-o", "github"], { input });
      expect(stdout).toContain("did you mean `ringfence.dev/profile`?");
      expect(stdout).toContain("`Warn` is no mode, and so enforces");
    });

    it.each([
      { name: "taking the label off", labels: {}, says: "takes the namespace out" },
      {
        name: "softening the mode",
        labels: { "ringfence.dev/profile": "restricted", "ringfence.dev/mode": "warn" },
        says: "softens the mode from `enforce` to `warn`",
      },
      {
        name: "a weaker profile",
        labels: { "ringfence.dev/profile": "baseline" },
        says: "swaps profile `restricted` for `baseline`",
      },
    ])("-f is an update of what is there: $name", async ({ labels, says }) => {
      const folder = await mkdtemp(join(tmpdir(), "ringfence-check-"));
      onTestFinished(async () => rm(folder, { recursive: true, force: true }));
      await writeFile(join(folder, "namespace.yaml"), enforced);
      const args = ["check", "--manifests", folder, "-f", "-", "-o", "json"];
      const { code, stdout } = await runCli(args, { input: namespace(labels) });
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({
        findings: [
          { rule: "opt-out", severity: "error", object: "Namespace shop", file: "standard input" },
        ],
      });
      expect(stdout).toContain(says);
    });
  });

  it("-f of a policy that is there is an update of it: the baseline is protected", async () => {
    const args = [...SHOP, "-f", "-"];
    const baseline = (spec: object): string =>
      JSON.stringify({
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: {
          name: "default-deny",
          namespace: "shop",
          labels: { "ringfence.dev/baseline": "default" },
        },
        spec,
      });
    const folder = await mkdtemp(join(tmpdir(), "ringfence-check-"));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    const stored = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
    await writeFile(join(folder, "baseline.yaml"), baseline(stored));
    const over = ["check", ...args, "--manifests", folder];
    const same = await runCli(over, { input: baseline(stored) });
    expect(same.stdout).not.toContain("protected-baseline");
    const edited = await runCli(over, { input: baseline({ podSelector: {}, ingress: [{}] }) });
    expect(edited.code).toBe(1);
    expect(edited.stdout).toContain("error protected-baseline  NetworkPolicy shop/default-deny");
  });

  it.each([
    ["--profile strict", "there is no profile `strict`; there are baseline, restricted"],
    ["--config examples/shop/review.json", "examples/shop/review.json:"],
    ["--fail-on all", "Allowed choices are error, warning, note, never"],
  ])("%s is an error", async (flags, message) => {
    const result = await runCli(["check", WASTEFUL, ...flags.split(" ")]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});

describe("what could go", () => {
  const cases = [
    { golden: "audit.txt", flags: "-o text" },
    { golden: "audit.json", flags: "-o json" },
    { golden: "audit-fix.yaml", flags: "--fix" },
    { golden: "audit-fix.json", flags: "--fix -o json" },
  ];
  it.for(cases)("$flags", async ({ golden, flags }) => {
    const result = await runCli(["audit", "--manifests", WASTEFUL, ...flags.split(" ")]);
    expect(result).toMatchObject({ code: 1, stderr: "" });
    expectGolden(golden, result.stdout);
  });

  it("has a case for every golden file", () => {
    expect(goldenFiles("audit")).toEqual(cases.map(({ golden }) => golden).toSorted());
  });

  it("--fix is what it says: the same connections, and nothing more to find", async () => {
    const fixed = await runCli(["audit", "--manifests", WASTEFUL, "--fix"]);
    const deleted = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
    const nothing = {
      ...deleted,
      metadata: { name: "api-again", namespace: "shop" },
      spec: { podSelector: { matchLabels: { app: "nobody-at-all" } } },
    };
    const input = `${fixed.stdout}---\n${JSON.stringify(nothing)}\n`;
    const difference = await runCli(["diff", "--manifests", WASTEFUL, "-f", "-"], { input });
    expect(difference).toMatchObject({ code: 0 });
    expect(difference.stdout).toMatch(/^no connection is opened or closed\n/);
    const again = await runCli(["audit", "--manifests", WASTEFUL, "-f", "-", "--fix"], { input });
    expect(again.stdout).toMatch(/^# 0 rules and 0 policies less/);
  });

  it("--fix touches no policy outside of the namespace that is asked about", async () => {
    const args = ["audit", "--manifests", WASTEFUL, "--fix", "-n"];
    const [all, here, elsewhere] = await Promise.all([
      runCli(args.with(-1, "-A")),
      runCli([...args, "shop"]),
      runCli([...args, "dev"]),
    ]);
    expect(here.stdout).toBe(all.stdout);
    expect(elsewhere.stdout).toMatch(/^# 0 rules and 0 policies less/);
  });
});

const findingsSchema = z.object({
  findings: z.array(z.looseObject({ rule: z.string(), severity: z.string(), message: z.string() })),
});

describe("check of policies whose files say nothing of pods", () => {
  const policy = (spec: string): string =>
    `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: ${spec}\n`;
  const dns = (ports: string, labels = "k8s-app: kube-dns"): string =>
    `to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {${labels}}}}], ports: ${ports}`;
  const UDP = "{port: 53, protocol: UDP}";
  const TCP = "{port: 53, protocol: TCP}";

  it.each([
    {
      about: "cut off: the selector by labels",
      spec: "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}",
      said: "the selected pod `shop/[app=web]` cannot reach the cluster's DNS on UDP 53 and TCP 53",
    },
    {
      about: "cut off: the selector by expressions",
      spec: "{podSelector: {matchExpressions: [{key: a, operator: NotIn, values: [b]}, {key: c, operator: In, values: [d, e]}, {key: f, operator: Exists}]}, policyTypes: [Egress]}",
      said: "the selected pod `shop/[c=d,f=any-0]` cannot reach the cluster's DNS on UDP 53 and TCP 53",
    },
    {
      about: "cut off: every pod, over TCP alone",
      spec: `{podSelector: {}, policyTypes: [Egress], egress: [{${dns(`[${UDP}]`)}}]}`,
      said: "the selected pod `shop/[any pod]` cannot reach the cluster's DNS on TCP 53",
    },
    {
      about: "cut off: by the wrong pods",
      spec: `{podSelector: {}, policyTypes: [Egress], egress: [{${dns(`[${UDP}, ${TCP}]`, "app: dns")}}]}`,
      said: "the selected pod `shop/[any pod]` cannot reach the cluster's DNS on UDP 53 and TCP 53",
    },
    {
      about: "not cut off",
      spec: `{podSelector: {}, policyTypes: [Egress], egress: [{${dns(`[${UDP}, ${TCP}]`)}}]}`,
    },
    {
      about: "not cut off: the ports by name",
      spec: `{podSelector: {}, policyTypes: [Egress], egress: [{${dns("[{port: dns, protocol: UDP}, {port: dns-tcp}]")}}]}`,
    },
    {
      about: "not cut off: the DNS of OpenShift",
      spec: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}], ports: [{port: 5353, protocol: UDP}, {port: 5353}]}]}",
    },
    {
      about: "cut off: the port of OpenShift's Service, not of its pods",
      spec: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}], ports: [{port: 53, protocol: UDP}, {port: 53}]}]}",
      said: "the selected pod `shop/[any pod]` cannot reach the cluster's DNS on UDP 5353 and TCP 5353",
    },
    { about: "not isolated for egress", spec: "{podSelector: {}, policyTypes: [Ingress]}" },
    {
      about: "no pod can be so",
      spec: "{podSelector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: DoesNotExist}]}, policyTypes: [Egress]}",
    },
  ])("$about", async ({ spec, said }) => {
    const args = ["check", "-", "-o", "json", "--profile", "restricted"];
    const { code, stdout } = await runCli(args, { input: policy(spec) });
    const { findings } = findingsSchema.parse(JSON.parse(stdout));
    const found = findings.filter(({ rule }) => rule === "dns-egress");
    // It is assumed, so it is a warning, also where the profile would deny.
    expect(found).toEqual(
      said === undefined ? [] : [expect.objectContaining({ message: said, severity: "warning" })],
    );
    expect(code).toBe(0);
  });

  it("counts no pods that are made up", async () => {
    const input = policy("{podSelector: {}, policyTypes: [Egress]}");
    const args = ["check", "-", "-o", "json", "--profile", "restricted"];
    const { findings } = findingsSchema.parse(JSON.parse((await runCli(args, { input })).stdout));
    expect(findings.find(({ rule }) => rule === "no-default-deny")).toMatchObject({
      message: "no policy isolates all of `shop` for ingress: pods to come are open",
    });
  });

  it("takes a port for named as the policy names it", async () => {
    const input = policy(
      "{podSelector: {}, ingress: [{ports: [{port: a, protocol: UDP}]}, {ports: [{port: b}, {port: a}]}, {ports: [{port: a}]}]}",
    );
    const { stdout } = await runCli(["check", "-", "-o", "json"], { input });
    const { findings } = findingsSchema.parse(JSON.parse(stdout));
    expect(findings.filter(({ rule }) => rule.startsWith("named-port"))).toEqual([]);
  });

  it("takes no rule and no policy for one that changes nothing", async () => {
    const from = (app: string): string =>
      `{from: [{podSelector: {matchLabels: {app: ${app}}}}], ports: [{port: 80, protocol: TCP}]}`;
    const rules = policy(`{podSelector: {}, ingress: [${from("web")}, ${from("api")}]}`);
    const deny = policy("{podSelector: {}}").replace("name: p", "name: deny");
    const args = ["check", "-", "-o", "json", "--profile", "restricted"];
    const { stdout } = await runCli(args, { input: `${rules}---\n${deny}` });
    const { findings } = findingsSchema.parse(JSON.parse(stdout));
    expect(findings.filter(({ rule }) => rule.startsWith("redundant"))).toEqual([]);
  });

  it("says of a policy that names no namespace where the pods are that it selects", async () => {
    const pod =
      "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: []}}";
    const web = policy("{podSelector: {matchLabels: {app: web}}}");
    const found = async (input: string): Promise<readonly string[]> => {
      const { stdout } = await runCli(["check", "-", "-o", "json"], { input });
      const { findings } = findingsSchema.parse(JSON.parse(stdout));
      return findings.flatMap(({ rule, message }) => (rule === "selects-nothing" ? message : []));
    };
    const bare = web.replace(", namespace: shop", "");
    expect(await found(`${bare}---\n${pod}`)).toEqual([
      "`app: web` selects no pod and no workload in namespace `default`; namespace `shop` has such pods",
    ]);
    expect(await found(`${bare.replace("app: web", "app: db")}---\n${pod}`)).toEqual([]);
    expect(await found(`${web.replace("namespace: shop", "namespace: prod")}---\n${pod}`)).toEqual(
      [],
    );
  });

  it("does not say of a policy for a whole namespace that it selects nothing", async () => {
    const all = policy("{podSelector: {}}");
    const some = policy("{podSelector: {matchLabels: {app: web}}}").replace("name: p", "name: web");
    const input = `${all}---\n${some}`;
    const { stdout } = await runCli(["audit", "--manifests", "-", "-o", "json"], { input });
    const { findings } = findingsSchema.parse(JSON.parse(stdout));
    expect(findings).toEqual([
      expect.objectContaining({ rule: "selects-nothing", object: "NetworkPolicy shop/web" }),
    ]);
  });

  it("has none of the baseline's policies deleted, but what repeats one", async () => {
    const pod =
      "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: []}}";
    const everybody = "{podSelector: {}, policyTypes: [Ingress, Egress]}";
    const named = (name: string, labels: string, spec: string): string =>
      policy(spec).replace("name: p", `name: ${name}, labels: ${labels}`);
    const input = [
      named("a-twin", "{}", everybody),
      named("default-deny", "{ringfence.dev/baseline: default}", everybody),
      pod,
    ].join("---\n");
    for (const verb of ["audit --manifests -", "check - --profile restricted"]) {
      const { stdout } = await runCli([...verb.split(" "), "-o", "json"], { input });
      const { findings } = findingsSchema.parse(JSON.parse(stdout));
      expect(findings).toContainEqual(
        expect.objectContaining({
          object: "NetworkPolicy shop/a-twin",
          message: expect.stringContaining("does the same to the same pods as") as unknown,
        }),
      );
      const ofBaseline = findings.filter(
        ({ object, rule }) => object === "NetworkPolicy shop/default-deny" && rule !== "dns-egress",
      );
      expect(ofBaseline).toEqual([]);
    }
  });

  it("says of a policy that allows everything that it changes nothing", async () => {
    const pod =
      "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {containers: []}}";
    const input = `${policy("{podSelector: {}, ingress: [{}]}")}---\n${pod}`;
    const { stdout } = await runCli(["audit", "--manifests", "-", "-o", "json"], { input });
    const { findings } = findingsSchema.parse(JSON.parse(stdout));
    expect(findings).toContainEqual(
      expect.objectContaining({ rule: "redundant-policy", message: "changes nothing" }),
    );
  });

  it("says what it takes for granted, and mends nothing by that", async () => {
    const input = policy("{podSelector: {}, policyTypes: [Egress]}");
    const { stdout } = await runCli(["check", "-"], { input });
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "the cluster's DNS is pods k8s-app: kube-dns of kube-system on port 53: the files do not say where it is",
    );
    const mended = await runCli(["check", "-", "--fix"], { input });
    expect(mended.stdout).toMatch(/^# 0 findings of 0 policies mended; 1 warning left/);
  });
});

describe("files that hold half of what is asked", () => {
  const policy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "web", namespace: "shop" },
    spec: { podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Ingress"] },
  };
  const ingress = { ...policy, kind: "Ingress", spec: {} };

  it.each([
    { line: "check -", object: ingress, says: "note: there is no policy here to check" },
    { line: "check -", object: policy, says: "find somebody: the files do not say who runs there" },
    { line: "audit --manifests -", object: policy, says: "nobody runs in namespace shop" },
    { line: "doctor --manifests -", object: policy, says: "find somebody: the files do not say" },
  ])("$object.kind: $line says that", async ({ line, object, says }) => {
    const { stdout, stderr } = await runCli(line.split(" "), { input: JSON.stringify(object) });
    expect((stderr + stdout).replaceAll(/\s+/g, " ")).toContain(says);
  });
});
