import { beforeAll, describe, expect, it } from "vitest";
import { createNamespace, createPod, createShop, pod, policy } from "../e2e/shop.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { type CliResult, runCli } from "./run-cli.ts";

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

  it("reads only the namespaces of a flow, with rights for them alone", async () => {
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
    const rita = await plane().kubeconfig({ user: { name: "rita" } });
    const own = await ask("simulate -n own --src-pod a --dst-pod b --port 80", rita);
    expect(own).toMatchObject({ code: 0 });
    expect(own.stderr).toContain("labels of namespace own are not known");
    const all = await ask("connectivity -A", rita);
    expect(all).toMatchObject({ code: 3, stdout: "" });
    expect(all.stderr).toMatch(/error: cannot list (pods|namespaces|networkpolicies)[^\n]*: 403/);
    expect(all.stderr).not.toMatch(/^ +at /m);
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
    const audit = await ask("audit -n shop");
    expect(audit).toMatchObject({ code: 1, stderr: "" });
    expect(audit.stdout).toContain("unprotected  shop/web[Pod]");
    const doctor = await ask("doctor -n shop");
    expect(doctor.stderr).toBe("");
    expect(doctor.stdout).toContain("resolver kube-system/coredns: UDP 53, TCP 53");
  });

  it("says that a cluster does not answer", async () => {
    const kubeconfig = await plane().kubeconfig({ server: "https://127.0.0.1:1" });
    const result = await ask("simulate --src-pod a --dst-pod b --port 1", kubeconfig);
    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(result.stderr).toContain("ECONNREFUSED");
    expect(result.stderr).not.toMatch(/^ +at /m);
  });
});
