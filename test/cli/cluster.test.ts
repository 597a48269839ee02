import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, relative } from "node:path";
import { beforeAll, describe, expect, inject, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import { renderCustomResourceDefinition } from "../../src/resources/custom-resource-definition.ts";
import { RESOURCE_KINDS } from "../../src/resources/resource.ts";
import { createNamespace, createPod, createShop, pod, policy } from "../e2e/shop.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { resourceDocument } from "../support/documents.ts";
import { endWithTest } from "../support/end-with-test.ts";
import { FaultyProxy } from "../support/faulty-proxy.ts";
import { type CliResult, runCli } from "./run-cli.ts";
import { sarifComplaints } from "./sarif-complaints.ts";

const kubeconfigSchema = z.looseObject({
  clusters: z.array(
    z.looseObject({ name: z.string(), cluster: z.looseObject({ server: z.string() }) }),
  ),
  users: z.array(z.looseObject({ name: z.string() })),
});

async function readKubeconfig(path: string): Promise<z.output<typeof kubeconfigSchema>> {
  return kubeconfigSchema.parse(JSON.parse(await readFile(path, "utf8")));
}

describeWithControlPlane("the plugin and a cluster", (plane) => {
  const ask = async (args: string, kubeconfig = plane().adminKubeconfig): Promise<CliResult> =>
    runCli(args.split(" "), { env: { KUBECONFIG: kubeconfig } });

  beforeAll(async () => {
    await createShop(plane());
    await createPod(plane(), pod("shop", "frontend-abc", "10.244.1.7", {}));
    await createPod(plane(), pod("shop", "mysql-xyz", "10.244.1.8", { mysql: 3306 }));
    const collection = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies";
    await plane().create(
      collection,
      policy("shop", "mysql", {
        podSelector: { matchLabels: { app: "mysql" } },
        ingress: [
          {
            from: [{ podSelector: { matchLabels: { app: "web" } } }],
            ports: [{ protocol: "TCP", port: 3306 }],
          },
        ],
      }),
    );
    await plane().create("/api/v1/namespaces/shop/services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "db" },
      spec: { selector: { app: "mysql" }, ports: [{ port: 13306, targetPort: "mysql" }] },
    });
  });

  /** `rita` may read what a flow in the namespace `own` needs, and nothing else. */
  beforeAll(async () => {
    await createNamespace(plane(), "own");
    await createPod(plane(), pod("own", "a", "10.244.3.1", {}));
    await createPod(plane(), pod("own", "b", "10.244.3.2", {}));
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/own";
    await plane().create(`${rbac}/roles`, {
      metadata: { name: "reader" },
      rules: [
        { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
        { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["list"] },
      ],
    });
    await plane().create(`${rbac}/rolebindings`, {
      metadata: { name: "reader" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "rita" }],
    });
  });

  it("is typed as people type it, through kubectl", async () => {
    const path = [dirname(inject("plugin")), dirname(process.execPath), process.env["PATH"] ?? ""];
    const env = { PATH: path.join(delimiter), HOME: plane().folder };
    const line = "network-policy simulate --src-pod frontend-abc --dst-pod mysql-xyz --port 3306";
    const kubeconfig = await plane().kubeconfig({ namespace: "shop" });
    const result = await runCli(line.split(" "), {
      program: "kubectl",
      env: { ...env, KUBECONFIG: kubeconfig },
    });
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toContain("allowed: shop/frontend-abc → shop/mysql-xyz TCP 3306");
  });

  /** What kubectl is told after these words, which may not be a file. */
  const completed = async (...words: readonly string[]): Promise<readonly string[]> => {
    const path = [dirname(inject("plugin")), dirname(process.execPath), process.env["PATH"] ?? ""];
    const { code, stdout } = await runCli(["__complete", "network-policy", ...words], {
      program: "kubectl",
      env: {
        PATH: path.join(delimiter),
        HOME: plane().folder,
        KUBECONFIG: plane().adminKubeconfig,
      },
    });
    expect(code).toBe(0);
    const lines = stdout.split("\n").filter((line) => line !== "");
    expect(lines.at(-1)).toBe(":4");
    return lines.slice(0, -1);
  };

  it.each([
    { words: ["-n", "sho"], answer: ["shop"] },
    { words: ["-n", "shop", "--dst-pod", "my"], answer: ["mysql", "mysql-xyz"] },
    { words: ["--dst-pod", "shop/my"], answer: ["shop/mysql", "shop/mysql-xyz"] },
    { words: ["-n=shop", "--dst-service", ""], answer: ["db"] },
    { words: ["--context", ""], answer: ["test"] },
    { words: ["--as", "rita", "-n", ""], answer: [] },
  ])("completes names of the cluster in kubectl: $words", async ({ words, answer }) => {
    expect(await completed("simulate", ...words)).toEqual(answer);
  });

  describe("flags of kubectl", () => {
    const own = "simulate -n own --src-pod a --dst-pod b --port 80";
    it.each([
      { name: "as a user", args: `${own} --as rita`, code: 0, says: /^allowed/ },
      {
        name: "as a user without the rights",
        args: "connectivity -A --as rita",
        code: 3,
        says: /403 [a-z0-9.]+ is forbidden: User "rita" cannot list/,
      },
      {
        name: "as several groups",
        args: "connectivity -n shop --as x --as-group a,b --as-group system:masters",
        code: 0,
        says: /^FROM/,
      },
      {
        name: "a group alone",
        args: `${own} --as-group a`,
        code: 2,
        says: /--as-group needs --as/,
      },
      { name: "a UID alone", args: `${own} --as-uid 1`, code: 2, says: /--as-uid needs --as/ },
      {
        name: "a cluster that there is not",
        args: `${own} --cluster prod`,
        code: 2,
        says: /the kubeconfig has no cluster `prod`; there are `test`\n/,
      },
      {
        name: "a user that there is not",
        args: `${own} --user dana`,
        code: 2,
        says: /the kubeconfig has no user `dana`; there are `test`\n/,
      },
      {
        name: "a token that nobody has",
        args: `${own} --token wrong`,
        code: 3,
        says: /^error: cannot [^:]+: 401 Unauthorized\n$/,
      },
      {
        name: "no time at all",
        args: `${own} --request-timeout 1ms`,
        code: 3,
        says: /no answer in time/,
      },
      { name: "all the time", args: `${own} --request-timeout=0`, code: 0, says: /^allowed/ },
      {
        name: "what is no time",
        args: `${own} --request-timeout soon`,
        code: 2,
        says: /`soon` is not a time; write 30s, 2m or 0/,
      },
      {
        name: "what is no address",
        args: `${own} --server 127.0.0.1:6443`,
        code: 2,
        says: /--server: `127.0.0.1:6443` is not an address; write https:\/\/HOST:PORT/,
      },
      {
        name: "a name that the certificate is for",
        args: `${own} --tls-server-name kubernetes.default.svc`,
        code: 0,
        says: /^allowed/,
      },
      {
        name: "a name that it is not for",
        args: `${own} --tls-server-name example.org`,
        code: 3,
        says: /example\.org.* is not in the cert/,
      },
      {
        name: "a certificate that is not there",
        args: `${own} --client-certificate none.crt`,
        code: 2,
        says: /^error: --client-certificate: ENOENT.*none\.crt/,
      },
      {
        name: "authorities of what is not verified",
        args: `${own} --certificate-authority package.json --insecure-skip-tls-verify`,
        code: 2,
        says: /--certificate-authority has no meaning beside --insecure-skip-tls-verify/,
      },
      {
        name: "an empty value, as if it were not there",
        args: `${own} --context= --cluster= --user= --server= --token= --client-key= --tls-server-name= --as= --as-uid= --request-timeout=`,
        code: 0,
        says: /^allowed/,
      },
      {
        name: "an empty namespace",
        args: "simulate --namespace= --src-pod own/a --dst-pod own/b --port 80",
        code: 0,
        says: /^allowed/,
      },
      {
        name: "as pflag also takes them",
        args: "connectivity -n=shop --all-namespaces=false --to=shop/mysql",
        code: 0,
        says: /^FROM/,
      },
    ])("$name: $args", async ({ args, code, says }) => {
      const result = await ask(args);
      expect(result.code).toBe(code);
      expect(`${result.stdout}${result.stderr}`).toMatch(says);
    });

    it("--cluster and --user choose among those of the kubeconfig", async () => {
      const config = await readKubeconfig(plane().adminKubeconfig);
      const path = join(plane().folder, "two.kubeconfig");
      const dead = { name: "dead", cluster: { server: "https://127.0.0.1:1" } };
      const nobody = { name: "nobody", user: { token: "wrong" } };
      const context = { name: "c", context: { cluster: "dead", user: "nobody" } };
      const two = {
        ...config,
        clusters: [dead, ...config.clusters],
        users: [nobody, ...config.users],
        contexts: [context],
        "current-context": "c",
      };
      await writeFile(path, JSON.stringify(two));
      const result = await ask(`${own} --cluster test --user test`, path);
      expect(result).toMatchObject({ code: 0, stderr: "" });
    });

    /** As kubectl has it; a file that names another cluster as its current one changes nothing. */
    it.each([
      "KUBE:OTHER",
      "OTHER-WITHOUT-CURRENT:KUBE",
      "/nonexistent:KUBE",
      "KUBE:KUBE",
      "EMPTY:KUBE",
    ])("takes the files of KUBECONFIG for one, in which the first counts: %s", async (files) => {
      const { folder, adminKubeconfig } = plane();
      const other = {
        clusters: [{ name: "other", cluster: { server: "https://127.0.0.1:1" } }],
        contexts: [{ name: "other", context: { cluster: "other", user: "other" } }],
        users: [{ name: "other", user: { token: "wrong" } }],
      };
      const paths: Readonly<Record<string, string>> = {
        KUBE: adminKubeconfig,
        OTHER: join(folder, "other.kubeconfig"),
        "OTHER-WITHOUT-CURRENT": join(folder, "no-current.kubeconfig"),
        EMPTY: join(folder, "empty.kubeconfig"),
      };
      await writeFile(
        paths["OTHER"] ?? "",
        JSON.stringify({ ...other, "current-context": "other" }),
      );
      await writeFile(paths["OTHER-WITHOUT-CURRENT"] ?? "", JSON.stringify(other));
      await writeFile(paths["EMPTY"] ?? "", "");
      const list = files.split(":").map((name) => paths[name] ?? name);
      expect(await ask(own, list.join(delimiter))).toMatchObject({ code: 0, stderr: "" });
    });

    /** Of a user: as kubectl has it, and beside the kubeconfig, wherever the plugin is run. */
    it.each([
      { user: { tokenFile: "token" }, code: 0 },
      { user: { tokenFile: "token", token: "wrong" }, code: 0 },
      { user: { tokenFile: "nothing", token: "admin-of-this-test" }, code: 0 },
      { user: { tokenFile: "wrong", token: "admin-of-this-test" }, code: 3 },
      { user: { tokenFile: "nothing" }, code: 3 },
    ])("takes the token of $user", async ({ user, code }) => {
      const config = await readKubeconfig(plane().adminKubeconfig);
      const folder = join(plane().folder, "token-files");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "token"), "admin-of-this-test\n");
      await writeFile(join(folder, "wrong"), "wrong\n");
      const path = join(folder, "kubeconfig");
      await writeFile(path, JSON.stringify({ ...config, users: [{ name: "test", user }] }));
      expect(await ask(own, path)).toMatchObject({ code });
      expect((await ask(`${own} --token admin-of-this-test`, path)).code).toBe(0);
      const byKubectl = await plane().kubectl(["get", "pods", "-n", "own"], { kubeconfig: path });
      expect(byKubectl.code === 0).toBe(code === 0);
    });

    it("--server needs no kubeconfig", async () => {
      const flags = `--server ${plane().url} --token admin-of-this-test --insecure-skip-tls-verify`;
      expect(await ask(`${own} ${flags}`, "")).toMatchObject({ code: 0, stderr: "" });
      expect(await ask(`${own} ${flags} --context c`, "")).toMatchObject({
        code: 2,
        stderr: "error: there is no kubeconfig\n",
      });
    });

    it("--server reaches `kubectl proxy` over plain HTTP", async () => {
      const proxy = spawn("kubectl", ["proxy", "--port", "0"], {
        env: {
          PATH: process.env["PATH"],
          HOME: plane().folder,
          KUBECONFIG: plane().adminKubeconfig,
        },
        stdio: ["ignore", "pipe", "inherit"],
      });
      endWithTest(proxy);
      onTestFinished(() => void proxy.kill());
      const said = z.tuple([z.instanceof(Buffer)]).parse(await once(proxy.stdout, "data"));
      const port = /:(\d+)\n/.exec(said[0].toString())?.[1] ?? "";
      const result = await ask(`${own} --server http://127.0.0.1:${port}`);
      expect(result).toMatchObject({ code: 0, stderr: "" });
    });

    /** A kubeconfig that says only this of the cluster, beside its address. */
    const withCluster = async (fields: object): Promise<string> => {
      const config = await readKubeconfig(plane().adminKubeconfig);
      const path = join(plane().folder, "other-cluster.kubeconfig");
      const clusters = config.clusters.map(({ name, cluster: { server } }) => {
        return { name, cluster: { server, ...fields } };
      });
      await writeFile(path, JSON.stringify({ ...config, clusters }));
      return path;
    };

    it("--certificate-authority says who vouches, whatever the kubeconfig says", async () => {
      const { authority, serving, url } = plane();
      const path = await withCluster({ "insecure-skip-tls-verify": true, "tls-server-name": "x" });
      const flags = `${own} --certificate-authority`;
      expect(await ask(`${flags} ${authority.certificate} --server ${url}`, path)).toMatchObject({
        code: 0,
        stderr: "",
      });
      expect(await ask(`${flags} ${authority.certificate}`, path)).toMatchObject({ code: 3 });
      expect(await ask(`${flags} ${serving.certificate} --server ${url}`, path)).toMatchObject({
        code: 3,
      });
    });

    it("--client-certificate and --client-key say who asks, by paths from here", async () => {
      const { folder: cwd } = plane();
      // A token beside it may count first.
      const config = await readKubeconfig(plane().adminKubeconfig);
      const KUBECONFIG = join(cwd, "nobody.kubeconfig");
      await writeFile(
        KUBECONFIG,
        JSON.stringify({ ...config, users: [{ name: "test", user: {} }] }),
      );
      const certificate = relative(cwd, plane().serving.certificate);
      const args = [...own.split(" "), "--client-certificate", certificate];
      const options = { cwd, env: { KUBECONFIG } };
      const key = ["--client-key", relative(cwd, plane().serving.key)];
      expect((await runCli([...args, ...key], options)).stderr).toMatch(
        /403 [a-z0-9.]+ is forbidden: User "127\.0\.0\.1" cannot list/,
      );
      expect((await runCli(args, options)).stderr).toMatch(
        /^error: the client certificate has no key/,
      );
    });

    it("--insecure-skip-tls-verify takes a certificate that nobody vouches for", async () => {
      const path = await withCluster({});
      expect(await ask(own, path)).toMatchObject({ code: 3, stdout: "" });
      expect(await ask(`${own} --insecure-skip-tls-verify`, path)).toMatchObject({ code: 0 });
      expect(await ask(`${own} --insecure-skip-tls-verify=false`, path)).toMatchObject({ code: 3 });
    });
  });

  it.each(["connectivity", "check", "audit", "doctor"])(
    "%s names the nearest namespace",
    async (verb) => {
      const result = await ask(`${verb} -n shpo`);
      expect(result).toMatchObject({ code: 2, stdout: "" });
      expect(result.stderr).toBe("error: there is no namespace `shpo`; did you mean `shop`?\n");
    },
  );

  describe("simulate", () => {
    it("answers as typed, in the namespace of the flag", async () => {
      const result = await ask(
        "simulate -n shop --src-pod frontend-abc --dst-pod mysql-xyz --port 3306",
      );
      expect(result).toMatchObject({ code: 0, stderr: "" });
      expect(result.stdout).toContain("allowed: shop/frontend-abc → shop/mysql-xyz TCP 3306");
    });

    it("asks across namespaces, and denies", async () => {
      const result = await ask("simulate --src-pod plain/client --dst-pod shop/mysql --port mysql");
      expect(result).toMatchObject({ code: 1, stderr: "" });
      expect(result.stdout).toContain("no rule matches: NetworkPolicy shop/mysql");
    });

    it("resolves a Service to its pods and their port", async () => {
      const result = await ask("simulate -n shop --src-pod web --dst-service db --port 13306");
      expect(result).toMatchObject({ code: 0, stderr: "" });
      expect(result.stdout).toContain("Service port 13306 leads to port 3306 of 1 endpoint");
    });

    it("knows whose address it is", async () => {
      const result = await ask("simulate --src-ip 10.244.1.1 --dst-pod shop/mysql --port 3306");
      expect(result.code).toBe(0);
    });

    it("takes a file as if it were applied", async () => {
      const deny = policy("shop", "mysql", { podSelector: { matchLabels: { app: "mysql" } } });
      const result = await runCli(
        "simulate -n shop --src-pod web --dst-pod mysql --port 3306 -f -".split(" "),
        { env: { KUBECONFIG: plane().adminKubeconfig }, input: JSON.stringify(deny) },
      );
      expect(result.code).toBe(1);
    });

    it("names the nearest pod", async () => {
      const result = await ask("simulate -n shop --src-pod wbe --dst-pod mysql --port 3306");
      expect(result).toMatchObject({ code: 2, stdout: "" });
      expect(result.stderr).toContain("in namespace shop; did you mean `shop/web`?");
    });

    it("names a namespace that there is not", async () => {
      const result = await ask("simulate -n nowhere --src-pod a --dst-pod b --port 1");
      expect(result).toMatchObject({ code: 2 });
      expect(result.stderr).toContain("namespace `nowhere` does not exist");
    });
  });

  it("check --fix prints what the API server takes, of files and of what it stores", async () => {
    await createNamespace(plane(), "mend");
    await createPod(plane(), pod("mend", "web", "10.244.5.1", {}));
    const env = { KUBECONFIG: plane().adminKubeconfig };
    const wide = policy("mend", "wide", {
      podSelector: {},
      ingress: [{ from: [{ namespaceSelector: {} }] }],
    });
    const apply = async (input: string): Promise<{ readonly code: number | null }> =>
      runCli(["apply", "-f", "-"], {
        program: "kubectl",
        env: { ...env, PATH: process.env["PATH"] ?? "", HOME: plane().folder },
        input,
      });
    const ofFile = await runCli(["check", "-f", "-", "--fix"], {
      env,
      input: JSON.stringify(wide),
    });
    expect(ofFile.stdout).toContain("- podSelector: {}");
    expect(await apply(JSON.stringify(wide))).toMatchObject({ code: 0 });
    const { stdout, stderr } = await runCli(["check", "-n", "mend", "--fix"], { env });
    expect(stderr).toBe("");
    expect(stdout).not.toMatch(/resourceVersion|last-applied/);
    expect(await apply(stdout)).toMatchObject({ code: 0 });
    const again = await runCli(["check", "-n", "mend", "--fix"], { env });
    expect(again.stdout).toMatch(/^# 0 findings of 0 policies mended/);
    expect((await ask("check -n mend")).stdout).not.toContain("open-namespaces");
  });

  it("reads only the namespaces of a flow, with rights for them alone", async () => {
    const rita = await plane().kubeconfig({ user: { name: "rita" } });
    const own = await ask("simulate -n own --src-pod a --dst-pod b --port 80", rita);
    expect(own).toMatchObject({ code: 0 });
    expect(own.stderr).toContain("labels of namespace own are not known");
    const all = await ask("connectivity -A", rita);
    expect(all).toMatchObject({ code: 3, stdout: "" });
    expect(all.stderr).toMatch(/error: cannot list (pods|namespaces|networkpolicies)[^\n]*: 403/);
    expect(all.stderr).not.toMatch(/^ +at /m);
  });

  it("asks for no more than a flow between two pods needs", async () => {
    const proxy = await FaultyProxy.start(plane());
    onTestFinished(async () => proxy.stop());
    const kubeconfig = await plane().kubeconfig({ server: proxy.url });
    const flow = "--src-pod shop/web --dst-pod plain/client --port 80 --dataplane generic";
    expect(await ask(`simulate ${flow}`, kubeconfig)).toMatchObject({ code: 0, stderr: "" });
    const paths = proxy.requests.map(({ method, path }) => `${method} ${path.split("?")[0]}`);
    const networking = "/apis/networking.k8s.io/v1/namespaces";
    const tiers = "/apis/policy.networking.k8s.io";
    expect(new Set(paths)).toEqual(
      new Set([
        ...["shop", "plain"].flatMap((namespace) => [
          `GET /api/v1/namespaces/${namespace}`,
          `GET /api/v1/namespaces/${namespace}/pods`,
          `GET ${networking}/${namespace}/networkpolicies`,
        ]),
        `GET ${tiers}/v1alpha2/clusternetworkpolicies`,
        // Where one version is not served the next is asked for.
        `GET ${tiers}/v1beta1/clusternetworkpolicies`,
        `GET ${tiers}/v1alpha1/adminnetworkpolicies`,
        `GET ${tiers}/v1alpha1/baselineadminnetworkpolicies`,
      ]),
    );
  });

  it.each([
    "--to shop/mysql-xyz --port 3306",
    "--from shop/* --to shop/mysql-xyz --port 3306",
    "-n shop --to mysql-xyz --port 3306",
  ])("shows the connectivity of an end wherever it is: %s", async (flags) => {
    const rows = await ask(`connectivity ${flags} -o csv`);
    expect(rows).toMatchObject({ code: 0, stderr: "" });
    expect(rows.stdout).toContain("shop/web[Pod],shop/mysql-xyz[Pod],");
  });

  it("looks for a name that says no namespace in that of the context", async () => {
    expect(await ask("connectivity --to mysql-xyz")).toMatchObject({
      code: 2,
      stderr:
        "error: there is no pod or workload `mysql-xyz` in namespace default; did you mean `shop/mysql-xyz`?\n",
    });
  });

  it("says that nothing is allowed where nobody is", async () => {
    expect(await ask("connectivity")).toMatchObject({
      code: 0,
      stdout: "nothing is allowed\n",
      stderr: "note: there is no pod in namespace default; -A looks in all\n",
    });
    // Pods that none may talk to are not nobody.
    expect(await ask("connectivity -A --to shop/mysql --port 1")).toMatchObject({
      stdout: "nothing is allowed\n",
      stderr: "",
    });
  });

  it("diagnoses a policy in the namespace that its name says", async () => {
    const { stdout, stderr } = await ask("doctor --policy shop/mysql");
    expect(stderr).toBe("");
    expect(stdout).toContain("every policy selects pods");
    expect(await ask("doctor --policy mysql")).toMatchObject({
      code: 2,
      stderr: "error: there is no policy `mysql` in namespace default\n",
    });
  });

  it("names a stored policy that cannot be read, with the field", async (context) => {
    await createNamespace(plane(), "odd");
    const values = ["not a label value"];
    const body = policy("odd", "old", {
      podSelector: { matchExpressions: [{ key: "app", operator: "In", values }] },
    });
    const path = "/apis/networking.k8s.io/v1/namespaces/odd/networkpolicies";
    const { status } = await plane().request("POST", path, { body });
    context.skip(status !== 201, "this API server does not store such a policy");
    onTestFinished(async () => void (await plane().request("DELETE", `${path}/old`)));
    const field = "spec.podSelector.matchExpressions[0].values[0]: `not a label value`";
    for (const line of ["doctor -n odd", "doctor --policy odd/old"]) {
      const { stdout, stderr } = await ask(line);
      expect(stderr).toContain(`note: NetworkPolicy odd/old cannot be read: ${field}`);
      expect(stdout.replace(/\s+/g, " ")).toContain(`NetworkPolicy odd/old ${field}`);
      expect(stdout).not.toContain("everything is allowed");
    }
    const { code, stdout } = await ask("check -n odd -o json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      findings: [
        {
          rule: "unreadable-policy",
          severity: "error",
          object: "NetworkPolicy odd/old",
          path: "spec.podSelector.matchExpressions[0].values[0]",
        },
      ],
    });
  });

  it("shows connectivity and what a file would change", async () => {
    const rows = await ask("connectivity -n shop --to shop/mysql-xyz --port 3306 -o csv");
    expect(rows).toMatchObject({ code: 0, stderr: "" });
    expect(rows.stdout).toContain("shop/web[Pod],shop/mysql-xyz[Pod],");
    const open = policy("shop", "open", { podSelector: {}, ingress: [{}] });
    const result = await runCli(["diff", "-n", "shop", "-f", "-"], {
      env: { KUBECONFIG: plane().adminKubeconfig },
      input: JSON.stringify(open),
    });
    expect(result).toMatchObject({ code: 1, stderr: "" });
    expect(result.stdout).toMatch(/\+ +any IPv4 address +→ +shop\/mysql\[Pod\] +all ports/);
  });

  it("takes policies as they are, and a namespace of -f as it will be", async () => {
    const governed = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "bare", labels: { "ringfence.dev/profile": "baseline" } },
    };
    await plane().create("/api/v1/namespaces", governed);
    await createNamespace(plane(), "later");
    for (const [index, namespace] of ["bare", "later"].entries()) {
      await createPod(plane(), pod(namespace, "a", `10.244.${4 + index}.1`, {}));
      await createPod(plane(), pod(namespace, "b", `10.244.${4 + index}.2`, {}));
    }
    const stored = await ask("simulate -n bare --src-pod a --dst-pod b --port 80");
    expect(stored.stdout).toMatch(/^allowed: /);
    expect(stored.stdout).not.toContain("Ringfence");
    const flow = "simulate -n later --src-pod a --dst-pod b --port 80 -f -".split(" ");
    const input = JSON.stringify({
      ...governed,
      metadata: { ...governed.metadata, name: "later" },
    });
    const env = { KUBECONFIG: plane().adminKubeconfig };
    const after = await runCli(flow, { env, input });
    expect(after.stdout).toMatch(/^denied: /);
    expect(after.stdout).toContain("Ringfence adds default-deny and allow-dns to namespace later");
  });

  it("checks, audits and examines what is stored", async () => {
    const check = await ask("check -n shop --profile baseline -o json");
    expect(check.stderr).toBe("");
    expect(JSON.parse(check.stdout)).toMatchObject({ kind: "CheckReport" });
    const collection = "/apis/networking.k8s.io/v1/namespaces/plain/networkpolicies";
    await plane().create(collection, policy("plain", "all", { podSelector: {}, ingress: [{}] }));
    const sarif = await ask("check -n plain -o sarif");
    expect(sarif).toMatchObject({ code: 1, stderr: "" });
    expect(sarif.stdout).toContain('"ruleId": "allow-all"');
    expect(await sarifComplaints(sarif.stdout)).toEqual([]);
    const audit = await ask("audit -n shop");
    expect(audit).toMatchObject({ code: 1, stderr: "" });
    expect(audit.stdout).toContain("unprotected  shop/web[Pod]");
    const doctor = await ask("doctor -n shop");
    expect(doctor.stderr).toBe("");
    expect(doctor.stdout).toContain("resolver kube-system/coredns: UDP 53, TCP 53");
  });

  it("reads how the network plugin is set up, as far as it may", async () => {
    const containers = [
      { name: "aws-eks-nodeagent", image: "agent", args: ["--enable-network-policy=true"] },
    ];
    const labels = { app: "aws-node" };
    await plane().create("/apis/apps/v1/namespaces/kube-system/daemonsets", {
      metadata: { name: "aws-node" },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    });
    const unset = await ask("doctor -n shop");
    expect(unset.stderr).toBe("");
    expect(unset.stdout).toContain("the AWS VPC CNI enforces policies");
    await plane().create("/api/v1/namespaces/kube-system/configmaps", {
      metadata: { name: "amazon-vpc-cni" },
      data: { "enable-network-policy-controller": "false" },
    });
    const all = await ask("doctor -n shop");
    expect(all.stderr).toBe("");
    expect(all.stdout).toContain("the AWS VPC CNI does not enforce policies");
    expect(all.stdout).toMatch(
      /ConfigMap kube-system\/amazon-vpc-cni,\s+enable-network-policy-controller: false/,
    );
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    await plane().create(`${rbac}/clusterroles`, {
      metadata: { name: "lister" },
      rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["list"] }],
    });
    await plane().create(`${rbac}/clusterrolebindings`, {
      metadata: { name: "lister" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "lister" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "lena" }],
    });
    const some = await ask("doctor -n shop --as lena");
    expect(some.stderr).toMatch(
      /^note: settings of the network plugin are not known: cannot get configmaps kube-system\/amazon-vpc-cni: 403 .*\n$/,
    );
    expect(some.stdout).toContain("--enable-network-policy=true");
  });

  it("is governed by the cluster's own resources, as far as they can be used", async () => {
    for (const definition of RESOURCE_KINDS) {
      const rendered = renderCustomResourceDefinition(definition);
      // API servers before 1.25 know no rules in a schema.
      const body = JSON.parse(JSON.stringify(rendered), (key, value: unknown) =>
        key === "x-kubernetes-validations" ? undefined : value,
      ) as object;
      await plane().create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body);
    }
    const group = "/apis/ringfence.dev/v1alpha1";
    const create = (plural: string, kind: string, name: string, spec: object): Promise<unknown> =>
      vi.waitFor(async () => {
        const { status } = await plane().request("POST", `${group}/${plural}`, {
          body: resourceDocument(kind, name, spec),
        });
        expect(status).toBe(201);
      }, 10_000);
    const shop = { matchLabels: { "kubernetes.io/metadata.name": "shop" } };
    const flows = { from: [{ world: true }], to: [{ namespaces: shop }], ports: [{ port: 8080 }] };
    await create("invariants", "Invariant", "quiet", { description: "why", mustNotReach: flows });
    await create("profiles", "Profile", "broken", { rules: [{ id: "nope", action: "Deny" }] });
    const { code, stdout, stderr } = await ask("check -A");
    expect(code).toBe(1);
    expect(stdout).toContain('error invariant "quiet"  Invariant quiet');
    expect(stderr).toBe(
      "note: Profile broken is not in force: spec.rules[0].id: `nope` is no rule\n",
    );
    await create("profiles", "Profile", "house", { rules: [] });
    expect(await completed("check", "--profile", "")).toEqual([
      "baseline",
      "broken",
      "house",
      "restricted",
    ]);
    expect(await completed("diff", "-n", "shop", "--profile", "h")).toEqual(["house"]);
    // Who may not read them is still offered those that are built in.
    expect(await completed("check", "--as", "rita", "--profile", "")).toEqual([
      "baseline",
      "restricted",
    ]);
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    await plane().create(`${rbac}/clusterroles`, {
      metadata: { name: "not-ours" },
      rules: [{ apiGroups: ["", "apps", "networking.k8s.io"], resources: ["*"], verbs: ["list"] }],
    });
    await plane().create(`${rbac}/clusterrolebindings`, {
      metadata: { name: "not-ours" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "not-ours" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "nora" }],
    });
    const unread = await ask("check -n own --as nora");
    expect(unread.stderr).toContain("taken for none: cannot list profiles.ringfence.dev: 403");
  });

  it("takes a workload that runs no pod just now for one that will", async () => {
    const labels = { app: "batch" };
    await plane().create("/api/v1/namespaces", { metadata: { name: "idle" } });
    await plane().create("/apis/apps/v1/namespaces/idle/deployments", {
      metadata: { name: "batch" },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: "batch", image: "batch" }] },
        },
      },
    });
    for (const app of ["batch", "bacth"]) {
      await plane().create("/apis/networking.k8s.io/v1/namespaces/idle/networkpolicies", {
        metadata: { name: app },
        spec: { podSelector: { matchLabels: { app } }, policyTypes: ["Ingress"] },
      });
    }
    const { stdout } = await ask("check -n idle -o json");
    const { findings } = z
      .object({ findings: z.array(z.object({ rule: z.string(), object: z.string() })) })
      .parse(JSON.parse(stdout));
    const nobody = findings.filter(({ rule }) => rule === "selects-nothing");
    expect(nobody.map(({ object }) => object)).toEqual(["NetworkPolicy idle/bacth"]);
  });

  it("says that a cluster does not answer", async () => {
    const kubeconfig = await plane().kubeconfig({ server: "https://127.0.0.1:1" });
    const result = await ask("simulate --src-pod a --dst-pod b --port 1", kubeconfig);
    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(result.stderr).toContain("ECONNREFUSED");
    expect(result.stderr).not.toMatch(/^ +at /m);
  });
});
