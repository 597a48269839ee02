import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { ControlPlane } from "../test/support/control-plane.ts";
import { installControlPlane } from "../test/support/install-control-plane.ts";
import { BenchServer } from "./bench-server.ts";
import { type BenchRow, quantile, row } from "./row.ts";

/** A namespace of the generated cluster, so that the webhook knows its pods. */
const NAMESPACE = "team-7";
const POLICIES = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`;
const WARM_UP = 100;
const MEASURED = 400;
const ROUNDS = 3;

type WebhookKind = "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration";

interface Setting {
  readonly name: string;
  readonly server: BenchServer | null;
  readonly webhooks: readonly WebhookKind[];
}

/** What a webhook adds to the creating and deleting of NetworkPolicies through the real API server. */
export async function benchApiServer(): Promise<readonly BenchRow[]> {
  const installed = await installControlPlane();
  if (installed.kind === "missing") throw new Error(installed.reason);
  const plane = await ControlPlane.start(installed.folder);
  const bare = await BenchServer.start("bare", plane.serving);
  const ringfence = await BenchServer.start("ringfence", plane.serving);
  try {
    return await measure(plane, bare, ringfence);
  } finally {
    bare.stop();
    ringfence.stop();
    await plane.stop();
  }
}

async function measure(
  plane: ControlPlane,
  bare: BenchServer,
  ringfence: BenchServer,
): Promise<readonly BenchRow[]> {
  await plane.create("/api/v1/namespaces", {
    metadata: { name: NAMESPACE, labels: { "ringfence.dev/profile": "baseline" } },
  });
  const settings: readonly Setting[] = [
    { name: "no webhook", server: null, webhooks: [] },
    { name: "bare webhook", server: bare, webhooks: ["ValidatingWebhookConfiguration"] },
    {
      name: "Ringfence, validating",
      server: ringfence,
      webhooks: ["ValidatingWebhookConfiguration"],
    },
    {
      name: "Ringfence, as installed",
      server: ringfence,
      webhooks: ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"],
    },
  ];
  await ringfence.durations();
  const times = new Map<string, number[]>();
  // By turns, so that whatever else the machine does hits all of them.
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const setting of settings) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      const measured = await measureSetting(plane, setting);
      times.set(setting.name, [...(times.get(setting.name) ?? []), ...measured]);
    }
  }
  const decisions = await ringfence.durations();
  const at = (name: string, q: number): number => quantile(times.get(name) ?? [], q);
  const added = (name: string, q: number): number => at(name, q) - at("no webhook", q);
  const installed = "Ringfence, as installed";
  return [
    ...settings.flatMap(({ name }) => [
      row(`${name}: median`, at(name, 0.5), "ms"),
      row(`${name}: p99`, at(name, 0.99), "ms"),
    ]),
    row("Ringfence: decision median", quantile(decisions, 0.5), "ms"),
    row("Ringfence: decision p99", quantile(decisions, 0.99), "ms"),
    row("bare webhook: added at the median", added("bare webhook", 0.5), "ms"),
    row("Ringfence, validating: added at the median", added("Ringfence, validating", 0.5), "ms"),
    row(`${installed}: added at the median`, added(installed, 0.5), "ms", { atMost: 1 }),
    row(`${installed}: added at p99`, added(installed, 0.99), "ms", { atMost: 5 }),
  ];
}

/** Times in ms of creates and deletes, one after the other over one connection. */
async function measureSetting(plane: ControlPlane, setting: Setting): Promise<readonly number[]> {
  for (const kind of setting.webhooks) {
    // oxlint-disable-next-line no-await-in-loop -- there are two
    await plane.create(configurationPath(kind), await configuration(plane, kind, setting));
  }
  // The API server notices a webhook configuration within a second or so.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const token = await adminToken(plane);
  const agent = new Agent({ keepAlive: true, ca: await readFile(plane.authority.certificate) });
  const send = async (method: string, path: string, body?: object): Promise<number> => {
    const started = performance.now();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const status = await new Promise<number>((resolve, reject) => {
      const outgoing = request(`${plane.url}${path}`, { method, headers, agent }, (incoming) => {
        text(incoming).then(() => resolve(incoming.statusCode ?? 0), reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
    if (status >= 300) throw new Error(`${method} ${path}: ${status}`);
    return performance.now() - started;
  };
  const times: number[] = [];
  for (let index = 0; index < WARM_UP + MEASURED; index += 1) {
    const name = `bench-${index}`;
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    times.push(
      await send("POST", POLICIES, policy(name)),
      await send("DELETE", `${POLICIES}/${name}`),
    );
  }
  agent.destroy();
  for (const kind of setting.webhooks) {
    // oxlint-disable-next-line no-await-in-loop -- there are two
    await plane.request("DELETE", `${configurationPath(kind)}/bench`);
  }
  return times.slice(2 * WARM_UP);
}

const kubeconfigSchema = z.object({
  users: z.tuple([z.object({ user: z.object({ token: z.string() }) })]),
});

async function adminToken({ adminKubeconfig }: ControlPlane): Promise<string> {
  const { users } = kubeconfigSchema.parse(JSON.parse(await readFile(adminKubeconfig, "utf8")));
  return users[0].user.token;
}

function policy(name: string): object {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name },
    spec: {
      podSelector: { matchLabels: { app: "web" } },
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: { app: "api" } } }],
          ports: [{ protocol: "TCP", port: 8080 }],
        },
      ],
    },
  };
}

function configurationPath(kind: WebhookKind): string {
  return `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}s`;
}

async function configuration(
  plane: ControlPlane,
  kind: WebhookKind,
  { server }: Setting,
): Promise<object> {
  const isValidating = kind === "ValidatingWebhookConfiguration";
  const path = isValidating ? "validate" : "mutate";
  const caBundle = (await readFile(plane.authority.certificate)).toString("base64");
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: "bench" },
    webhooks: [
      {
        name: "policies.ringfence.dev",
        rules: [
          {
            apiGroups: ["networking.k8s.io"],
            apiVersions: ["v1"],
            resources: ["networkpolicies"],
            operations: isValidating ? ["CREATE", "UPDATE", "DELETE"] : ["CREATE", "UPDATE"],
          },
        ],
        clientConfig: { url: `https://127.0.0.1:${server?.port ?? 0}/${path}`, caBundle },
        failurePolicy: "Fail",
        sideEffects: "None",
        timeoutSeconds: 5,
        admissionReviewVersions: ["v1"],
      },
    ],
  };
}
