import { performance } from "node:perf_hooks";
import { DATAPLANES } from "../src/engine/dataplane.ts";
import { MatchingEngine } from "../src/engine/matching-engine.ts";
import type { Change, Pod, Policy } from "../src/engine/model.ts";
import type { Flow } from "../src/engine/query.ts";
import { naiveVerdict } from "../test/engine/oracle.ts";
import type { ClusterSize } from "./catalogue.ts";
import { changesOf, type EngineCluster, engineCluster, policyReviews } from "./engine-cluster.ts";
import { heap, timesOf } from "./measure.ts";
import { Random } from "./random.ts";
import { type BenchRow, quantile, row } from "./row.ts";
import { scaled } from "./scale.ts";

const SIZES = {
  "1k": { namespaces: 50, pods: 1_000, policies: 100 },
  "10k": { namespaces: 500, pods: 10_000, policies: 1_000 },
  "50k": { namespaces: 2_500, pods: 50_000, policies: 5_000 },
  "100k": { namespaces: 5_000, pods: 100_000, policies: 10_000 },
} as const satisfies Record<string, ClusterSize>;

interface Measured {
  readonly rows: readonly BenchRow[];
  readonly build: number;
  readonly verdict: number;
  readonly preview: number;
}

/** The engine alone, on one thread, over generated clusters of growing size. */
export function benchEngine(): readonly BenchRow[] {
  const small = measure("1k", SIZES["1k"], false);
  const medium = measure("10k", SIZES["10k"], false);
  const larger = connectivityOnly("50k", SIZES["50k"]);
  const large = measure("100k", SIZES["100k"], true);
  return [
    ...small.rows,
    ...medium.rows,
    ...larger,
    ...large.rows,
    row("growth 10k to 100k: build", large.build / medium.build, "x", { atMost: 12 }),
    row("growth 10k to 100k: verdict median", large.verdict / medium.verdict, "x", { atMost: 1.5 }),
    row("growth 10k to 100k: preview median", large.preview / medium.preview, "x", { atMost: 1.5 }),
    naiveRatio(),
  ];
}

function measure(name: string, size: ClusterSize, targets: boolean): Measured {
  const cluster = engineCluster(size);
  const changes = changesOf(cluster);
  const start = performance.now();
  const engine = build(changes);
  const buildMs = performance.now() - start;
  const random = new Random(7);
  const verdicts = verdictRate(engine, randomFlows(engine, random, scaled(100_000)));
  const pods = timesOf(podChanges(cluster, random), (change) => engine.apply(change));
  const policies = timesOf(policyChanges(cluster, random), (change) => engine.apply(change));
  const preview = (change: Change): unknown => engine.preview([change], (_, delta) => delta);
  const previews = timesOf(policyReviews(cluster, random, scaled(2_000)), preview);
  const newKey = timesOf(newKeyChanges(cluster), (change) => engine.apply(change));
  const worst = timesOf(worstChanges(cluster), preview);
  const whole = timesOf([1, 2, 3], () => engine.connectivity(3));
  const bound = <T>(value: T): T | undefined => (targets ? value : undefined);
  const connectivity = { "10k": 200, "100k": 5_000 }[name];
  return {
    build: buildMs,
    verdict: 1 / verdicts.perSecond,
    preview: quantile(previews, 0.5),
    rows: [
      row(`${name}: build`, buildMs, "ms", bound({ atMost: 3_000 })),
      row(`${name}: memory of the index`, memoryOf(size) / 1e6, "MB", bound({ atMost: 250 })),
      row(`${name}: verdicts`, verdicts.perSecond / 1e6, "million/s", bound({ atLeast: 3 })),
      row(`${name}: allocated by a verdict`, verdicts.bytes, "bytes", { atMost: 1 }),
      row(`${name}: pod change median`, quantile(pods, 0.5), "us", bound({ atMost: 20 })),
      row(`${name}: pod change p99`, quantile(pods, 0.99), "us", bound({ atMost: 500 })),
      row(`${name}: policy change median`, quantile(policies, 0.5), "us", bound({ atMost: 200 })),
      row(`${name}: policy change p99`, quantile(policies, 0.99), "us", bound({ atMost: 5_000 })),
      row(
        `${name}: policy with a new label key, worst`,
        Math.max(...newKey) / 1e3,
        "ms",
        bound({ atMost: 50 }),
      ),
      row(`${name}: preview median`, quantile(previews, 0.5), "us", bound({ atMost: 300 })),
      row(`${name}: preview p99`, quantile(previews, 0.99), "us", bound({ atMost: 5_000 })),
      row(
        `${name}: preview of the worst change`,
        Math.max(...worst) / 1e3,
        "ms",
        bound({ atMost: 50 }),
      ),
      row(
        `${name}: connectivity`,
        Math.min(...whole) / 1e3,
        "ms",
        connectivity === undefined ? undefined : { atMost: connectivity },
      ),
      row(`${name}: connectivity rows`, engine.connectivity(1).length, "rows"),
      ...Object.entries(engine.stats()).map(([key, value]) =>
        row(`${name}: ${key}`, Number(value), ""),
      ),
    ],
  };
}

