import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type ClientRequest, IncomingMessage } from "node:http";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { documentedCommands } from "../support/documented-commands.ts";
import { named, resourceDocument } from "../support/documents.ts";
import { Ringfence } from "../support/ringfence.ts";
import { bind, createNamespace, createPod, createShop, pod, policy, storedPolicy } from "./shop.ts";

const profile = { "ringfence.dev/profile": "restricted" };
const inRollOut = { ...profile, "ringfence.dev/mode": "warn" };

const ringfenceKind = (kind: string, spec: object, namespace?: string): object =>
  resourceDocument(kind, "of-the-test", spec, namespace);
const aPolicy = (namespace: string): object =>
  policy(namespace, "anything", { podSelector: {}, policyTypes: ["Ingress"] });
const aNamespace = (labels: object): object => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "fresh", labels },
});
const exemption = (namespace: string): object =>
  ringfenceKind(
    "Exemption",
    { rules: ["allow-all"], reason: "moving", owner: "shop", expires: "2099-01-01T00:00:00Z" },
    namespace,
  );

interface Attempt {
  readonly what: string;
  readonly args: readonly string[];
  readonly input?: string | object;
}

const applying = (what: string, input: object): Attempt => ({
  what,
  args: ["apply", "-f", "-"],
  input,
});

/** What docs/how-to/break-glass.md says stands still. */
const STOPPED: readonly Attempt[] = [
  applying("a new policy of an enforced namespace", aPolicy("enforced")),
  {
    what: "the delete of its baseline policy",
    args: ["delete", "networkpolicy", "default-deny", "-n", "enforced"],
  },
  {
    what: "a label of an enforced namespace",
    args: ["label", "namespace", "enforced", "team=shop"],
  },
  {
    what: "a softer mode for it",
    args: ["label", "namespace", "enforced", "ringfence.dev/mode=warn"],
  },
  { what: "its end", args: ["delete", "namespace", "enforced"] },
  applying("a new enforced namespace", aNamespace(profile)),
  {
    what: "an opt-in",
    args: ["label", "namespace", "plain", "ringfence.dev/profile=restricted"],
  },
  applying("a Profile", ringfenceKind("Profile", { rules: [] })),
  applying("a new Exemption", exemption("plain")),
];

/** What it says goes on. */
const GOING_ON: readonly Attempt[] = [
  applying("a policy of a namespace that did not opt in", aPolicy("plain")),
  applying("a policy of a namespace in roll-out", aPolicy("warned")),
  applying("a policy of the system", aPolicy("kube-system")),
  applying("a policy of Ringfence's own namespace", aPolicy("ringfence-system")),
  {
    what: "Ringfence's Deployment",
    args: ["label", "deployment", "ringfence", "-n", "ringfence-system", "fixed=yes"],
  },
  {
    what: "a pod of an enforced namespace",
    args: ["run", "fresh", "--image=example/image:1", "-n", "enforced"],
  },
  { what: "its other objects", args: ["create", "configmap", "fresh", "-n", "enforced"] },
  {
    what: "the end of an Exemption",
    args: ["delete", "exemptions.ringfence.dev", "of-the-test", "-n", "enforced"],
  },
  applying("a new namespace", aNamespace({})),
  applying("a new namespace in roll-out", aNamespace(inRollOut)),
  { what: "a label of one in roll-out", args: ["label", "namespace", "warned", "team=shop"] },
  { what: "its end", args: ["delete", "namespace", "warned"] },
];

