/**
 * Ringfence without a cluster: the real server, over TLS on loopback, judges changes to the example in
 * `examples/shop`. Exits with 1 where an answer is not the one that the example says it should be.
 * With `--serve` it goes on serving instead.
 */
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../src/config/load-config.ts";
import { readResources } from "../src/config/resource-folder.ts";
import { MatchingEngine } from "../src/engine/matching-engine.ts";
import { problemText } from "../src/errors.ts";
import { DEFAULT_BASELINE } from "../src/resources/baseline.ts";
import { renderBaseline } from "../src/resources/render-baseline.ts";
import type { Resource } from "../src/resources/resource.ts";
import { ask } from "./demo/ask.ts";
import { readChanges } from "./demo/change.ts";
import { EmbeddedCluster, valueOf } from "./demo/embedded-cluster.ts";
import { kubernetesObject, readObjects, runControllers } from "./demo/example-cluster.ts";
import { complaints } from "./demo/expectation.ts";
import { print, printAnswer } from "./demo/print.ts";
import { ReviewClient } from "./demo/review-client.ts";
import { startWebhook } from "./demo/start-webhook.ts";

const example = fileURLToPath(new URL("../examples/shop", import.meta.url));
const isServing = process.argv.includes("--serve");
// The product's own flags and variables, for those who want another port.
const flags = process.argv.slice(2).filter((argument) => argument !== "--serve");
const loaded = loadConfig(flags, process.env);
if (!loaded.ok) {
  for (const problem of loaded.error) console.error(problemText(problem));
  process.exit(2);
}
const config = loaded.value;
const dns = {
  namespace: config.dnsNamespace,
  podLabels: config.dnsPodLabels,
  addresses: config.dnsAddresses,
  ports: [],
};
const clusterValues = { ...config, dns, apiServerAddresses: [] };
const cluster = new EmbeddedCluster(new MatchingEngine(), config.webhookPort);
for (const object of runControllers(await readObjects(join(example, "cluster")))) {
  cluster.upsert(object);
}
for (const namespace of ["shop", "payments"]) keepBaseline(namespace);

const webhook = await startWebhook(cluster, clusterValues, {
  config,
  port: isServing ? config.webhookPort : 0,
  resources: await readOwnResources(join(example, "resources")),
});
const { namespaces, pods, policies } = cluster.engine.stats();
print(
  `Ringfence over examples/shop: ${namespaces} namespaces, ${pods} pods, ${policies} policies.`,
);
print(`Listening on ${webhook.url}, without a cluster.`);
if (isServing) await serve();
else await runChanges();

/** Ask about every change of the example, one after the other, and commit what is admitted. */
async function runChanges(): Promise<void> {
  const client = new ReviewClient(webhook.url, webhook.ca);
  const changes = await readChanges(join(example, "changes"));
  let surprises = 0;
  for (const [index, change] of changes.entries()) {
    const answer = await ask(client, cluster, change);
    printAnswer(index + 1, answer);
    const wrong = complaints(answer);
    if (wrong.length > 0) surprises += 1;
    for (const complaint of wrong) print(`   ${change.file}: ${complaint}`, "magenta");
    const { operation } = answer.situation;
    if (answer.stored !== null) cluster.upsert(answer.stored);
    else if (answer.response.allowed && operation === "DELETE") cluster.deletePolicy(change.object);
    if (change.object.kind === "Namespace" && answer.stored !== null) {
      keepBaseline(change.object.metadata.name);
    }
  }
  client.close();
  await webhook.stop();
  print("");
  print(
    surprises === 0
      ? `All ${changes.length} answers are the expected ones.`
      : `${surprises} of ${changes.length} answers are not what the example expects.`,
    surprises === 0 ? "green" : "magenta",
  );
  process.exitCode = surprises === 0 ? 0 : 1;
}

/** Keep serving until told to stop, with what a client needs to trust the certificate. */
async function serve(): Promise<void> {
  const file = join(await mkdtemp(join(tmpdir(), "ringfence-")), "ca.crt");
  await writeFile(file, webhook.ca);
  const review = "-H content-type:application/json -d @examples/shop/review.json";
  print(`Ask it: curl --cacert ${file} ${review} ${webhook.url}/validate`);
  print("Stop with Ctrl-C.");
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void webhook.stop());
  }
}

/** The resources of Ringfence's own kinds in a folder. */
async function readOwnResources(folder: string): Promise<readonly Resource[]> {
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  return valueOf(
    readResources(
      await Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, "utf8") }))),
    ),
  );
}

/** What the baseline controller does in a cluster for a namespace that has opted in. */
function keepBaseline(namespace: string): void {
  const facts = { ...clusterValues, namespace, labels: new Map(), annotations: new Map() };
  const rendered = renderBaseline(DEFAULT_BASELINE, facts);
  for (const policy of rendered.ok ? rendered.value : []) {
    cluster.upsert(kubernetesObject.parse(policy));
  }
}
