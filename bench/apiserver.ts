import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { readBase, webhookConfigurations } from "../test/manifests/rendered-manifests.ts";
import { ControlPlane } from "../test/support/control-plane.ts";
import { installControlPlane } from "../test/support/install-control-plane.ts";
import { BenchServer } from "./bench-server.ts";
import { type BenchRow, quantile, row } from "./row.ts";
import { scaled } from "./scale.ts";

const BLOCK = 10;
const WARM_UP = scaled(20);
const ROUNDS = scaled(80);

/** Namespaces of the generated cluster, whose pods Ringfence knows; each is for one of the webhooks. */
const SETTINGS = [
  { name: "no webhook", namespace: "team-7", labels: {} },
  { name: "bare webhook", namespace: "team-9", labels: { webhook: "bare" } },
  {
    name: "Ringfence, as installed",
    namespace: "team-11",
    labels: { "ringfence.dev/profile": "baseline" },
  },
] as const;

type Setting = (typeof SETTINGS)[number]["name"];

/** What a webhook adds to the creating and deleting of NetworkPolicies through the real API server. */
export async function benchApiServer(): Promise<readonly BenchRow[]> {
  const installed = await installControlPlane();
  if (installed.kind === "missing") throw new Error(installed.reason);
  const plane = await ControlPlane.start(installed.folder);
  const bare = await BenchServer.start("bare", plane.serving);
  const ringfence = await BenchServer.start("ringfence", plane.serving);
  try {
    await configure(plane, bare, ringfence);
    return await measure(plane, bare, ringfence);
  } finally {
    bare.stop();
    ringfence.stop();
    await plane.stop();
  }
}

/** Ringfence's webhooks as in its manifests, and one that asks the bare handler. */
async function configure(
  plane: ControlPlane,
  bare: BenchServer,
  ringfence: BenchServer,
): Promise<void> {
  for (const { namespace, labels } of SETTINGS) {
    // oxlint-disable-next-line no-await-in-loop -- there are three
    await plane.create("/api/v1/namespaces", { metadata: { name: namespace, labels } });
  }
  const caBundle = (await readFile(plane.authority.certificate)).toString("base64");
  const base = webhookConfigurations(await readBase());
  const at = ({ port }: BenchServer, path: string): object => ({
    url: `https://127.0.0.1:${port}${path}`,
    caBundle,
  });
  const asInstalled = base.map((configuration) => ({
    ...configuration,
    webhooks: configuration.webhooks.map((webhook) => ({
      ...webhook,
      clientConfig: at(ringfence, webhook.clientConfig.service.path),
    })),
  }));
  const policies = base.flatMap(({ webhooks }) => webhooks)[0];
  const beside = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "bare" },
    webhooks: [
      {
        ...policies,
        name: "policies.example.com",
        rules: [
          {
            apiGroups: ["networking.k8s.io"],
            apiVersions: ["v1"],
            resources: ["networkpolicies"],
            operations: ["CREATE", "UPDATE", "DELETE"],
          },
        ],
        namespaceSelector: { matchLabels: { webhook: "bare" } },
        objectSelector: {},
        clientConfig: at(bare, "/validate"),
      },
    ],
  };
  for (const configuration of [...asInstalled, beside]) {
    const path = `/apis/admissionregistration.k8s.io/v1/${configuration.kind.toLowerCase()}s`;
    // oxlint-disable-next-line no-await-in-loop -- there are three
    await plane.create(path, configuration);
  }
  // The API server notices a webhook configuration within a second or so.
  await sleep(2_000);
}

async function measure(
  plane: ControlPlane,
  bare: BenchServer,
  ringfence: BenchServer,
): Promise<readonly BenchRow[]> {
  const send = await sender(plane);
  const times = new Map<Setting, number[]>(SETTINGS.map(({ name }) => [name, []]));
  // By turns, a few at a time, so that other load on the machine affects all of them alike.
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    if (round === 0) await Promise.all([bare.durations(), ringfence.durations()]);
    for (const { name, namespace } of SETTINGS) {
      const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
      for (let index = 0; index < BLOCK; index += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
        const created = await send("POST", path, policy(`bench-${index}`));
        // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
        const deleted = await send("DELETE", `${path}/bench-${index}`);
        if (round >= 0) times.get(name)?.push(created, deleted);
      }
    }
  }
  const decisions = await ringfence.durations();
  const asked = [decisions.length, (await bare.durations()).length];
  if (!asked.every((count) => count === 2 * BLOCK * ROUNDS)) {
    throw new Error(`the webhooks were asked ${asked.join(" and ")} times`);
  }
  const at = (name: Setting, q: number): number => quantile(times.get(name) ?? [], q);
  const added = (name: Setting, q: number): number => at(name, q) - at("no webhook", q);
  const own = "Ringfence, as installed";
  return [
    ...SETTINGS.flatMap(({ name }) => [
      row(`${name}: median`, at(name, 0.5), "ms"),
      row(`${name}: p99`, at(name, 0.99), "ms"),
    ]),
    row("Ringfence: decision median", quantile(decisions, 0.5), "ms"),
    row("Ringfence: decision p99", quantile(decisions, 0.99), "ms"),
    row("bare webhook: added at the median", added("bare webhook", 0.5), "ms"),
    row("bare webhook: added at p99", added("bare webhook", 0.99), "ms"),
    row(`${own}: added at the median`, added(own, 0.5), "ms", { atMost: 1 }),
    row(`${own}: added at p99`, added(own, 0.99), "ms", { atMost: 5 }),
  ];
}

type Send = (method: string, path: string, body?: object) => Promise<number>;

/** Sends requests one at a time over one connection; the answer is how long it took, in ms. */
async function sender(plane: ControlPlane): Promise<Send> {
  const token = await adminToken(plane);
  const agent = new Agent({ keepAlive: true, ca: await readFile(plane.authority.certificate) });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return async (method, path, body) => {
    const started = performance.now();
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