describeWithControlPlane("while Ringfence is away", (plane) => {
  let ringfence: Ringfence;
  let dana: string;
  let root: string;

  /** Without consequences, but the API server asks its webhooks all the same. */
  const attempt = ({ args, input = "" }: Attempt): Promise<KubectlResult> =>
    plane().kubectl([...args, "--dry-run=server"], { kubeconfig: root, input });
  const baselineOf = (namespace: string): Promise<readonly unknown[]> =>
    Promise.all(
      ["default-deny", "allow-dns"].map((name) => storedPolicy(plane(), namespace, name)),
    );

  beforeAll(async () => {
    dana = await plane().kubeconfig({ user: { name: "dana" } });
    root = await plane().kubeconfig({ user: { name: "root" } });
    await createShop(plane());
    await bind(plane(), "cluster-admin", ["root"]);
    ringfence = await Ringfence.install(plane());
    await createNamespace(plane(), "enforced", profile);
    await createNamespace(plane(), "warned", inRollOut);
    await vi.waitFor(async () => expect(await baselineOf("enforced")).not.toContain(null), 5_000);
    const excused = await plane().kubectl(["apply", "-f", "-"], { input: exemption("enforced") });
    expect(excused, excused.stderr).toMatchObject({ code: 0 });
    await ringfence.end("SIGKILL");
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  it.each(STOPPED)("$what is refused", async (one) => {
    const { code, stderr } = await attempt(one);
    expect(stderr).toMatch(/failed calling webhook "\w+\.ringfence\.dev"/);
    expect(code).toBe(1);
  });

  it.each(GOING_ON)("$what goes through", async (one) => {
    const done = await attempt(one);
    expect(done, done.stderr).toMatchObject({ code: 0 });
  });

  it("the namespace controller empties an enforced namespace where the API server has match conditions", async () => {
    const kubeconfig = await plane().kubeconfig({
      user: {
        name: "system:serviceaccount:kube-system:namespace-controller",
        groups: ["system:serviceaccounts", "system:masters"],
      },
    });
    const args = ["delete", "networkpolicies", "--all", "-n", "enforced", "--dry-run=server"];
    const { code, stderr } = await plane().kubectl(args, { kubeconfig });
    expect(code, stderr).toBe(plane().atLeast(30) ? 0 : 1);
  });

  it("the API server counts what it could not ask, as the alert RingfenceUnreachable wants it", async () => {
    const { body } = await plane().request("GET", "/metrics");
    expect(body).toMatch(
      /^apiserver_admission_webhook_rejection_count\{error_type="calling_webhook_error",name="policies\.ringfence\.dev",/m,
    );
  });

  it("a cluster administrator breaks the glass as it is written, and everything goes through", async () => {
    const commands = documentedCommands("break-glass", "delete validatingwebhookconfiguration");
    const broken = await plane().shell(commands, { kubeconfig: root });
    expect(broken, broken.stderr).toMatchObject({ code: 0 });
    for (const one of [...STOPPED, ...GOING_ON]) {
      // The API servers hear of it a moment later.
      await vi.waitFor(async () => {
        const done = await attempt(one);
        expect(done, `${one.what}: ${done.stderr}`).toMatchObject({ code: 0 });
      }, 5_000);
    }
  });

  it("what changes meanwhile is known when it is back", async () => {
    // Past the webhooks, as there are none: new pods, an opt-in, a baseline that is gone and one that lets all in.
    await createPod(plane(), pod("enforced", "late", "10.244.9.9", { http: 8080 }));
    await createPod(plane(), pod("enforced", "later", "10.244.9.7", {}));
    await createPod(plane(), pod("plain", "caller", "10.244.9.8", {}));
    await createNamespace(plane(), "joined", profile);
    const deny = ["networkpolicy", "default-deny", "-n", "enforced"];
    const opened = ["--type=merge", "--patch", '{"spec":{"ingress":[{}]}}'];
    for (const args of [
      ["delete", ...deny],
      ["patch", "networkpolicy", "allow-dns", "-n", "enforced", ...opened],
    ]) {
      const done = await plane().kubectl(args, { kubeconfig: root });
      expect(done, done.stderr).toMatchObject({ code: 0 });
    }

    await ringfence.start();
    await ringfence.untilReady();
    await vi.waitFor(async () => {
      for (const namespace of ["enforced", "joined"]) {
        const baseline = await baselineOf(namespace);
        expect(baseline).not.toContain(null);
        expect(baseline[1]).not.toMatchObject({ spec: { ingress: [{}] } });
      }
    }, 5_000);
    await ringfence.configureWebhooks();
    const denied = await plane().kubectl(["delete", ...deny], { kubeconfig: dana });
    expect(denied.stderr).toContain("protected-baseline");

    const input = policy("enforced", "late", {
      podSelector: { matchLabels: { app: "late" } },
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [
            {
              namespaceSelector: named("plain"),
              podSelector: { matchLabels: { app: "caller" } },
            },
          ],
          ports: [{ protocol: "TCP", port: 8080 }],
        },
      ],
    });
    const applied = await plane().kubectl(["apply", "-f", "-"], { kubeconfig: dana, input });
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
    expect(applied.stderr).toContain("opens plain/caller → enforced/late TCP 8080; closes nothing");
  });

  it("a restart with nothing wrong writes nothing", async () => {
    await ringfence.end("SIGTERM");
    const before = ringfence.proxy.requests.length;
    await ringfence.start();
    await ringfence.untilReady();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const writes = ringfence.proxy.requests
      .slice(before)
      .filter(({ method, path }) => method !== "GET" && path.includes("networkpolicies"));
    expect(writes).toEqual([]);
  });

  it("a SIGTERM ends it with exit code 0", async () => {
    expect(await ringfence.end("SIGTERM")).toBe(0);
  });

  describe("with a request in flight when it is told to stop", () => {
    let running: ClientRequest;

    beforeEach(async () => {
      await ringfence.start();
      await ringfence.untilReady();
      running = request(`https://127.0.0.1:${ringfence.ports.webhook}/validate`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        ca: await readFile(plane().authority.certificate),
      });
      running.on("error", () => undefined);
      const before = ringfence.log.length;
      running.write('{"request":{"uid":"u-1"');
      await once(running, "socket");
      await sleep(200);
      ringfence.signal("SIGTERM");
      await vi.waitFor(() => expect(ringfence.log.slice(before)).toContain('"stopping"'), 5_000);
    });

    it("a second SIGTERM changes nothing: it is answered, and the exit code is 0", async () => {
      ringfence.signal("SIGTERM");
      await sleep(200);
      running.end("}}");
      const [reply] = z
        .tuple([z.instanceof(IncomingMessage)])
        .parse(await once(running, "response"));
      expect(reply.headers.connection).toBe("close");
      expect(await text(reply)).toContain('"uid":"u-1"');
      expect(await ringfence.untilEnded()).toBe(0);
    });

    it("a SIGINT ends it at once", async () => {
      ringfence.signal("SIGINT");
      expect(await ringfence.untilEnded()).toBe(null);
    });
  });
});
