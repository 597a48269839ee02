import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient } from "../src/cluster/api-client.ts";
import { startController } from "../test/cluster/running-controller.ts";
import { ControlPlane } from "../test/support/control-plane.ts";
import { installControlPlane } from "../test/support/install-control-plane.ts";
import { type BenchRow, quantile, row } from "./row.ts";
import { scaled } from "./scale.ts";

const SINGLE = scaled(50);
const CROWD = scaled(200);
const PATIENCE_MS = 60_000;

/**
 * How long a namespace is without its baseline after the request that opts it in, through the real API server.
 * With `podsWaitForBaseline` pods do not start in that gap.
 */
export async function benchBaseline(): Promise<readonly BenchRow[]> {
  const installed = await installControlPlane();
  if (installed.kind === "missing") throw new Error(installed.reason);
  const plane = await ControlPlane.start(installed.folder);
  const client = new ApiClient({ kubeconfig: plane.adminKubeconfig });
  const controller = await startController(client);
  try {
    const gaps = new Map<string, Promise<number>>();
    const optIn = (name: string): Promise<number> => {
      const gap = gapOf(plane, controller, name);
      gaps.set(name, gap);
      return gap;
    };
    const single: number[] = [];
    for (let index = 0; index < SINGLE; index += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      single.push(await optIn(`single-${index}`));
    }
    const names = Array.from({ length: CROWD }, (_, index) => `crowd-${index}`);
    const crowd = await Promise.all(names.map(optIn));
    // If there is a second write, it comes when the watch shows the first.
    await sleep(2_000);
    const writes = [...gaps.keys()].reduce((sum, name) => sum + controller.writes(name).length, 0);
    return [
      row("one namespace opts in: median gap", quantile(single, 0.5), "ms"),
      row("one namespace opts in: p99 of the gap", quantile(single, 0.99), "ms", { atMost: 1_000 }),
      row(`${CROWD} opt in at once: median gap`, quantile(crowd, 0.5), "ms"),
      row(`${CROWD} opt in at once: longest gap`, Math.max(...crowd), "ms", { atMost: 15_000 }),
      row("writes for each policy", writes / (2 * gaps.size), "", { atMost: 1 }),
    ];
  } finally {
    await controller.stop();
    client.close();
    await plane.stop();
  }
}

async function gapOf(
  plane: ControlPlane,
  controller: Awaited<ReturnType<typeof startController>>,
  name: string,
): Promise<number> {
  const started = performance.now();
  const labels = { "ringfence.dev/profile": "restricted" };
  await plane.create("/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels },
  });
  const inPlace = (): boolean =>
    controller.notices.some(
      (notice) => notice.kind === "baseline-in-place" && notice.namespace === name,
    );
  while (!inPlace()) {
    if (performance.now() - started > PATIENCE_MS) throw new Error(`no baseline in ${name}`);
    // oxlint-disable-next-line no-await-in-loop -- waiting is what the loop is for
    await sleep(1);
  }
  return performance.now() - started;
}
