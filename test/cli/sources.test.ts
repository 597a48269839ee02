import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { stringify } from "yaml";
import { namesFor } from "../../src/cli/complete-values.ts";
import { missing } from "../support/installed-control-plane.ts";
import { type CliResult, runCli } from "./run-cli.ts";

const run = promisify(execFile);

const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "shop" },
  spec: {},
};
const WEB = JSON.stringify(POD);
const POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: {}
  ingress:
    - from:
        - ipBlock:
            cidr: 10.0.0.300/8
`;

const BOMB = [
  "kind: Pod",
  "a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
  ...Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(10)}]`),
].join("\n");
const BAD = { ...POD, spec: { hostNetwork: "maybe" } };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ringfence-cli-"));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

async function connectivity(paths: readonly string[], input = ""): Promise<CliResult> {
  return runCli(["connectivity", "-o", "csv", "--manifests", ...paths], { input });
}

describe("manifests that cannot be used", () => {
  const problem = async (name: string, text: string): Promise<string> => {
    const result = await connectivity([await write(name, text)]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).not.toMatch(/^ +at /m);
    return result.stderr.replaceAll(`${folder}/`, "");
  };

  it("names file and line of what is not YAML", async () => {
    const stderr = await problem("broken.yaml", "kind: Pod\nmetadata: {name: a\n");
    expect(stderr).toMatch(/^error: broken.yaml:\d+: /);
  });

  it("suggests `helm template` for a template", async () => {
    expect(await problem("t.yaml", "{{ if .Values.x }}\nkind: [\n")).toContain("helm template");
  });

  it("names YAML that is not Kubernetes", async () => {
    expect(await problem("values.yaml", "replicas: 3\n")).toContain(
      "values.yaml:1: is not a Kubernetes object: it needs `apiVersion` and `kind`",
    );
  });

  it.each([
    { kind: "NetworkPolicys", version: "networking.k8s.io/v1", meant: "NetworkPolicy" },
    { kind: "networkpolicies", version: "networking.k8s.io/v1", meant: "NetworkPolicy" },
    {
      kind: "clusternetworkpolicy",
      version: "policy.networking.k8s.io/v1alpha2",
      meant: "ClusterNetworkPolicy",
    },
  ])("does not pass over a slip in a kind: $kind", async ({ kind, version, meant }) => {
    const text = `apiVersion: ${version}\nkind: ${kind}\nmetadata: {name: p}\n`;
    expect(await problem("slip.yaml", text)).toBe(
      `error: slip.yaml:2 kind: \`${kind}\` is no kind of ${version}; did you mean \`${meant}\`?\n`,
    );
  });

  it("names the field of an invalid policy, and what is allowed", async () => {
    expect(await problem("policy.yaml", POLICY)).toContain(
      "policy.yaml:10 spec.ingress[0].from[0].ipBlock.cidr: `10.0.0.300/8` is not a CIDR",
    );
  });

  it("names the line in a List of JSON", async () => {
    const pod = { ...POD, metadata: {} };
    const list = { apiVersion: "v1", kind: "List", items: [POD, pod] };
    const stderr = await problem("list.json", JSON.stringify(list, null, 2));
    expect(stderr).toMatch(/list\.json:\d+ items\[1\]\.metadata\.name: is missing/);
  });

  it("does not choose between two of one name", async () => {
    const other = { ...POD, metadata: { ...POD.metadata, labels: { app: "other" } } };
    const stderr = await problem("two.yaml", `${WEB}\n---\n${JSON.stringify(other)}\n`);
    expect(stderr).toContain(
      "two.yaml:3: is a second Pod shop/web, unlike the first in two.yaml:1",
    );
  });

  it("names an empty folder", async () => {
    await mkdir(join(folder, "empty"));
    const result = await connectivity([join(folder, "empty")]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("holds no `*.yaml`, `*.yml` or `*.json` file");
  });

  it("names a path that is not there", async () => {
    const result = await connectivity([join(folder, "missing")]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("missing: there is no such file or folder");
  });

  it("names a file that is too large without reading it", async () => {
    const path = await write("huge.yaml", "");
    await truncate(path, 100 * 1024 * 1024);
    const result = await connectivity([path]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("huge.yaml: has 100 MiB; files of up to 64 are read");
  });

  it.each([
    {
      name: "UTF-16",
      text: Buffer.from("\uFEFFkind: Pod\n", "utf16le"),
      says: "is not text in UTF-8",
    },
    {
      name: "Latin-1",
      text: Buffer.from("kind: caf\xE9\n", "latin1"),
      says: "is not text in UTF-8",
    },
    { name: "tabs", text: "kind: Pod\nmetadata:\n\tname: a\n", says: ":3: Tabs are not allowed" },
    { name: "a key twice", text: "kind: Pod\nkind: Node\n", says: ":2: Map keys must be unique" },
    {
      name: "aliases that multiply",
      text: BOMB,
      says: ":1: has aliases that unfold to more than can be read",
    },
    {
      name: "an alias of itself",
      text: "kind: Pod\nspec: &it { more: *it }\n",
      says: ":1: has an alias that leads back to itself",
    },
    {
      name: "an alias of nothing",
      text: "kind: Pod\nspec: *nowhere\n",
      says: ":1: Unresolved alias",
    },
    {
      name: "nesting without end",
      text: `kind: Pod\nspec: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`,
      says: ":2: is nested too deeply to be read",
    },
    { name: "a value alone", text: "just text\n", says: ":1: is not a Kubernetes object" },
    { name: "a list of objects", text: "- kind: Pod\n", says: ":1: is not a Kubernetes object" },
    { name: "nothing", text: "", says: "no Kubernetes object in there" },
    { name: "comments", text: "# a\n---\n# b\n", says: "no Kubernetes object in there" },
    {
      name: "an empty list",
      text: "apiVersion: v1\nkind: List\nitems: null\n",
      says: "no Kubernetes object in there",
    },
    {
      name: "an API that is gone",
      text: POLICY.replace("networking.k8s.io/v1", "extensions/v1beta1"),
      says: "`extensions/v1beta1` is not read for this kind; write `networking.k8s.io/v1`",
    },
    {
      name: "a List in a List",
      text: JSON.stringify(
        {
          apiVersion: "v1",
          kind: "List",
          items: [{ kind: "List", apiVersion: "v1", items: [BAD] }],
        },
        null,
        2,
      ),
      says: ":17 items[0].items[0].spec.hostNetwork: `maybe` is not `true` or `false`",
    },
  ])("$name: $says", async ({ name, text, says }) => {
    const path = join(folder, `bad ${name}.yaml`);
    await writeFile(path, text);
    const result = await connectivity([path]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    const [first = "", second = ""] = result.stderr.split("\n");
    expect(first).toMatch(/^error: \S*bad [^:]+\.yaml:/);
    expect(first).toContain(says);
    expect(second).toBe("");
  });

  it("gives up on what never ends", async () => {
    const result = await connectivity(["/dev/zero"]);
    expect(result.code).toBe(2);
    expect(result.stderr).toBe(
      "error: /dev/zero: has more than 64 MiB; files of up to 64 are read\n",
    );
  });

  it("names a link that leads to itself", async () => {
    await symlink("self.yaml", join(folder, "self.yaml"));
    const result = await connectivity([join(folder, "self.yaml")]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain("is a symbolic link that leads to itself");
  });

  it("names everything in a folder that cannot be read, dangling links too, and answers nothing", async () => {
    const tree = join(folder, "dangling");
    await mkdir(tree);
    await writeFile(
      join(tree, "good.yaml"),
      "{ apiVersion: v1, kind: ConfigMap, metadata: { name: a } }",
    );
    await writeFile(join(tree, "latin.yaml"), Buffer.from("caf\u00e9", "latin1"));
    await symlink("nowhere", join(tree, "gone.yaml"));
    await symlink("nowhere", join(tree, "no-manifest"));
    const result = await connectivity([tree]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr.replaceAll(`${tree}/`, "")).toBe(
      "error: gone.yaml: is a symbolic link that leads nowhere\nerror: latin.yaml: is not text in UTF-8\n",
    );
  });

  it("lists twenty problems and counts the rest", async () => {
    const bad = { apiVersion: "v1", kind: "Pod", metadata: {} };
    const items = Array.from({ length: 30 }, () => bad);
    const stderr = await problem(
      "many.json",
      JSON.stringify({ apiVersion: "v1", kind: "List", items }),
    );
    expect(stderr.trimEnd().split("\n")).toHaveLength(21);
    expect(stderr).toContain("error: and 40 more");
  });
});

describe("a cluster that is not there", () => {
  const flow = ["simulate", "--src-pod", "a", "--dst-pod", "b", "--port", "1"];

  it.each([
    { name: "no kubeconfig", flags: [], message: "there is no kubeconfig" },
    {
      name: "a context without a kubeconfig",
      flags: ["--context", "work"],
      message: "there is no kubeconfig",
      hint: "",
    },
    {
      name: "a kubeconfig that is not there",
      flags: ["--kubeconfig", "/nonexistent/config"],
      message: "cannot read the kubeconfig: ENOENT",
    },
  ])("$name", async ({ flags, message, hint = "(or read files with --manifests)" }) => {
    const result = await runCli([...flow, ...flags]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(`error: ${message}`);
    expect(result.stderr).toContain(hint);
  });

  it("names the file that is no kubeconfig, in one line", async () => {
    const path = await write("kubeconfig", "a: [1\n");
    const result = await runCli([...flow, "--kubeconfig", path]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toMatch(/^error: cannot read the kubeconfig: .*\n$/);
    expect(result.stderr).toContain(path);
  });

  it.each([
    { flags: ["--context", "work"], message: "has no context `work`; there are `home`" },
    { flags: [], message: "has no current context; there are `home`" },
  ])("names the contexts there are: $flags", async ({ flags, message }) => {
    const context = { name: "home", context: { cluster: "c", user: "u" } };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [],
      users: [],
      contexts: [context],
    };
    const path = await write("kubeconfig", JSON.stringify(config));
    const result = await runCli([...flow, "--kubeconfig", path, ...flags]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});

describe("manifests of all sorts", () => {
  const two = ["web", "api"].map((name) => ({ ...POD, metadata: { ...POD.metadata, name } }));
  const yaml = two.map((one) => stringify(one));
  it.each([
    { name: "a byte order mark", text: `\uFEFF${yaml.join("---\n")}` },
    { name: "Windows line ends", text: yaml.join("---\n").replaceAll("\n", "\r\n") },
    { name: "a document end", text: `${yaml.join("...\n---\n")}...\n` },
    {
      name: "helm template: comments, and templates that came to nothing",
      text: `---\n# Source: a/empty.yaml\n---\n# Source: a/web.yaml\n${yaml.join("\n---\n\n---\n# Source: a/api.yaml\n")}`,
    },
    {
      name: "JSON documents one after the other",
      text: two.map((one) => JSON.stringify(one)).join("\n---\n"),
    },
    {
      name: "a stream of JSON, as `jq` writes it",
      text: two.map((one) => `${JSON.stringify(one, null, 2)}\n`).join(""),
    },
    {
      name: "a List in a List",
      text: stringify({
        apiVersion: "v1",
        kind: "List",
        items: [{ apiVersion: "v1", kind: "PodList", items: two }],
      }),
    },
    {
      name: "anchors and merges",
      text: `${WEB.replace('"shop"', '&here "shop"')}\n---\n${yaml[1] ?? ""}`,
    },
  ])("reads $name", async ({ text }) => {
    const result = await connectivity(["-"], text);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toContain("shop/api[Pod],shop/web[Pod],all ports,");
  });

  it("names the line in a stream of JSON, and what is wrong in a line once", async () => {
    const label = "value of `app` is not a string; put it in quotes";
    const bad = { ...POD, metadata: { ...POD.metadata, name: "bad", labels: { app: 1 } } };
    const stream = [POD, bad].map((one) => JSON.stringify(one, null, 2)).join("\n");
    const line = stream.split("\n").indexOf('      "app": 1') + 1;
    const result = await connectivity(["-"], stream);
    expect(result.stderr).toBe(`error: standard input:${line} metadata.labels.app: ${label}\n`);
    const broken = await connectivity(["-"], `${WEB} {"a" "b": [1 2]}`);
    expect(broken.stderr.match(/^error: standard input:1: /gm)).toHaveLength(1);
  });

  it("reads what `kustomize build` and `kubectl create --dry-run` print", async (context) => {
    context.skip(missing !== "", missing);
    await write(
      "app/kustomization.yaml",
      "namespace: shop\nnameSuffix: -x\nresources: [web.yaml]\n",
    );
    await write("app/web.yaml", yaml.join("---\n"));
    const built = await run("kubectl", ["kustomize", join(folder, "app")]);
    const pods = await connectivity(["-"], built.stdout);
    expect(pods).toMatchObject({ code: 0, stderr: "" });
    expect(pods.stdout).toContain("shop/api-x[Pod],shop/web-x[Pod],all ports,");
    const create = [
      "create",
      "deployment",
      "web",
      "--image",
      "web",
      "--dry-run=client",
      "-o",
      "yaml",
    ];
    const deployment = await connectivity(["-"], (await run("kubectl", create)).stdout);
    expect(deployment.stdout).toContain("default/web[Deployment]");
  });

  it("reads a pipe by its name, and passes over one in a folder", async () => {
    await write("pipes/web.yaml", yaml.join("---\n"));
    await run("mkfifo", [join(folder, "pipes/endless.yaml")]);
    const walked = await connectivity([join(folder, "pipes")]);
    expect(walked).toMatchObject({ code: 0, stderr: "" });
    const line = `exec "$0" "$1" connectivity -o csv --manifests <(cat "$2")`;
    const args = ["-c", line, process.execPath, inject("plugin"), join(folder, "pipes/web.yaml")];
    const named = await run("bash", args, { env: { PATH: process.env["PATH"] } });
    expect(named.stdout).toContain("shop/api[Pod],shop/web[Pod],all ports,");
  });

  it("reads standard input, Lists and kubectl's own output", async () => {
    const items = ["web", "api"].map((name) => ({ ...POD, metadata: { ...POD.metadata, name } }));
    const list = { apiVersion: "v1", kind: "List", items };
    const result = await connectivity(["-"], JSON.stringify(list));
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toContain("shop/api[Pod],shop/web[Pod],all ports,");
  });

  it("walks folders once, whatever links lead back, and says what it passes over", async () => {
    await write("tree/a/web.yaml", WEB);
    await write("tree/b/api.yml", WEB.replace("web", "api"));
    await write("tree/values.yaml", "replicas: 3\n");
    await write("tree/.hidden/x.yaml", "{");
    await write("tree/README.md", "# not YAML");
    await symlink("..", join(folder, "tree/a/loop"));
    const result = await connectivity([join(folder, "tree")]);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain("shop/api[Pod],shop/web[Pod],all ports,");
    expect(result.stderr.replaceAll(`${folder}/`, "")).toBe(
      "note: passed over what is not a Kubernetes object: tree/values.yaml:1\n",
    );
  });

  it("lets workloads stand for their pods, once each, and talk to themselves where they have two", async () => {
    const template = { metadata: { labels: { app: "x" } }, spec: { containers: [] } };
    const workload = (apiVersion: string, kind: string, spec: object = { template }): object => ({
      apiVersion,
      kind,
      metadata: { name: kind.toLowerCase(), namespace: "w" },
      spec,
    });
    const objects = [
      workload("apps/v1", "Deployment", { replicas: 2, template }),
      workload("apps/v1", "StatefulSet", { replicas: 1, template }),
      workload("apps/v1", "DaemonSet"),
      workload("apps/v1", "ReplicaSet"),
      workload("v1", "ReplicationController"),
      workload("batch/v1", "Job", { parallelism: 3, template }),
      workload("batch/v1", "CronJob", { jobTemplate: { spec: { template } } }),
    ];
    const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
    const { code, stdout } = await connectivity(["-"], text);
    expect(code).toBe(0);
    const completed = await namesFor("--src-pod", { manifests: [await write("w.yaml", text)] });
    expect(completed).toHaveLength(7);
    const own = stdout.split("\r\n").filter((line) => {
      const [from, to] = line.split(",");
      return from === to;
    });
    expect(own).toEqual([
      "w/daemonset[DaemonSet],w/daemonset[DaemonSet],all ports,",
      "w/deployment[Deployment],w/deployment[Deployment],all ports,",
      "w/job[Job],w/job[Job],all ports,",
    ]);
    expect(new Set(stdout.match(/w\/\w+\[\w+\]/g))).toHaveLength(7);
  });

  it("gives the pods of a StatefulSet the names and labels that its controller will", async () => {
    const input = `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: shop }
spec:
  replicas: 2
  ordinals: { start: 5 }
  template: { metadata: { labels: { app: db } }, spec: { containers: [] } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: leader, namespace: shop }
spec:
  podSelector: { matchLabels: { statefulset.kubernetes.io/pod-name: db-5 } }
  ingress: [{ from: [{ podSelector: { matchLabels: { apps.kubernetes.io/pod-index: "6" } } }] }]
`;
    const ask = (source: string[]) =>
      runCli(
        ["simulate", "--manifests", "-", "-n", "shop", ...source, "--dst-pod", "db-5", "-p", "1"],
        { input },
      );
    expect((await ask(["--src-pod", "db-6"])).code).toBe(0);
    expect((await ask(["--src-ip", "192.0.2.1"])).code).toBe(1);
  });

  it("takes a dump of workloads and their pods for what it is", async () => {
    const owner = (kind: string, name: string): object => ({
      ownerReferences: [{ apiVersion: "apps/v1", kind, name, controller: true, uid: "1" }],
    });
    const labels = { app: "web", "pod-template-hash": "6f9c4" };
    const template = { metadata: { labels }, spec: { containers: [] } };
    const meta = { namespace: "shop", labels };
    const objects = [
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { ...meta, name: "web" },
        spec: { template },
      },
      {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        metadata: { ...meta, name: "web-6f9c4", ...owner("Deployment", "web") },
        spec: { template },
      },
      { ...POD, metadata: { ...meta, name: "web-6f9c4-x", ...owner("ReplicaSet", "web-6f9c4") } },
    ];
    const { stdout } = await connectivity(
      ["-"],
      objects.map((object) => JSON.stringify(object)).join("\n---\n"),
    );
    expect(new Set(stdout.match(/shop\/[\w-]+\[\w+\]/g))).toEqual(
      new Set(["shop/web[Deployment]"]),
    );
  });

  it("says which policies of other projects it does not read", async () => {
    const others = [
      { apiVersion: "projectcalico.org/v3", kind: "GlobalNetworkPolicy" },
      { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" },
      { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" },
      { apiVersion: "networking.k8s.io/v1", kind: "Ingress" },
    ].map((head) => JSON.stringify({ ...head, metadata: { name: "other" } }));
    const result = await connectivity(["-"], [WEB, ...others].join("\n---\n"));
    expect(result.code).toBe(0);
    expect(result.stderr).toBe(
      "note: not read, though it may open or close ways: GlobalNetworkPolicy of projectcalico.org/v3, CiliumNetworkPolicy of cilium.io/v2\n",
    );
  });

  it("gives namespaces that nobody declares the label that every one has", async () => {
    const policy = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "p", namespace: "shop" },
      spec: {
        podSelector: {},
        ingress: [
          {
            from: [
              { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "dev" } } },
            ],
          },
        ],
      },
    };
    const dev = { ...POD, metadata: { name: "tool", namespace: "dev" } };
    const text = [POD, dev, policy].map((object) => JSON.stringify(object)).join("\n---\n");
    const { stdout } = await connectivity(["-"], text);
    expect(stdout).toContain("dev/tool[Pod],shop/web[Pod],all ports,\r\n");
  });
});