function connectivityOnly(name: string, size: ClusterSize): readonly BenchRow[] {
  const engine = build(changesOf(engineCluster(size)));
  const whole = timesOf([1, 2, 3], () => engine.connectivity(3));
  return [row(`${name}: connectivity`, Math.min(...whole) / 1e3, "ms", { atMost: 1_000 })];
}

function build(changes: readonly Change[]): MatchingEngine {
  const engine = new MatchingEngine();
  for (const change of changes) engine.apply(change);
  return engine;
}

/** How much the heap grows, in bytes, when only the engine is kept. */
function memoryOf(size: ClusterSize): number {
  const empty = heap();
  const engine = build(changesOf(engineCluster(size)));
  const held = heap() - empty;
  return engine.stats().pods > 0 ? held : Number.NaN;
}

function randomFlows(engine: MatchingEngine, random: Random, count: number): readonly Flow[] {
  const ends = Array.from(engine.podKeys(), (key): Flow["from"] => ({ kind: "pod", key }));
  return Array.from({ length: count }, () => ({
    from: random.pick(ends),
    to: random.pick(ends),
    protocol: random.below(4) === 0 ? "UDP" : "TCP",
    port: random.pick([53, 80, 443, 5432, 8080, 9102, 9105]),
  }));
}

function verdictRate(
  engine: MatchingEngine,
  flows: readonly Flow[],
): { readonly perSecond: number; readonly bytes: number } {
  let allowed = 0;
  const round = (): void => {
    // By index: an iterator would allocate, which is not to be measured.
    for (let index = 0; index < flows.length; index++) {
      if (engine.verdict(flows[index] as Flow) === "allowed") allowed++;
    }
  };
  for (let warm = 0; warm < 20; warm++) round();
  const [best] = timesOf(Array.from({ length: 20 }), round).toSorted((a, b) => a - b);
  // The least of several rounds: the compiler's allocations are not to be measured.
  const allocated = Array.from({ length: 5 }, () => {
    const before = process.memoryUsage().heapUsed;
    round();
    return Math.abs(process.memoryUsage().heapUsed - before);
  });
  const bytes = Math.min(...allocated) / flows.length;
  if (allowed === 0) throw new Error("no flow is allowed: the cluster is not what it should be");
  return { perSecond: (flows.length / (best ?? Number.NaN)) * 1e6, bytes };
}

/** A pod comes, is relabelled, goes. */
function podChanges({ pods }: EngineCluster, random: Random): readonly Change[] {
  return Array.from({ length: scaled(2_000) }, (_, index): readonly Change[] => {
    const like = random.pick(pods);
    const object: Pod = { ...like, name: `${like.name}-new-${index}` };
    const relabelled: Pod = { ...object, labels: new Map([...like.labels, ["app", "worker"]]) };
    return [
      { kind: "pod", op: "upsert", object },
      { kind: "pod", op: "upsert", object: relabelled },
      { kind: "pod", op: "delete", key: `${object.namespace}/${object.name}` },
    ];
  }).flat();
}

