import { describe, expect, it } from "vitest";
import { expectGolden, goldenFiles } from "./golden.ts";
import { runCli } from "./run-cli.ts";

const SHOP = ["--manifests", "examples/shop/cluster"];

const CASES = [
  {
    golden: "simulate-allowed.txt",
    args: "simulate --src-pod shop/web --dst-pod shop/api --port http",
    code: 0,
  },
  {
    golden: "simulate-denied.txt",
    args: "simulate --src-pod shop/web --dst-pod shop/mysql-0 --port 3306",
    code: 1,
  },
  {
    golden: "simulate-denied.json",
    args: "simulate --src-pod shop/web --dst-pod shop/mysql --port 3306 -o json",
    code: 1,
  },
  {
    golden: "simulate-service.yaml",
    args: "simulate --src-pod shop/api --dst-service kube-dns --port dns -o yaml",
    code: 0,
  },
  {
    golden: "simulate-outside.txt",
    args: "simulate --src-ip 203.0.113.7 --dst-pod dev/deploy/toolbox --port ssh",
    code: 0,
  },
  {
    golden: "simulate-node.txt",
    args: "simulate --src-ip 192.168.1.11 --dst-pod shop/api --port 8080",
    code: 4,
  },
  {
    golden: "explain-allowed.txt",
    args: "explain --src-pod shop/api --dst-pod payments/gateway --port https",
    code: 0,
  },
  {
    golden: "explain-denied.txt",
    args: "explain --src-pod shop/web --dst-pod shop/mysql --port 3306",
    code: 1,
  },
  {
    golden: "explain-port.txt",
    args: "explain --src-pod shop/web --dst-pod shop/api --port metrics",
    code: 1,
  },
  {
    golden: "explain-namespace.txt",
    args: "explain --src-pod staging/web --dst-pod payments/vault-1 --port 8200",
    code: 1,
  },
  {
    golden: "explain-denied.json",
    args: "explain --src-pod shop/web --dst-pod shop/mysql --port 3306 -o json",
    code: 1,
  },
] as const;

const DUAL_STACK = ["--manifests", "test/cli/fixtures/dual-stack.yaml", "--src-pod", "shop/web"];

/** Pods with IPv4 and IPv6 addresses, where blocks of one family count for half of what they do. */
const DUAL_STACK_CASES = [
  {
    golden: "simulate-families.txt",
    args: "simulate --dst-pod shop/db --port pg",
    code: 4,
  },
  {
    golden: "explain-families.txt",
    args: "explain --dst-pod shop/db --port pg",
    code: 4,
  },
  {
    golden: "explain-families.json",
    args: "explain --dst-pod shop/db --port pg -o json",
    code: 4,
  },
  {
    golden: "explain-families-allowed.txt",
    args: "explain --dst-pod shop/cache --port 6379",
    code: 0,
  },
  {
    golden: "explain-families-denied.txt",
    args: "explain --dst-pod shop/cache --port 6378",
    code: 1,
  },
] as const;

const TIERS = ["--manifests", "test/cli/fixtures/tiers.yaml"];

