import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { z } from "zod";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createNamespace, createPod, createShop, pod, policy, storedPolicy } from "./shop.ts";

const web = { matchLabels: { app: "web" } };
const mysql = { matchLabels: { app: "mysql" } };

const layeredDefence = policy("shop", "layered-defence", {
  podSelector: mysql,
  policyTypes: ["Ingress"],
  // "same namespace only", says the comment in the original.
  ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ protocol: "TCP", port: 3306 }] }],
});

/** Ingress to mysql from web on `ports`; web's own egress to mysql is open. */
function mysqlFromWeb(name: string, ...ports: readonly number[]): object {
  return policy("shop", name, {
    podSelector: mysql,
    policyTypes: ["Ingress"],
    ingress: [
      { from: [{ podSelector: web }], ports: ports.map((port) => ({ protocol: "TCP", port })) },
    ],
  });
}

describeWithControlPlane("a NetworkPolicy through kubectl", (plane) => {
  let ringfence: Ringfence;
  let dana: string;

  const kubectl = (args: readonly string[], input?: object): Promise<KubectlResult> =>
    plane().kubectl(args, { kubeconfig: dana, ...(input && { input }) });
  const apply = (object: object, ...flags: readonly string[]): Promise<KubectlResult> =>
    kubectl(["apply", ...flags, "-f", "-"], object);

  const untilBaseline = (namespace: string): Promise<void> =>
    vi.waitFor(async () => {
      for (const name of ["default-deny", "allow-dns"]) {
        expect(await storedPolicy(plane(), namespace, name), name).not.toBeNull();
      }
    }, 5_000);

  beforeAll(async () => {
    dana = await plane().kubeconfig({ user: { name: "dana" } });
    await createShop(plane());
    ringfence = await Ringfence.install(plane());
    await kubectl(["label", "namespace", "shop", "ringfence.dev/profile=restricted"]);
    await untilBaseline("shop");
    const egress = [{ to: [{ podSelector: mysql }] }];
    const opened = await apply(
      policy("shop", "web-to-mysql", { podSelector: web, policyTypes: ["Egress"], egress }),
    );
    expect(opened, opened.stderr).toMatchObject({ code: 0 });
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  it.each([
    ["apply", []],
    ["apply --dry-run=server", ["--dry-run=server"]],
    ["apply --server-side", ["--server-side"]],
  ])("is denied on kubectl %s, with what is wrong and what to do", async (_, flags) => {
    const { code, stderr } = await apply(layeredDefence, ...flags);
    expect(code).toBe(1);
    expect(stderr).toContain('NetworkPolicy shop/layered-defence denied by profile "restricted"');
    expect(stderr).toMatch(/\d\. open-namespaces {2}spec\.ingress\[0\]\.from\[0\]/);
    expect(stderr).toMatch(/help: .*podSelector/);
    expect(stderr).toContain("Forbidden");
    expect(await storedPolicy(plane(), "shop", "layered-defence")).toBeNull();
  });

  it("is not stored by a dry run that admits it", async () => {
    const { code, stdout, stderr } = await apply(mysqlFromWeb("dry", 3306), "--dry-run=server");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "networkpolicy.networking.k8s.io/dry created (server dry run)\n",
    });
    expect(stderr).toContain("opens shop/web → shop/mysql TCP 3306; closes nothing");
    expect(await storedPolicy(plane(), "shop", "dry")).toBeNull();
  });

  it("is admitted with a warning that says what it opens, and again when an update opens more", async () => {
    const created = await apply(mysqlFromWeb("mysql", 3306));
    expect(created).toMatchObject({ code: 0 });
    expect(created.stderr).toContain(
      "Warning: opens shop/web → shop/mysql TCP 3306; closes nothing",
    );

    const updated = await apply(mysqlFromWeb("mysql", 3306, 33_060));
    expect(updated).toMatchObject({ code: 0 });
    expect(updated.stderr).toContain("opens shop/web → shop/mysql TCP 33060; closes nothing");

    const deleted = await kubectl(["delete", "networkpolicy", "mysql", "-n", "shop"]);
    expect(deleted).toMatchObject({ code: 0 });
    expect(deleted.stderr).toContain("opens nothing; closes shop/web → shop/mysql TCP 3306,33060");
  });

  it("is stored with what it implies written out", async () => {
    const terse = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "terse", namespace: "shop" },
      spec: {
        podSelector: { matchLabels: { app: "mysql" } },
        ingress: [
          { from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 3306 }] },
        ],
      },
    };
    expect(await apply(terse)).toMatchObject({ code: 0 });
    expect(await storedPolicy(plane(), "shop", "terse")).toMatchObject({
      spec: { policyTypes: ["Ingress"], ingress: [{ ports: [{ protocol: "TCP", port: 3306 }] }] },
    });
    await kubectl(["delete", "networkpolicy", "terse", "-n", "shop"]);
  });

  it("says what its DELETE opens, to somebody who may delete a baseline", async () => {
    await createNamespace(plane(), "staging", { "ringfence.dev/profile": "restricted" });
    await createPod(plane(), pod("staging", "db", "10.244.3.1", { db: 5432 }));
    await untilBaseline("staging");
    const olga = await plane().kubeconfig({ user: { name: "olga" } });
    const { code, stderr } = await plane().kubectl(
      ["delete", "networkpolicy", "default-deny", "--namespace=staging", "--dry-run=server"],
      { kubeconfig: olga },
    );
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/Warning: opens .* → staging\/(db|\*) all ports.*; closes nothing/);
  });

  it("is denied when a patch would open it", async () => {
    await apply(mysqlFromWeb("patched", 3306));
    const path = "/spec/ingress/0/from/0";
    const patch = JSON.stringify([{ op: "replace", path, value: { namespaceSelector: {} } }]);
    const { code, stderr } = await kubectl([
      "patch",
      "networkpolicy",
      "patched",
      "--namespace=shop",
      "--type=json",
      `--patch=${patch}`,
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("NetworkPolicy shop/patched denied");
    await kubectl(["delete", "networkpolicy", "patched", "-n", "shop"]);
  });

  it("is called by its generated name", async () => {
    const generated = { metadata: { namespace: "shop", generateName: "generated-" } };
    const denied = await kubectl(["create", "-f", "-"], { ...layeredDefence, ...generated });
    expect(denied.code).toBe(1);
    expect(denied.stderr).toMatch(/NetworkPolicy shop\/generated-\w{5} denied/);

    const good = { ...mysqlFromWeb("", 3306), ...generated };
    const created = await kubectl(["create", "-f", "-"], good);
    expect(created).toMatchObject({ code: 0 });
    expect(created.stdout).toMatch(/generated-\w{5} created/);
    await kubectl([
      "delete",
      "networkpolicy",
      "-n",
      "shop",
      z.string().parse(/generated-\w{5}/.exec(created.stdout)?.[0]),
    ]);
  });

  it("is judged in time when it is 1 MiB large", async () => {
    const addresses = Array.from({ length: 28_000 }, (_, index) => {
      const cidr = `203.${index >> 14}.${(index >> 6) & 255}.${(index & 63) * 4}/32`;
      return { ipBlock: { cidr } };
    });
    const large = policy("shop", "large", {
      podSelector: mysql,
      policyTypes: ["Ingress"],
      ingress: [{ from: addresses, ports: [{ protocol: "TCP", port: 3306 }] }],
    });
    expect(JSON.stringify(large).length).toBeGreaterThan(2 ** 20);
    const created = await kubectl(["create", "-f", "-"], large);
    expect(created, created.stderr).toMatchObject({ code: 0 });
    expect(created.stderr).toMatch(/opens .* → shop\/mysql TCP 3306/);
    const deleted = await kubectl(["delete", "networkpolicy", "large", "-n", "shop"]);
    expect(deleted, deleted.stderr).toMatchObject({ code: 0 });
  });

  it("may be given an owner, with the warning that nobody judges its end then", async () => {
    expect(await apply(mysqlFromWeb("adopted", 3306))).toMatchObject({ code: 0 });
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "0" };
    const patch = JSON.stringify({ metadata: { ownerReferences: [owner] } });
    const target = ["networkpolicy", "adopted", "-n", "shop"];
    const { code, stderr } = await kubectl(["patch", ...target, "--patch", patch]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("Warning: the garbage collector deletes it, unjudged,");
    expect(stderr).toContain("ConfigMap gone");
    expect(await kubectl(["delete", ...target])).toMatchObject({ code: 0 });
  });

  it("stays editable in what does not matter, however bad it is by today's rules", async () => {
    const old = policy("plain", "old", {
      podSelector: {},
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ namespaceSelector: {} }] }],
    });
    expect(await apply(old)).toMatchObject({ code: 0 });
    await kubectl(["label", "namespace", "plain", "ringfence.dev/profile=restricted"]);
    const annotated = await kubectl([
      "annotate",
      "networkpolicy",
      "old",
      "-n",
      "plain",
      "owner=dana",
    ]);
    expect(annotated, annotated.stderr).toMatchObject({ code: 0 });
  });
});
