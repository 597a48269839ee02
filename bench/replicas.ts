import { POSSIBLE_MS } from "../src/admission/pending-changes.ts";
import { ApiClient } from "../src/cluster/api-client.ts";
import { ReplicaLedger } from "../src/cluster/replica-ledger.ts";
import { ControlPlane } from "../test/support/control-plane.ts";
import { installControlPlane } from "../test/support/install-control-plane.ts";
import { type BenchRow, quantile, row } from "./row.ts";
import { scaled } from "./scale.ts";

const WARM_UP = scaled(20);
const TELLINGS = scaled(400);
const AT_ONCE = scaled(100);

/** How long it takes replicas to tell each other of a change through the real API server, which the user waits for. */
export async function benchReplicas(): Promise<readonly BenchRow[]> {
  const installed = await installControlPlane();
  if (installed.kind === "missing") throw new Error(installed.reason);
  const plane = await ControlPlane.start(installed.folder);
  const client = new ApiClient({ kubeconfig: plane.adminKubeconfig });
  const replica = (keptMs = POSSIBLE_MS): ReplicaLedger =>
    new ReplicaLedger({
      client,
      namespace: "default",
      name: "ledger",
      keptMs,
      clock: () => performance.now(),
      hear: () => undefined,
      observe: (notice) => {
        throw new Error(JSON.stringify(notice));
      },
    });
  try {
    // Keeps nothing that was told before, so that each change is as if it were the only one.
    const forgetful = replica(0);
    const alone = await timesOf((at) => tell(forgetful, at));
    const [one, two] = [replica(), replica()];
    const inRow = await timesOf((at) => tell(one, at));
    const byTurns = await timesOf((at) => tell(at % 2 === 0 ? one : two, at));
    const burst = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, at) =>
        timed(() => tell(at % 2 === 0 ? one : two, at)),
      ),
    );
    return [
      row("a change by itself: median", quantile(alone, 0.5), "ms"),
      row("a change by itself: p99", quantile(alone, 0.99), "ms"),
      row("one after the other: median", quantile(inRow, 0.5), "ms"),
      row("one after the other: p99", quantile(inRow, 0.99), "ms"),
      row("two replicas by turns: median", quantile(byTurns, 0.5), "ms"),
      row("two replicas by turns: p99", quantile(byTurns, 0.99), "ms"),
      row(`${AT_ONCE} at once over two replicas: the last`, Math.max(...burst), "ms", {
        atMost: 2_000,
      }),
    ];
  } finally {
    client.close();
    await plane.stop();
  }
}

/** Tell of one more change, and try again whenever another replica was faster. */
async function tell(replica: ReplicaLedger, at: number): Promise<void> {
  for (;;) {
    const { heard } = replica;
    // oxlint-disable-next-line no-await-in-loop -- each attempt follows from the one before
    const told = await replica.tell(change(at), { heard, timeoutMs: 2_000, isSeen: () => true });
    if (!told.ok) throw new Error(told.error.message);
    if (told.value === "told") return;
  }
}

/** One after the other, in milliseconds. */
async function timesOf(work: (at: number) => Promise<void>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let at = -WARM_UP; at < TELLINGS; at += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    const time = await timed(() => work(at));
    if (at >= 0) times.push(time);
  }
  return times;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const peer = (app: string): object => ({ podSelector: { matchLabels: { app } } });

/** A policy of the usual size. */
function change(at: number): object {
  return {
    kind: "NetworkPolicy",
    operation: "CREATE",
    namespace: "shop",
    name: `web-${at}`,
    object: {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { namespace: "shop", name: `web-${at}`, labels: { app: "web" } },
      spec: {
        podSelector: { matchLabels: { app: "web" } },
        policyTypes: ["Ingress"],
        ingress: [
          { from: [peer("api"), peer("front")], ports: [{ protocol: "TCP", port: 8080 }] },
          { from: [peer("metrics")], ports: [{ protocol: "TCP", port: 9090 }] },
        ],
      },
    },
    oldObject: null,
  };
}
