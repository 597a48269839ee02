import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority, issueCertificate } from "../test/support/certificates.ts";
import { CLUSTER } from "./admission-cluster.ts";
import { asDryRun, createReviews } from "./admission-reviews.ts";
import { BenchServer } from "./bench-server.ts";
import type { Manifest } from "./catalogue.ts";
import { generateCluster } from "./cluster-generator.ts";
import { LoadGenerator, type Target } from "./load-generator.ts";
import { type BenchRow, quantile, row } from "./row.ts";
import { scaled } from "./scale.ts";

const REVIEWS = scaled(1_000);
/** Requests until the code is compiled, so that a process is measured that has run for a while. */
const WARM_UP = scaled(20_000);
const ROUND = scaled(1_000);
const ROUNDS = scaled(31);
const SOAK = scaled(200_000);

interface Servers {
  readonly bare: BenchServer;
  readonly ringfence: BenchServer;
  readonly governed: BenchServer;
  readonly ca: string;
}

interface Workload {
  readonly name: string;
  readonly server: "ringfence" | "governed";
  readonly reviews: readonly Manifest[];
  /** The 99th percentile of a decision's time, in ms. */
  readonly p99: { readonly atMost: number };
  /** Share of the bare handler's throughput, where there is a target. */
  readonly ratio?: { readonly atLeast: number };
}

/**
 * The real server over TLS with kept-alive connections, and beside it, in the same run and by turns,
 * a bare Fastify handler that parses the same reviews and allows them.
 */
export async function benchAdmission(): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), "ringfence-bench-"));
  const authority = await createAuthority(folder);
  const certificate = await issueCertificate(authority, join(folder, "serving"));
  const ca = await readFile(authority.certificate, "utf8");
  const [bare, ringfence, governed] = await Promise.all([
    BenchServer.start("bare", certificate),
    BenchServer.start("ringfence", certificate),
    BenchServer.start("governed", certificate),
  ]);
  const servers = { bare, ringfence, governed, ca };
  const { small, everyday } = createReviews(generateCluster(CLUSTER), REVIEWS);
  try {
    return [
      ...(await compare(servers, {
        name: "policies that change little",
        server: "ringfence",
        reviews: small,
        p99: { atMost: 1 },
        ratio: { atLeast: 0.7 },
      })),
      ...(await compare(servers, {
        name: "everyday changes",
        server: "ringfence",
        reviews: everyday,
        p99: { atMost: 1 },
      })),
      ...(await compare(servers, {
        name: "policies that change little, all rules, 50 expressions, 200 invariants",
        server: "governed",
        reviews: small.map(asDryRun),
        p99: { atMost: 3 },
        ratio: { atLeast: 0.4 },
      })),
      await soak(ringfence, { port: ringfence.port, ca }, small),
    ];
  } finally {
    bare.stop();
    ringfence.stop();
    governed.stop();
    await rm(folder, { recursive: true });
  }
}

async function compare(servers: Servers, workload: Workload): Promise<readonly BenchRow[]> {
  const { bare, ca } = servers;
  const { name, reviews, p99, ratio } = workload;
  const ringfence = servers[workload.server];
  const bodies = reviews.map((review) => JSON.stringify(review));
  const bareLoad = await LoadGenerator.connect({ port: bare.port, ca }, bodies);
  const load = await LoadGenerator.connect({ port: ringfence.port, ca }, bodies);
  await bareLoad.closedLoop(WARM_UP);
  await load.closedLoop(WARM_UP);
  await ringfence.durations();
  // By turns, so that other load on the machine affects both; the median round of each counts.
  const bareRounds: Round[] = [];
  const rounds: Round[] = [];
  for (let index = 0; index < ROUNDS; index += 1) {
    bareRounds.push(await round(bare, bareLoad));
    rounds.push(await round(ringfence, load));
  }
  const durations = await ringfence.durations();
  const latencies = await load.openLoop(500, scaled(10));
  bareLoad.close();
  load.close();
  const median = (of: readonly Round[], key: keyof Round): number =>
    quantile(
      of.map((each) => each[key]),
      0.5,
    );
  const bareRate = median(bareRounds, "rate");
  const rate = median(rounds, "rate");
  const bareCpu = median(bareRounds, "cpu");
  const cpu = median(rounds, "cpu");
  return [
    row(`${name}: bare handler`, bareRate, "requests/s"),
    row(`${name}: Ringfence`, rate, "requests/s"),
    row(`${name}: ratio`, rate / bareRate, "", ratio),
    row(`${name}: CPU of the bare handler`, bareCpu, "us/request"),
    row(`${name}: CPU of Ringfence`, cpu, "us/request"),
    row(`${name}: ratio of CPU`, bareCpu / cpu, ""),
    row(`${name}: decision median`, quantile(durations, 0.5), "ms"),
    row(`${name}: decision p99`, quantile(durations, 0.99), "ms", p99),
    row(`${name}: request p99 at 500/s`, quantile(latencies, 0.99), "ms"),
    row(`${name}: slowest request at 500/s`, Math.max(...latencies), "ms", { atMost: 20 }),
  ];
}

interface Round {
  /** Requests a second. */
  readonly rate: number;
  /** Microseconds a request. */
  readonly cpu: number;
}

async function round(server: BenchServer, load: LoadGenerator): Promise<Round> {
  const before = await server.cpu();
  const rate = await load.closedLoop(ROUND);
  return { rate, cpu: ((await server.cpu()) - before) / ROUND };
}

/** How much the settled heap grows over many requests. */
async function soak(
  server: BenchServer,
  target: Target,
  reviews: readonly Manifest[],
): Promise<BenchRow> {
  const bodies = reviews.map((review) => JSON.stringify(review));
  const load = await LoadGenerator.connect(target, bodies);
  const before = await server.heap();
  for (let done = 0; done < SOAK; done += SOAK / 10) {
    await load.closedLoop(SOAK / 10);
    await server.durations();
  }
  const growth = (await server.heap()) - before;
  load.close();
  return row(`heap growth over ${SOAK} requests`, growth / 1e6, "MB", { atMost: 5 });
}