/** A policy like the others comes, changes, goes. */
function policyChanges({ policies }: EngineCluster, random: Random): readonly Change[] {
  return Array.from({ length: scaled(1_000) }, (_, index): readonly Change[] => {
    const like = random.pick(policies);
    const other = random.pick(policies);
    const object: Policy = { ...like, name: `new-${index}` };
    return [
      { kind: "policy", op: "upsert", object },
      { kind: "policy", op: "upsert", object: { ...object, ingress: other.ingress } },
      { kind: "policy", op: "delete", key: `NetworkPolicy/${object.namespace}/${object.name}` },
    ];
  }).flat();
}

/**
 * Label keys that no policy mentioned before: one that pods of all Deployments have, of StatefulSets, of Jobs,
 * and one that no pod has.
 */
function newKeyChanges({ policies }: EngineCluster): readonly Change[] {
  const [like] = policies.filter(({ name }) => name.startsWith("app-"));
  if (like === undefined) return [];
  return ["pod-template-hash", "statefulset.kubernetes.io/pod-name", "job-name", "nobody"].flatMap(
    (key, index): readonly Change[] => {
      const name = `new-key-${index}`;
      const pods = [{ key, operator: "Exists", values: [] }] as const;
      return [
        {
          kind: "policy",
          op: "upsert",
          object: { ...like, name, subject: { ...like.subject, pods } },
        },
        { kind: "policy", op: "delete", key: `NetworkPolicy/${like.namespace}/${name}` },
      ];
    },
  );
}

/** A policy for every pod of the largest namespace and peers everywhere is opened, and closed. */
function worstChanges({ pods }: EngineCluster): readonly Change[] {
  const sizes = Map.groupBy(pods, ({ namespace }) => namespace);
  const [largest] = [...sizes].toSorted(([, a], [, b]) => b.length - a.length);
  const namespace = largest?.[0] ?? "";
  const open = {
    isolates: true,
    rules: [{ action: "Accept", peers: "all", ports: "all", path: "spec" }],
  } as const;
  const everyone = {
    kind: "pods",
    selection: { namespaces: { kind: "selector", selector: [] }, pods: [] },
  } as const;
  const within = { isolates: true, rules: [{ ...open.rules[0], peers: [everyone] }] } as const;
  const policy = {
    kind: "NetworkPolicy",
    namespace,
    tier: "NetworkPolicy",
    priority: 0,
    readable: true,
  } as const;
  const subject = { namespaces: { kind: "name", name: namespace }, pods: [] } as const;
  return [open, within].flatMap((rules, index): readonly Change[] =>
    [1, 2, 3].map(
      (): Change => ({
        kind: "policy",
        op: "upsert",
        object: { ...policy, name: `worst-${index}`, subject, ingress: rules, egress: rules },
      }),
    ),
  );
}

/** The same questions to the naive loop, at 1k pods and 1k policies. */
function naiveRatio(): BenchRow {
  const cluster = engineCluster({ namespaces: 50, pods: 1_000, policies: 1_000 });
  const engine = build(changesOf(cluster));
  const flows = randomFlows(engine, new Random(9), 2_000);
  const world = { ...cluster, dataplane: DATAPLANES.generic };
  const few = flows.slice(0, 200);
  const [naive = Number.NaN] = timesOf([1], () => few.map((flow) => naiveVerdict(world, flow)));
  const { perSecond } = verdictRate(engine, flows);
  return row(
    "1k pods, 1k policies: verdict against the naive loop",
    (naive / few.length) * (perSecond / 1e6),
    "x",
    { atLeast: 500 },
  );
}
