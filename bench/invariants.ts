import type { Admission } from "../src/admission/handle.ts";
import { keepGarbageYoung } from "../src/server/heap.ts";
import { field } from "../src/wire/shape.ts";
import { CLUSTER } from "./admission-cluster.ts";
import { asDryRun, createReviews } from "./admission-reviews.ts";
import type { Manifest } from "./catalogue.ts";
import { type GeneratedCluster, generateCluster } from "./cluster-generator.ts";
import { embeddedAdmission } from "./embedded-admission.ts";
import { invariantsOf } from "./governance.ts";
import { type BenchRow, quantile, row } from "./row.ts";
import { scaled } from "./scale.ts";

const REVIEWS = scaled(500);
const ROUNDS = scaled(6);
const WARM_UP_ROUNDS = 2;
const COUNTS = [0, 10, 100];

/**
 * What invariants add to a decision about a policy or a starting pod, by their number: the same reviews of the
 * same cluster in the same process, by turns.
 */
export async function benchInvariants(): Promise<readonly BenchRow[]> {
  keepGarbageYoung();
  const generated = generateCluster(CLUSTER);
  const workloads = {
    // Dry runs, as there is no watch that would show what was admitted.
    "everyday policies": createReviews(generated, REVIEWS).everyday.map(asDryRun),
    "pods that start": podReviews(generated),
  };
  const admissions = COUNTS.map((count) =>
    embeddedAdmission(generated, { resources: invariantsOf(count) }),
  );
  const rows: BenchRow[] = [];
  for (const [name, reviews] of Object.entries(workloads)) {
    const bodies = reviews.map((review) => JSON.stringify(review));
    const times = COUNTS.map((): number[] => []);
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
      for (const [index, admission] of admissions.entries()) {
        const measured = await ask(admission, bodies);
        if (round >= 0) times[index]?.push(...measured);
      }
    }
    for (const [index, count] of COUNTS.entries()) {
      const of = times[index] ?? [];
      rows.push(row(`${name}, ${count} invariants: median`, quantile(of, 0.5) * 1e3, "us"));
      rows.push(row(`${name}, ${count} invariants: p99`, quantile(of, 0.99) * 1e3, "us"));
    }
  }
  return rows;
}

/** Milliseconds of each decision. */
async function ask(admission: Admission, bodies: readonly string[]): Promise<readonly number[]> {
  const times: number[] = [];
  for (const body of bodies) {
    const review: unknown = JSON.parse(body);
    const started = performance.now();
    await admission.handle("validate", review, started + 10_000);
    times.push(performance.now() - started);
  }
  return times;
}

/** The API server's question about another pod of an existing workload. */
function podReviews({ pods }: GeneratedCluster): readonly Manifest[] {
  return Array.from({ length: REVIEWS }, (_, index) => {
    const pod = pods[(index * 7) % pods.length];
    const metadata = { ...(field(pod, "metadata") as object), name: `new-${index}` };
    return {
      kind: "AdmissionReview",
      apiVersion: "admission.k8s.io/v1",
      request: {
        uid: `0df28fbd-5f5f-11e8-bc75-${String(index).padStart(12, "0")}`,
        kind: { group: "", version: "v1", kind: "Pod" },
        name: metadata.name,
        namespace: field(metadata, "namespace"),
        operation: "CREATE",
        userInfo: { username: "system:serviceaccount:kube-system:replicaset-controller" },
        object: { apiVersion: "v1", kind: "Pod", metadata, spec: field(pod, "spec"), status: {} },
        oldObject: null,
        dryRun: false,
      },
    };
  });
}
