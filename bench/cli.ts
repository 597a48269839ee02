import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { stagePlugin } from "../scripts/bundle-plugin.ts";
import { generateManifests } from "./manifest-generator.ts";
import { type BenchRow, quantile, row } from "./row.ts";
import { scaled } from "./scale.ts";

const MANIFESTS = 100;
const RUNS = scaled(25);
const SEED = 4;

/** How long whole processes of the plugin take, beside a Node process that does nothing. */
export async function benchCli(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-bench-cli-"));
  const plugin = await stagePlugin();
  try {
    const manifests = generateManifests(MANIFESTS, SEED);
    for (const [index, documents] of manifests.files.entries()) {
      // Tools repeat equal values instead of writing an anchor and an alias.
      const text = documents
        .map((document) => stringify(document, { aliasDuplicateObjects: false }))
        .join("---\n");
      writeFileSync(join(folder, `${String(index).padStart(3, "0")}.yaml`), text);
    }
    const { from, to, port } = manifests.flow;
    const flow = ["--src-pod", from, "--dst-pod", to, "--port", port];
    const completion = join(dirname(plugin.program), "kubectl_complete-network_policy");
    return measure([
      { name: "bare node", args: ["-e", ""] },
      { name: "--help", args: [plugin.program, "--help"], atMost: 150 },
      { name: "completion of a flag", args: [completion, "simulate", "--src"], atMost: 150 },
      {
        name: `simulate on ${MANIFESTS} manifests`,
        args: [plugin.program, "simulate", "--manifests", folder, ...flow],
        atMost: 400,
      },
    ]);
  } finally {
    plugin.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Subject {
  readonly name: string;
  readonly args: readonly string[];
  /** Milliseconds. */
  readonly atMost?: number;
}

/** The subjects take turns, so that noise affects all of them. */
function measure(subjects: readonly Subject[]): readonly BenchRow[] {
  const times = subjects.map((): number[] => []);
  for (let run = 0; run <= RUNS; run++) {
    for (const [index, { name, args }] of subjects.entries()) {
      const start = performance.now();
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      const ms = performance.now() - start;
      if (status !== 0) throw new Error(`${name} ended with ${String(status)}: ${stderr}`);
      // The first run fills the disk cache.
      if (run > 0) times[index]?.push(ms);
    }
  }
  const bare = quantile(times[0] ?? [], 0.5);
  return subjects.flatMap(({ name, atMost }, index) => {
    const own = times[index] ?? [];
    const median = quantile(own, 0.5);
    return [
      row(`${name}, median`, median, "ms", atMost === undefined ? undefined : { atMost }),
      // The fastest run is the one with the least noise of the machine.
      row(`${name}, best`, Math.min(...own), "ms"),
      ...(index === 0 ? [] : [row(`${name}, median in bare nodes`, median / bare, "x")]),
    ];
  });
}
