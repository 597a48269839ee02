import { keepGarbageYoung } from "../src/server/heap.ts";
import { CLUSTER } from "./admission-cluster.ts";
import { asDryRun, policyReview } from "./admission-reviews.ts";
import type { Manifest } from "./catalogue.ts";
import { generateCluster } from "./cluster-generator.ts";
import { embeddedAdmission } from "./embedded-admission.ts";
import { type BenchRow, row } from "./row.ts";
import { scaled } from "./scale.ts";

/** The largest number of parts in a policy that is judged (`policyPartsLimit`). */
const PARTS = scaled(30_000);
const ROUNDS = 8;

const MEGABYTES = 3;

/** How long the largest policies that are judged keep all other requests waiting, and how long it takes to refuse larger ones. */
export async function benchLargePolicies(): Promise<readonly BenchRow[]> {
  keepGarbageYoung();
  let outcome = "";
  const admission = embeddedAdmission(generateCluster(CLUSTER), {
    answered: (record) => {
      outcome = record.outcome;
    },
  });
  const time = async (spec: Manifest): Promise<number> => {
    const body = JSON.stringify(review(spec));
    const measured: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const started = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they are measured
      await admission.handle("validate", JSON.parse(body), Number.POSITIVE_INFINITY);
      measured.push(performance.now() - started);
    }
    return Math.min(...measured);
  };
  const rows: BenchRow[] = [];
  for (const [name, spec] of Object.entries(SHAPES)) {
    // Some shapes take so long for so many pods that fewer parts are judged.
    for (let parts = PARTS; parts > 0; parts = Math.floor(parts * 0.9)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they are measured
      const ms = await time(spec(parts));
      const isJudged = outcome !== "too-large";
      if (isJudged || parts === PARTS) {
        const told = isJudged ? name : `${name}, refused`;
        rows.push(row(`${parts} parts: ${told}`, ms, "ms", { atMost: 1000 }));
      }
      if (isJudged) break;
    }
  }
  const megabytes = await time(addresses((MEGABYTES * 1e6) / 40));
  if (outcome !== "too-large") throw new Error(`${MEGABYTES} MB: ${outcome}`);
  return [...rows, row(`${MEGABYTES} MB, refused`, megabytes, "ms", { atMost: 1000 })];
}

const addresses = (parts: number): Manifest =>
  ingress([{ from: times(parts, (at) => ({ ipBlock: { cidr: `${address(at)}/32` } })) }]);

/** Policies of nothing but one kind of part. */
const SHAPES: Readonly<Record<string, (parts: number) => Manifest>> = {
  addresses,
  exceptions: (parts) =>
    ingress([
      {
        from: [
          {
            ipBlock: {
              cidr: "0.0.0.0/0",
              except: times(parts - 10, (at) => `${address(at)}/32`),
            },
          },
        ],
      },
    ]),
  "rules with a port": (parts) =>
    ingress(
      times(parts / 5, (at) => ({
        from: [{ podSelector: { matchLabels: { app: "api" } } }],
        ports: [{ protocol: "TCP", port: 1 + at }],
      })),
    ),
  "rules with a block and a port, for all pods": (parts) => ({
    podSelector: {},
    policyTypes: ["Egress"],
    egress: times(parts / 3, (at) => ({
      to: [{ ipBlock: { cidr: `${address(at)}/32` } }],
      ports: [{ protocol: "TCP", port: 1 + at }],
    })),
  }),
  "namespaces by name": (parts) =>
    ingress([
      {
        from: times(parts / 3, (at) => ({
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": `team-${at}` } },
        })),
      },
    ]),
  "labels that nobody has": (parts) =>
    ingress([
      {
        from: times(parts / 3, (at) => ({
          namespaceSelector: {},
          podSelector: { matchLabels: { [`label-${at}`]: "x" } },
        })),
      },
    ]),
  "values of a label": (parts) =>
    ingress([
      {
        from: [
          {
            namespaceSelector: {},
            podSelector: {
              matchExpressions: [
                { key: "app", operator: "NotIn", values: times(parts, (at) => `app-${at}`) },
              ],
            },
          },
        ],
      },
    ]),
  "named ports, to everybody": (parts) => ({
    podSelector: {},
    policyTypes: ["Egress"],
    egress: [
      {
        to: [{ namespaceSelector: {} }],
        ports: times(parts - 10, (at) => ({ protocol: "TCP", port: `port-${at}` })),
      },
    ],
  }),
};

function ingress(rules: readonly Manifest[]): Manifest {
  return {
    podSelector: { matchLabels: { app: "web" } },
    policyTypes: ["Ingress"],
    ingress: rules,
  };
}

function times<T>(count: number, make: (at: number) => T): readonly T[] {
  return Array.from({ length: Math.floor(count) - 5 }, (_, at) => make(at));
}

/** Every other address, so that no two are neighbours. */
function address(at: number): string {
  return `20.${(at >> 15) & 255}.${(at >> 7) & 255}.${(at & 127) * 2}`;
}

function review(spec: Manifest): Manifest {
  const object = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "large", namespace: "team-11" },
    spec,
  };
  return asDryRun(policyReview(0, "CREATE", object, null));
}
