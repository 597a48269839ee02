/**
 * One of the servers of the admission benchmark, in a process of its own, so that load and server do
 * not share a thread. `node admission-server.ts KIND CERTIFICATE KEY`; speaks by IPC.
 */
import { readFileSync } from "node:fs";
import { fastify } from "fastify";
import { happeningOf } from "../src/admission/happening.ts";
import type { AdmissionObserver } from "../src/admission/record.ts";
import { Logger } from "../src/observability/logger.ts";
import { Metrics } from "../src/observability/metrics.ts";
import { CertificateFiles } from "../src/server/certificate.ts";
import { createServer } from "../src/server/create-server.ts";
import { keepGarbageYoung } from "../src/server/heap.ts";
import { CLUSTER } from "./admission-cluster.ts";
import { generateCluster } from "./cluster-generator.ts";
import { embeddedAdmission } from "./embedded-admission.ts";
import { GOVERNED, governance } from "./governance.ts";

/** A handler that allows everything; Ringfence; Ringfence with every rule, and many expressions and invariants. */
export type ServerKind = "bare" | "ringfence" | "governed";

/** What the parent may ask for. */
export type Question = "durations" | "heap" | "cpu";

export type Reply =
  | { readonly kind: "port"; readonly port: number }
  | { readonly kind: "durations"; readonly durations: readonly number[] }
  | { readonly kind: "heap"; readonly heap: number }
  | { readonly kind: "cpu"; readonly cpu: number };

const [kind, certificatePath = "", keyPath = ""] = process.argv.slice(2);
let durations: number[] = [];

const EXPRESSIONS = 50;
const INVARIANTS = 200;

keepGarbageYoung();

const server = kind === "bare" ? bareServer() : await ringfenceServer(kind === "governed");
await server.listen({ host: "127.0.0.1", port: 0 });
const address = server.server.address();
if (address === null || typeof address === "string") throw new Error("no port");
tell({ kind: "port", port: address.port });

process.on("message", (question: Question) => {
  if (question === "heap") return tell({ kind: "heap", heap: settledHeap() });
  if (question === "cpu") {
    const { user, system } = process.cpuUsage();
    return tell({ kind: "cpu", cpu: user + system });
  }
  tell({ kind: "durations", durations });
  durations = [];
});
process.on("disconnect", () => process.exit());

/** What any webhook on this stack costs: the review is parsed and allowed. */
function bareServer() {
  const app = fastify({
    https: { cert: readFileSync(certificatePath), key: readFileSync(keyPath) },
    keepAliveTimeout: 120_000,
  });
  app.post<{ Body: { request: { uid: string } } }>("/validate", async ({ body }) => {
    durations.push(0);
    return {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: body.request.uid, allowed: true },
    };
  });
  return app;
}

async function ringfenceServer(isGoverned: boolean) {
  const logger = new Logger("info");
  const metrics = new Metrics(() => {
    throw new Error("nobody asks");
  });
  const answered: AdmissionObserver["answered"] = (record) => {
    durations.push(record.durationMs);
    logger.answered(record, 0);
    metrics.answered(record);
    // The Event itself is written after the reply, by another part of Ringfence.
    happeningOf(record);
  };
  const admission = isGoverned
    ? embeddedAdmission(generateCluster({ ...CLUSTER, profile: GOVERNED }), {
        answered,
        resources: governance(EXPRESSIONS, INVARIANTS),
      })
    : embeddedAdmission(generateCluster(CLUSTER), { answered });
  const certificate = await CertificateFiles.open({ certificatePath, keyPath, clientCaPath: "" });
  return createServer({
    admission,
    certificate: certificate.current,
    deadlineMs: 2_000,
    clock: () => performance.now(),
    isDraining: () => false,
  });
}

function settledHeap(): number {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function tell(reply: Reply): void {
  process.send?.(reply);
}
