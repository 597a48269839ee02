import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { expectGolden, goldenFiles } from "./golden.ts";
import { runCli, SHOP_NOTE } from "./run-cli.ts";

const SHOP = ["--manifests", "examples/shop/cluster"];

describe("who can reach whom", () => {
  const cases = [
    { golden: "connectivity.txt", args: "-n payments" },
    { golden: "connectivity-matrix.txt", args: "-n payments -o matrix" },
    { golden: "connectivity.json", args: "--from 0.0.0.0/0 --to staging/* -o json" },
    { golden: "connectivity.yaml", args: "--from shop/api -o yaml" },
    { golden: "connectivity.csv", args: "--from shop/api -o csv" },
    { golden: "connectivity.dot", args: "--from shop/* --to shop/* --port 3306 -o dot" },
    { golden: "connectivity.mmd", args: "--from shop/* --to payments/* -o mermaid" },
  ];
  it.for(cases)("$args", async ({ golden, args }) => {
    const result = await runCli(["connectivity", ...args.split(" "), ...SHOP]);
    const stderr = /-o (?:json|yaml)/.test(args) ? "" : SHOP_NOTE;
    expect(result).toMatchObject({ code: 0, stderr });
    expectGolden(golden, result.stdout);
  });

  it("has a case for every golden file", () => {
    expect(goldenFiles("connectivity")).toEqual(cases.map(({ golden }) => golden).toSorted());
  });

  it("does not tell nodes apart, as simulate does", async () => {
    const input = `apiVersion: v1
kind: Pod
metadata: { name: host, namespace: shop }
spec: { nodeName: node-1, hostNetwork: true }
status: { podIP: 192.168.0.1 }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop }
spec: { nodeName: node-2 }
status: { podIP: 10.0.0.2 }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress] }
`;
    const ask = async (command: string): Promise<string> =>
      (await runCli([...command.split(" "), "--manifests", "-"], { input })).stdout;
    expect(await ask("connectivity --from shop/host --to shop/db")).toContain("unknown: all ports");
    expect(await ask("simulate --src-pod shop/host --dst-pod shop/db -p 80")).toMatch(/^denied/);
  });

  it("lists ends in one order, whatever that of the files is", async () => {
    const pod = (name: string): object => {
      return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: {} };
    };
    const policy = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "outside" },
      spec: {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }],
        egress: [{ to: [{ ipBlock: { cidr: "9.0.0.0/8" } }] }],
      },
    };
    const input = [policy, ...["b", "c", "a"].map(pod)]
      .map((one) => JSON.stringify(one))
      .join("\n");
    const ask = async (format: string): Promise<string> =>
      (await runCli(["connectivity", "--manifests", "-", "-o", format], { input })).stdout;
    const fromOutside = (await ask("csv")).matchAll(/^10\.0\.0\.0-[\d.]+,default\/(.)/gm);
    expect(Array.from(fromOutside, ([, name]) => name)).toEqual(["a", "b", "c"]);
    const ends = (await ask("matrix")).matchAll(/^\d +(?:default\/)?(\S+)/gm);
    expect(Array.from(ends, ([, end]) => end).join(" ")).toBe(
      "a[Pod] b[Pod] c[Pod] 9.0.0.0/8 10.0.0.0/8",
    );
  });

  it.each([
    ["--from shop/wbe", "did you mean"],
    ["--to nowhere/*", "there is no pod in namespace `nowhere`"],
    ["--from 10.0.0.0/99", "`10.0.0.0/99` is not a CIDR"],
    ["--port 70000", "is not a port"],
    ["--port icmp/1", "is not a port"],
    ["-o png", "Allowed choices are"],
  ])("%s is an error", async (flags, message) => {
    const result = await runCli(["connectivity", ...flags.split(" "), ...SHOP]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});

describe("what a change opens and closes", () => {
  const change = (name: string): string => `examples/shop/changes/${name}`;
  const cases = [
    { golden: "diff.txt", args: `-f ${change("04-allow-all.yaml")}` },
    { golden: "diff.json", args: `-f ${change("02-scrape-api.yaml")} -o json` },
    { golden: "diff.md", args: `-f ${change("01-layered-defence.yaml")} -o markdown` },
  ];
  it.for(cases)("$args", async ({ golden, args }) => {
    const result = await runCli(["diff", ...args.split(" "), ...SHOP]);
    expect(result).toMatchObject({ code: 1, stderr: "" });
    expectGolden(golden, result.stdout);
  });

  it("has a case for every golden file", () => {
    expect(goldenFiles("diff")).toEqual(cases.map(({ golden }) => golden).toSorted());
  });

  it("holds what goes against the rules as well, and what becomes of namespaces", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ringfence-diff-"));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    const namespace = (labels: object): object => {
      return { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels } };
    };
    const head = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
    const policy = (name: string, labels: object, spec: object): object => {
      return { ...head, metadata: { name, namespace: "shop", labels }, spec };
    };
    const enforced = namespace({ "ringfence.dev/profile": "baseline" });
    const deny = policy(
      "default-deny",
      { "ringfence.dev/baseline": "default" },
      { podSelector: {} },
    );
    const trees = { old: [enforced, deny], next: [namespace({})] };
    for (const [name, objects] of Object.entries(trees)) {
      const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
      await writeFile(join(folder, `${name}.yaml`), text);
    }
    const diff = async (from: string, to: string): Promise<unknown> => {
      const args = ["diff", join(folder, from), join(folder, to), "-o", "json"];
      return JSON.parse((await runCli(args)).stdout);
    };
    expect(await diff("old.yaml", "next.yaml")).toMatchObject({
      findings: [
        { rule: "opt-out", object: "Namespace shop" },
        { rule: "protected-baseline", object: "NetworkPolicy shop/default-deny" },
        { rule: "left-open", object: "NetworkPolicy shop/default-deny", severity: "warning" },
      ],
    });
    expect(await diff("next.yaml", "old.yaml")).toMatchObject({ findings: [] });
  });

  it("marks what is forbidden, and nothing beside it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ringfence-diff-"));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    const of = (app: string): object => ({ podSelector: { matchLabels: { app } } });
    const policy = (name: string, app: string, rules: object): object => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name, namespace: "shop" },
      spec: { ...of(app), ...rules },
    });
    const pod = (app: string): object => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: app, namespace: "shop", labels: { app } },
      spec: {},
    });
    const invariant = (name: string, claim: object): object => ({
      apiVersion: "ringfence.dev/v1alpha1",
      kind: "Invariant",
      metadata: { name },
      spec: { description: name, ...claim },
    });
    const end = (app: string): object => ({ pods: of(app) });
    const objects = [
      ...["web", "db", "cache"].map(pod),
      ...["web", "db", "cache"].map((app) =>
        policy(app, app, { policyTypes: ["Ingress", "Egress"] }),
      ),
      invariant("no-db", {
        mustNotReach: { from: [end("web")], to: [end("db")], ports: [{ port: 5432 }] },
      }),
    ];
    // Neither of the two opens anything without the other.
    const toPeers = policy("web", "web", {
      policyTypes: ["Ingress", "Egress"],
      egress: [{ to: [of("db"), of("cache")] }],
    });
    const fromWeb = (app: string): object =>
      policy(app, app, { policyTypes: ["Ingress", "Egress"], ingress: [{ from: [of("web")] }] });
    const [old, next] = [join(folder, "old.yaml"), join(folder, "next.yaml")];
    const text = (all: readonly object[]): string =>
      all.map((one) => JSON.stringify(one)).join("\n---\n");
    await writeFile(old, text(objects));
    await writeFile(next, text([toPeers, fromWeb("db"), fromWeb("cache")]));
    const args = ["diff", "--manifests", old, "-f", next, "-o", "json"];
    const { opened } = z
      .object({ opened: z.array(z.looseObject({ to: z.string() })) })
      .parse(JSON.parse((await runCli(args)).stdout));
    expect(opened).toMatchObject([
      { to: "shop/cache[Pod]" },
      { to: "shop/db[Pod]", forbiddenBy: ['invariant "no-db"'] },
    ]);
    expect(opened[0]).not.toHaveProperty("forbiddenBy");
  });

  it("does not pass over in silence that policies alone connect nobody", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ringfence-diff-"));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    const [old, next] = ["old", "next"].map((name) => join(folder, `${name}.json`));
    const policy = (rules: object): string =>
      JSON.stringify({
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name: "p", namespace: "shop" },
        spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], ...rules },
      });
    await writeFile(old ?? "", policy({ egress: [{}] }));
    await writeFile(next ?? "", policy({}));
    const diff = await runCli(["diff", old ?? "", next ?? "", "-o", "json"]);
    expect(JSON.parse(diff.stdout)).toMatchObject({
      opened: [],
      closed: [],
      findings: [{ rule: "dns-egress", severity: "warning" }],
      assumptions: [
        "nobody runs in namespace shop: the files have no pods and no workloads there",
        expect.stringContaining("the cluster's DNS is pods k8s-app: kube-dns") as unknown,
      ],
    });
    const connectivity = await runCli(["connectivity", "--manifests", old ?? "", "-A"]);
    expect(connectivity.stderr).toBe(
      "note: assuming that nobody runs in namespace shop: the files have no pods and no workloads there\n",
    );
  });

  it("says that it takes no address for a node's where policies ask for nodes that files do not have", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ringfence-nodes-"));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    const object = (kind: string, name: string, rest: object): string =>
      JSON.stringify({ apiVersion: "v1", kind, metadata: { name, namespace: "shop" }, ...rest });
    const policy = object("AdminNetworkPolicy", "no-kubelet", {
      apiVersion: "policy.networking.k8s.io/v1alpha1",
      spec: {
        priority: 5,
        subject: { namespaces: {} },
        egress: [{ action: "Deny", to: [{ nodes: {} }] }],
      },
    });
    const alone = join(folder, "alone.yaml");
    const beside = join(folder, "beside.yaml");
    await writeFile(alone, `${policy}\n---\n${object("Pod", "web", { spec: {} })}`);
    await writeFile(beside, object("Node", "n1", {}));
    const says = "no address is a node's: the files have no Nodes";
    const flow = ["--src-pod", "shop/web", "--dst-ip", "10.1.0.9", "-p", "10250", "-o", "json"];
    const explain = await runCli(["explain", "--manifests", alone, ...flow]);
    expect(JSON.parse(explain.stdout)).toMatchObject({ verdict: "allowed", assumptions: [says] });
    const connectivity = await runCli(["connectivity", "--manifests", alone, "-A"]);
    expect(connectivity.stderr).toBe(`note: assuming that ${says}\n`);
    const known = await runCli(["connectivity", "--manifests", alone, beside, "-A"]);
    expect(known.stderr).toBe("");
  });

  it("lists what reaches many before what reaches one", async () => {
    const pod = (name: string, labels: object): object => {
      const metadata = { name, namespace: "shop", labels };
      return { apiVersion: "v1", kind: "Pod", metadata, spec: {} };
    };
    const ingress = (app: string, ...from: readonly string[]): object => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: app, namespace: "shop" },
      spec: {
        podSelector: { matchLabels: { app } },
        ingress: from.map((name) => ({ from: [{ podSelector: { matchLabels: { app: name } } }] })),
      },
    });
    const names = ["a", "b", "x", "y", "z"];
    const pods = names.map((app) => pod(app, { app }));
    const folder = await mkdtemp(join(tmpdir(), "ringfence-diff-"));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    const write = async (file: string, objects: readonly object[]): Promise<void> =>
      writeFile(join(folder, file), objects.map((one) => JSON.stringify(one)).join("\n---\n"));
    await write("old.yaml", [...pods, ingress("x"), ingress("y"), ingress("z")]);
    await write("new.yaml", [
      ...pods,
      ingress("x", "a", "b"),
      ingress("y", "b"),
      ingress("z", "b"),
    ]);
    const { stdout } = await runCli(["diff", join(folder, "old.yaml"), join(folder, "new.yaml")]);
    const sources = Array.from(stdout.matchAll(/^ {2}\+ {2}shop\/(\w)\[/gm), ([, name]) => name);
    expect(sources).toEqual(["b", "b", "b", "a"]);
  });

  it("says what all addresses but some are in one line", async () => {
    const raw = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "world", namespace: "payments" },
      spec: {
        podSelector: { matchLabels: { app: "vault" } },
        ingress: [
          {
            from: [
              { ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "192.168.0.0/16"] } },
              { ipBlock: { cidr: "fd00::/64", except: ["fd00::/65"] } },
            ],
          },
        ],
      },
    };
    const ask = async (...flags: readonly string[]): Promise<string> => {
      const args = ["diff", ...SHOP, "-f", "-", ...flags];
      return (await runCli(args, { input: JSON.stringify(raw) })).stdout;
    };
    const but = "any IPv4 address (but 10.0.0.0/8, 192.168.0.0/16)";
    const text = (await ask()).replaceAll(/ +/g, " ");
    expect(text).toContain(
      [
        "2 connections opened",
        " + fd00::8000:0:0:0/65 → payments/vault[StatefulSet] all ports ! forbidden by open-world",
        ` + ${but} → payments/vault[StatefulSet] all ports ! forbidden by open-world`,
      ].join("\n"),
    );
    expect(await ask("-o", "markdown")).toContain(
      `| \`${but}\` | \`payments/vault[StatefulSet]\` |`,
    );
    // Programs are told of every stretch.
    expect(await ask("-o", "json")).toContain('"from": "192.169.0.0-255.255.255.255"');
  });

  it("finds nothing between a folder and itself", async () => {
    const folder = "examples/shop/cluster";
    const result = await runCli(["diff", folder, folder]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toMatch(/^no connection is opened or closed\n/);
  });

  it.each([
    ["a rule denies", [{}], 1],
    ["a rule only warns of", [{ from: [{ ipBlock: { cidr: "10.1.2.3/24" } }] }], 0],
  ])("ends by what %s where no connection changes", async (_, ingress, code) => {
    const raw = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "empty", namespace: "elsewhere" },
      spec: { podSelector: {}, ingress },
    };
    const args = [
      "diff",
      "--manifests",
      "examples/shop/cluster",
      "-f",
      "-",
      "--profile",
      "baseline",
    ];
    const result = await runCli(args, { input: JSON.stringify(raw) });
    expect(result.stdout).toContain("no connection is opened or closed\n");
    expect(result.stdout).toContain("by the rules");
    expect(result.code).toBe(code);
  });

  it.each([
    ["", "give two folders OLD NEW, or -f FILE"],
    ["examples/shop/cluster", "give two folders OLD NEW"],
    ["a b c", "give two folders OLD NEW"],
    ["examples/shop/cluster examples/shop/cluster -f a", "give two folders OLD NEW"],
    ["a b", "a: there is no such file or folder"],
  ])("`diff %s` is an error", async (args, message) => {
    const result = await runCli(["diff", ...args.split(" ").filter((word) => word !== "")]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});
