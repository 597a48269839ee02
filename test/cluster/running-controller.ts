import type { ApiClient } from "../../src/cluster/api-client.ts";
import type { BackOff } from "../../src/cluster/back-off.ts";
import { BaselineController, type BaselineOptions } from "../../src/cluster/baseline-controller.ts";
import { ClusterState } from "../../src/cluster/cluster-state.ts";
import type { ClusterNotice } from "../../src/cluster/notice.ts";
import { DATAPLANES } from "../../src/engine/dataplane.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import { type Baseline, DEFAULT_BASELINE } from "../../src/resources/baseline.ts";
import { isLeftAlone, renderBaseline } from "../../src/resources/render-baseline.ts";
import type { RollOut } from "../../src/rules/resource-report.ts";
import { succeed } from "../wire/describe-policy.ts";

const dns = {
  namespace: "kube-system",
  podLabels: { "k8s-app": "kube-dns" },
  addresses: ["169.254.20.10", "fd00::10"],
  ports: [53],
};
const cluster = { dns, podCidrs: [], serviceCidrs: [], apiServerAddresses: [] };
/** The policies of a baseline for a namespace. */
export const render = (namespace: string, baseline = DEFAULT_BASELINE): readonly object[] =>
  succeed(
    renderBaseline(baseline, { ...cluster, namespace, labels: new Map(), annotations: new Map() }),
  );

export interface Running {
  readonly state: ClusterState;
  readonly notices: readonly ClusterNotice[];
  writes(namespace: string): readonly string[];
  /** How far the baseline `default` has come. */
  progress(): RollOut | null;
  /** Baselines whose progress has changed. */
  readonly told: readonly string[];
  /** What `progress` was each time. */
  readonly steps: readonly (RollOut | null)[];
  /** Put another baseline in force. */
  use(baseline: Baseline): void;
  /** Write no more, as a process that leads no longer; and lead again. */
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

/** A controller on the synced watches of a cluster. */
export async function startController(
  client: ApiClient,
  rollOutPerSecond = 10,
  backOff: BackOff = { firstMs: 20, maxMs: 100 },
  options: Partial<Pick<BaselineOptions, "isLeftAlone" | "observe">> = {},
): Promise<Running> {
  const notices: ClusterNotice[] = [];
  const told: string[] = [];
  const steps: (RollOut | null)[] = [];
  let baseline: Baseline = DEFAULT_BASELINE;
  const observe = (notice: ClusterNotice): void => {
    notices.push(notice);
    options.observe?.(notice);
  };
  const controller = new BaselineController({
    client,
    render: (joined) => ({
      baseline: baseline.name,
      policies: renderBaseline(baseline, { ...cluster, ...joined }),
    }),
    rollOutPerSecond,
    onProgress: (name) => {
      told.push(name);
      steps.push(controller.rollOutOf("default"));
    },
    isLeftAlone: options.isLeftAlone ?? ((name) => isLeftAlone(name, "ringfence-system")),
    observe,
    backOff,
  });
  const state = new ClusterState({
    client,
    engine: new MatchingEngine({ dataplane: DATAPLANES.generic }),
    dnsService: { namespace: "kube-system", name: "kube-dns" },
    ownNamespace: "ringfence-system",
    webhookPort: 9443,
    staleAfterMs: 300_000,
    policyPartsLimit: 30_000,
    observe,
    listener: controller,
  });
  state.start();
  await state.whenSynced();
  controller.start();
  return {
    state,
    notices,
    told,
    steps,
    progress: () => controller.rollOutOf("default"),
    use: (next) => {
      baseline = next;
      controller.refresh();
    },
    pause: () => controller.stop(),
    resume: () => controller.start(),
    writes: (namespace) =>
      notices.flatMap((one) =>
        one.kind === "baseline-written" && one.namespace === namespace ? one.policy : [],
      ),
    stop: async () => {
      await controller.stop();
      await state.stop();
    },
  };
}

export function selecting(app: string): object {
  return { podSelector: { matchLabels: { app } } };
}

export function policyPath(namespace: string, name: string): string {
  return `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`;
}
