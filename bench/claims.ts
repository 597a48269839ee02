import { parseCidr } from "../src/engine/address.ts";
import { MatchingEngine } from "../src/engine/matching-engine.ts";
import type { Change, EndSet, FlowClaim, PortRange, Selector } from "../src/engine/model.ts";
import type { HeldClaim } from "../src/engine/query.ts";
import { type ClusterSize, TEAMS } from "./catalogue.ts";
import { changesOf, engineCluster, policyReviews } from "./engine-cluster.ts";
import { heap, timed } from "./measure.ts";
import { Random } from "./random.ts";
import { type BenchRow, quantile, row } from "./row.ts";
import { scaled } from "./scale.ts";

const SIZES = {
  "10k": { namespaces: 500, pods: 10_000, policies: 1_000 },
  "100k": { namespaces: 5_000, pods: 100_000, policies: 10_000 },
} as const satisfies Record<string, ClusterSize>;

/** What it costs to hold claims, to ask what changes do to them, and to audit them. */
export function benchClaims(): readonly BenchRow[] {
  return Object.entries(SIZES).flatMap(([name, size]) => measure(name, size));
}

function measure(name: string, size: ClusterSize): readonly BenchRow[] {
  const cluster = engineCluster(size);
  const engine = new MatchingEngine();
  for (const change of changesOf(cluster)) engine.apply(change);
  const previews = policyReviews(cluster, new Random(7), scaled(1_000));
  previewTimes(engine, previews.slice(0, 300), []);
  const bare = previewTimes(engine, previews, []);
  const held: HeldClaim[] = [];
  const holding = [10, 100].flatMap((count) => {
    const before = heap();
    const { classes } = engine.stats();
    const times = claims(size)
      .slice(held.length, count)
      .map((claim) => timed(() => held.push(engine.hold(claim))));
    const memory = (heap() - before) / 1e6;
    const idle = previewTimes(engine, previews, []);
    const asked = previewTimes(engine, previews, held);
    const added = (all: readonly number[], q: number): number =>
      quantile(all, q) - quantile(bare, q);
    return [
      row(`${name}, ${count} claims: hold one, worst`, Math.max(...times) / 1e3, "ms", {
        atMost: 500,
      }),
      row(`${name}, ${count} claims: memory added`, memory, "MB", { atMost: 100 }),
      row(`${name}, ${count} claims: classes added`, engine.stats().classes - classes, ""),
      row(
        `${name}, ${count} claims: added to a preview, not asked, median`,
        added(idle, 0.5),
        "us",
      ),
      row(`${name}, ${count} claims: added to a preview, asked, median`, added(asked, 0.5), "us", {
        atMost: 200,
      }),
      row(`${name}, ${count} claims: added to a preview, asked, p99`, added(asked, 0.99), "us"),
      row(
        `${name}, ${count} claims: preview p99, asked against without`,
        quantile(asked, 0.99) / quantile(bare, 0.99),
        "x",
        { atMost: 4 },
      ),
      row(
        `${name}, ${count} claims: concerned by a preview, mean`,
        concerned(engine, previews),
        "",
      ),
    ];
  });
  const audits = held.slice(0, KINDS.length).map((claim, index) => {
    const times = [1, 2, 3].map(() => timed(() => engine.breaches(claim, 20)));
    const title = `${name}: breaches of ${KINDS[index]}`;
    return row(title, Math.min(...times) / 1e3, "ms", { atMost: 500 });
  });
  const pending = previews.slice(0, 5);
  const assumed = previews.map((change) => {
    const once = (): number =>
      timed(() => engine.assume(pending, () => engine.preview([change], () => null)));
    return Math.min(...Array.from({ length: ROUNDS }, once));
  });
  return [
    row(`${name}: preview without claims, median`, quantile(bare, 0.5), "us"),
    row(`${name}: preview without claims, p99`, quantile(bare, 0.99), "us"),
    ...holding,
    ...audits,
    row(
      `${name}: added to a preview by 5 changes that are assumed, median`,
      quantile(assumed, 0.5) - quantile(bare, 0.5),
      "us",
      { atMost: 1_000 },
    ),
  ];
}