describe("one flow", () => {
  it("of a pod to itself has nothing to do with what policies say", async () => {
    const flow = ["--src-pod", "staging/mysql", "--dst-pod", "staging/mysql", "--port", "3306"];
    const result = await runCli(["explain", ...flow, ...SHOP]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    const [, out, into] = result.stdout.split("\n\n");
    expect(into).toBe(
      "Into staging/mysql[StatefulSet]: allowed\n  → a pod may always reach itself",
    );
    expect(out).toContain("NetworkPolicy staging/mysql selects it, but says nothing of egress");
  });

  it.for(CASES)("$args", async ({ golden, args, code }) => {
    const result = await runCli([...args.split(" "), ...SHOP]);
    expect(result).toMatchObject({ code, stderr: "" });
    expectGolden(golden, result.stdout);
    for (const line of result.stdout.split("\n")) {
      // JSON may be as wide as it is.
      if (golden.startsWith("explain") && golden.endsWith("txt")) {
        expect(line.length).toBeLessThanOrEqual(80);
      }
    }
  });

  it.for(DUAL_STACK_CASES)("over two families: $args", async ({ golden, args, code }) => {
    const result = await runCli([...args.split(" "), ...DUAL_STACK]);
    expect(result).toMatchObject({ code, stderr: "" });
    expectGolden(golden, result.stdout);
  });

  it.each([
    { end: "--dst-ip 10.0.0.2", code: 0 },
    { end: "--dst-ip fd00::2", code: 1 },
  ])("over the family of the address: $end", async ({ end, code }) => {
    const line = ["simulate", ...DUAL_STACK, ...end.split(" "), "--port", "5432", "-o", "json"];
    const result = await runCli(line);
    expect(result).toMatchObject({ code, stderr: "" });
    expect(result.stdout).not.toContain("families");
  });

  it.each([
    { service: "db", code: 0, over: " over IPv4, where" },
    { service: "db-6", code: 1, over: " over IPv6, where" },
    { service: "db-both", code: 4, over: "1 endpoint, where" },
  ])("over the families of the Service $service", async ({ service, code, over }) => {
    const end = ["--dst-service", `shop/${service}`, "--port", "5432"];
    const result = await runCli(["simulate", ...DUAL_STACK, ...end]);
    expect(result).toMatchObject({ code, stderr: "" });
    expect(result.stdout.replaceAll(/\s+/g, " ")).toContain(over);
  });

  describe("by way of a Service", () => {
    const input = `apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
spec: {}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: shop }
spec:
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: db, ports: [{ name: sql, containerPort: 5432 }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress: [{ ports: [{ port: 5432 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: shop }
spec:
  clusterIP: None
  selector: { app: db }
  ports: [{ name: sql, port: 80, targetPort: sql }]
---
apiVersion: v1
kind: Service
metadata: { name: elsewhere, namespace: shop }
spec: { clusterIP: None, ports: [{ port: 53, protocol: UDP }] }
---
apiVersion: v1
kind: Endpoints
metadata: { name: elsewhere, namespace: shop }
subsets: [{ addresses: [{ ip: 203.0.113.9 }], ports: [{ port: 5353, protocol: UDP }] }]
---
apiVersion: v1
kind: Service
metadata: { name: sliced, namespace: shop }
spec: { ports: [{ port: 53, protocol: UDP }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: sliced-1, namespace: shop, labels: { kubernetes.io/service-name: sliced } }
addressType: IPv4
endpoints: [{ addresses: [203.0.113.10] }]
ports: [{ port: 5353, protocol: UDP }]
---
apiVersion: v1
kind: Service
metadata: { name: away, namespace: shop }
spec: { type: ExternalName, externalName: db.example.com }
---
apiVersion: v1
kind: Service
metadata: { name: sql, namespace: shop }
spec:
  clusterIP: 10.96.0.7
  selector: { app: db }
  ports: [{ port: 80, targetPort: sql }]
---
apiVersion: v1
kind: Service
metadata: { name: public, namespace: shop }
spec: { type: LoadBalancer, selector: { app: db }, ports: [{ port: 80, targetPort: sql }] }
status: { loadBalancer: { ingress: [{ ip: 198.51.100.7 }] } }
`;
    const ask = (...to: string[]) => {
      const flags = ["--manifests", "-", "-n", "shop", "--src-pod", "web", ...to];
      return runCli(["simulate", ...flags, "-o", "json"], { input });
    };

    it.each([
      { name: "the Service's number is not the pods'", end: ["db", "-p", "80"], port: 80, code: 1 },
      { name: "the pods' own number", end: ["db", "-p", "5432"], port: 5432, code: 0 },
      { name: "a name, which is looked up", end: ["db", "-p", "sql"], port: 5432, code: 0 },
      { name: "its only port", end: ["db"], port: 5432, code: 0 },
      { name: "what serves outside", end: ["elsewhere", "-p", "53"], port: 53, code: 0 },
    ])("that is headless and translates no port: $name", async ({ end, port, code }) => {
      const result = await ask("--dst-service", ...end);
      expect(result).toMatchObject({ code, stderr: "" });
      expect(JSON.parse(result.stdout)).toMatchObject({ flow: { port } });
    });

    it("without a selector leads where its EndpointSlices say", async () => {
      const result = await ask("--dst-service", "sliced");
      expect(result).toMatchObject({ code: 0, stderr: "" });
      expect(JSON.parse(result.stdout)).toMatchObject({
        flow: { to: { address: "203.0.113.10" }, port: 5353, protocol: "UDP" },
      });
    });

    it("an ExternalName leads to no pod, whatever the port", async () => {
      const { stderr } = await ask("--dst-service", "away", "-p", "5432");
      expect(stderr).toContain("shop/away[Service] leads to no pod: it is an ExternalName");
    });

    it("by its address: it is judged where that leads", async () => {
      const result = await ask("--dst-ip", "10.96.0.7", "-p", "80");
      expect(result).toMatchObject({ code: 0, stderr: "" });
      expect(result.stdout).toContain('"10.96.0.7 is the address of shop/sql[Service]"');
      expect(JSON.parse(result.stdout)).toMatchObject({
        flow: { to: { workload: "shop/db[StatefulSet]" }, port: 5432 },
      });
    });

    it.each([
      { from: ["-n", "shop", "--src-pod", "web"], isHidden: false },
      { from: ["--src-ip", "192.0.2.1"], isHidden: true },
    ])("by that of its load balancer: $from", async ({ from, isHidden }) => {
      const to = ["--dst-ip", "198.51.100.7", "-p", "80"];
      const { code, stdout } = await runCli(
        ["simulate", "--manifests", "-", ...from, ...to, "-o", "json"],
        { input },
      );
      expect(code).toBe(0);
      expect(stdout).toContain('"198.51.100.7 is the address of shop/public[Service]"');
      expect(JSON.parse(stdout)).toMatchObject({ flow: { port: 5432 } });
      expect(stdout.includes("a node may put its own address")).toBe(isHidden);
    });

    it("by its address, where it has no such port", async () => {
      const { code, stderr } = await ask("--dst-ip", "10.96.0.7", "-p", "5432");
      expect(code).toBe(2);
      expect(stderr).toContain("--port: Service sql has no such port; it has TCP 80");
    });
  });

  it("is walked through in the order of the tiers", async () => {
    const flow = ["--src-pod", "lab/tool", "--dst-pod", "shop/web"];
    const denied = await runCli(["explain", ...TIERS, ...flow, "--port", "22"]);
    expect(denied).toMatchObject({ code: 1, stderr: "" });
    expectGolden("explain-tiers.txt", denied.stdout);
    const passed = await runCli(["explain", ...TIERS, ...flow, "--port", "8080"]);
    expect(passed).toMatchObject({ code: 0, stderr: "" });
  });

  it("has a case for every golden file", () => {
    const cases = [...CASES, ...DUAL_STACK_CASES].map(({ golden }) => golden);
    const names = [...cases, "explain-tiers.txt"].toSorted();
    expect([...goldenFiles("explain"), ...goldenFiles("simulate")].toSorted()).toEqual(names);
  });

  it("takes files as if they were applied", async () => {
    const flow = ["--src-pod", "monitoring/prometheus", "--dst-pod", "shop/api", "--port", "9090"];
    const before = await runCli(["simulate", ...SHOP, ...flow]);
    const change = "examples/shop/changes/02-scrape-api.yaml";
    const after = await runCli(["simulate", ...SHOP, ...flow, "-f", change]);
    expect([before.code, after.code]).toEqual([1, 0]);
  });
});

describe("the smallest change", () => {
  const pod = (name: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { containers: [] }
`;

  it.each([
    {
      about: "is in both directions of one policy",
      spec: "{podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}], egress: [{to: [{podSelector: {}}], ports: [{port: 80}]}]}",
      paths: ["spec.egress[0].ports", "spec.ingress[0].ports"],
    },
    {
      about: "widens no rule of which it is not known whether it has the peer",
      spec: "{podSelector: {matchLabels: {app: b}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}]}",
      paths: ["spec.ingress"],
    },
  ])("$about", async ({ spec, paths }) => {
    const policy = `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: ${spec}\n`;
    const flow = ["--src-pod", "shop/a", "--dst-pod", "shop/b", "--port", "8080", "-o", "json"];
    const input = [pod("a"), pod("b"), policy].join("---\n");
    const { stdout } = await runCli(["explain", "--manifests", "-", ...flow], { input });
    const change = paths.map((path) => expect.objectContaining({ path }) as unknown);
    expect(JSON.parse(stdout)).toMatchObject({ change });
  });
});

describe("what is assumed", () => {
  it("is said once, of both ends too", async () => {
    const flow = ["--src-pod", "dev/deploy/toolbox", "--dst-pod", "dev/deploy/toolbox"];
    const { stdout } = await runCli(["simulate", ...SHOP, ...flow, "--port", "22"]);
    expect(stdout.match(/stands for its pods/g)).toHaveLength(1);
  });
});

it("tells workloads of one name apart by the kind", async () => {
  const workload = (kind: string, app: string): string => `apiVersion: apps/v1
kind: ${kind}
metadata: { name: web, namespace: shop }
spec: { template: { metadata: { labels: { app: ${app} } }, spec: { containers: [] } } }
`;
  const policy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec: { podSelector: { matchLabels: { app: db } } }
`;
  const input = [workload("Deployment", "web"), workload("StatefulSet", "db"), policy].join(
    "---\n",
  );
  const verdict = async (from: string, to: string): Promise<number | null> => {
    const flow = ["--src-pod", `shop/${from}/web`, "--dst-pod", `shop/${to}/web`, "--port", "80"];
    return (await runCli(["simulate", "--manifests", "-", ...flow], { input })).code;
  };
  expect(await verdict("deploy", "sts")).toBe(1);
  expect(await verdict("sts", "deploy")).toBe(0);
});

describe("a question that cannot be asked", () => {
  it.each([
    ["--src-pod shop/wbe --dst-pod shop/api --port 80", "did you mean `shop/deployment/web`?"],
    ["--src-pod shpo/web --dst-pod shop/api --port 80", "did you mean `shop/deployment/web`"],
    ["--src-pod web --dst-pod shop/api --port 80", "ambiguous; write one of `shop/deployment/web`"],
    ["--src-pod shop/ --dst-pod shop/api --port 80", "`shop/` is not a name"],
    ["--dst-pod shop/api --port 80", "a source is missing: give one of --src-pod, --src-ip"],
    ["--src-pod shop/web --src-ip 10.0.0.1 --dst-pod shop/api --port 80", "named more than once"],
    ["--src-pod shop/web --port 80", "a destination is missing"],
    ["--src-pod shop/web --dst-pod shop/api", "--port is missing"],
    ["--src-pod shop/web --dst-pod shop/api --port 70000", "`70000` is not a port: 1 to 65535"],
    ["--src-pod shop/web --dst-pod shop/api --port htp", "it names http (TCP), metrics (TCP)"],
    ["--src-pod shop/web --dst-pod shop/api --port 80 --protocol icmp", "none of TCP, UDP, SCTP"],
    ["--src-ip 10.0.0.300 --dst-pod shop/api --port 80", "`10.0.0.300` is not an IP address"],
    ["--src-pod shop/web --dst-service dns --port 53", "did you mean `kube-system/kube-dns`?"],
    [
      "--src-pod shop/web --dst-service kube-dns --port 80",
      "it has UDP 53 (dns), TCP 53 (dns-tcp)",
    ],
    [
      "--src-pod shop/web --dst-pod shop/api --port 80 --context x",
      "no meaning beside --manifests",
    ],
    ["--src-pot x", "(Did you mean --src-pod?)"],
    ["-o xml", "Allowed choices are text, json, yaml"],
    ["-o html", "Allowed choices are text, json, yaml.\n"],
    ["-o yml", "(Did you mean yaml?)"],
  ])("%s", async (flags, message) => {
    const result = await runCli(["simulate", ...flags.split(" "), ...SHOP]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/^ +at /m);
  });
});