/** The kinds of the first claims, in order. */
const KINDS = [
  "closed: the world to all data pods",
  "closed: half of all teams to the other half",
  "open: every pod to every pod of a team",
  "closed: one namespace to another",
  "open: a namespace to DNS",
  "closed: one team to the databases of another",
  "open: monitoring to all pods of a team",
  "closed: the batch jobs of a team to all nodes",
];

function label(key: string, ...values: readonly string[]): Selector {
  return [{ key, operator: "In", values }];
}

function pods(where: Selector, which: Selector): EndSet {
  const namespaces = { kind: "selector", selector: where } as const;
  return { kind: "pods", selection: { namespaces, pods: which } };
}

function named(namespace: string, which: Selector = []): EndSet {
  return pods(label("kubernetes.io/metadata.name", namespace), which);
}

function tcp(...ports: readonly number[]): readonly PortRange[] {
  return ports.map((port) => ({ protocol: "TCP", first: port, last: port }));
}

/** Claims as organisations make them, of each kind in turn. */
function claims({ namespaces }: ClusterSize): readonly FlowClaim[] {
  const random = new Random(5);
  const nodes = parseCidr("172.16.0.0/16");
  return Array.from({ length: 100 }, (_, index): FlowClaim => {
    const [team = "", other = ""] = [TEAMS[index % 8], TEAMS[(index + 1 + random.below(6)) % 8]];
    const [one, two] = [`team-${3 + random.below(namespaces - 3)}`, `team-${3 + random.below(40)}`];
    const own = pods(label("team", team), []);
    const narrow: readonly FlowClaim[] = [
      {
        sense: "closed",
        from: [own],
        to: [pods(label("team", other), label("app", "db", "cache"))],
        ports: tcp(3306, 5432, 6379),
      },
      {
        sense: "open",
        from: [named("monitoring", label("app", "prometheus"))],
        to: [own],
        ports: tcp(9102),
      },
      {
        sense: "closed",
        from: [pods(label("team", team), label("tier", "batch"))],
        to: [{ kind: "addresses", ranges: nodes === null ? [] : [nodes] }],
        ports: "all",
      },
      { sense: "closed", from: [named(one)], to: [named(two)], ports: "all" },
      {
        sense: "open",
        from: [named(one)],
        to: [named("kube-system", label("k8s-app", "kube-dns"))],
        ports: [{ protocol: "UDP", first: 53, last: 53 }, ...tcp(53)],
      },
    ];
    const wide: readonly FlowClaim[] = [
      {
        sense: "closed",
        from: [{ kind: "world" }],
        to: [pods([], label("tier", "data"))],
        ports: "all",
      },
      {
        sense: "closed",
        from: [pods(label("team", ...TEAMS.slice(0, 4)), [])],
        to: [pods(label("team", ...TEAMS.slice(4)), [])],
        ports: "all",
      },
      { sense: "open", from: [pods([], [])], to: [own], ports: tcp(8080) },
    ];
    // Few organisations have many claims about half of their cluster.
    const kinds = index < 3 ? wide : narrow;
    return kinds[index % kinds.length] ?? { sense: "closed", from: [], to: [], ports: "all" };
  });
}

/**
 * Microseconds of each preview that also asks about the claims that the change concerns: the fastest of several
 * rounds, as other load on the machine only adds to it.
 */
function previewTimes(
  engine: MatchingEngine,
  changes: readonly Change[],
  held: readonly HeldClaim[],
): readonly number[] {
  const once = (change: Change): number =>
    timed(() =>
      engine.preview([change], (_, delta, preview) => {
        const asked = held.length === 0 ? [] : preview.concerned();
        return [delta, asked.map((claim) => preview.breaches(claim, 5))];
      }),
    );
  return changes.map((change) => Math.min(...Array.from({ length: ROUNDS }, () => once(change))));
}

const ROUNDS = 3;

function concerned(engine: MatchingEngine, changes: readonly Change[]): number {
  const counts = changes.map((change) =>
    engine.preview([change], (_, __, preview) => preview.concerned().length),
  );
  return counts.reduce((sum, count) => sum + count, 0) / counts.length;
}
