/** `npm run bench [-- NAME] [--json]`: the benchmarks by name, all of them by default. */
import type { BenchRow } from "./row.ts";

const BENCHES: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  engine: async () => (await import("./engine.ts")).benchEngine(),
  rules: async () => (await import("./rules.ts")).benchRules(),
  invariants: async () => (await import("./invariants.ts")).benchInvariants(),
  cel: async () => (await import("./cel.ts")).benchCel(),
  claims: async () => (await import("./claims.ts")).benchClaims(),
  large: async () => (await import("./large-policies.ts")).benchLargePolicies(),
  admission: async () => (await import("./admission.ts")).benchAdmission(),
  cli: async () => (await import("./cli.ts")).benchCli(),
  baseline: async () => (await import("./baseline.ts")).benchBaseline(),
  replicas: async () => (await import("./replicas.ts")).benchReplicas(),
  apiserver: async () => (await import("./apiserver.ts")).benchApiServer(),
};

const json = process.argv.includes("--json");
const words = process.argv.slice(2).filter((argument) => argument !== "--json");
const names = words.filter((word) => !word.startsWith("-"));
// All of them take many minutes: not for whoever asks for help.
if (names.length < words.length) {
  const isHelp = words.includes("--help");
  const usage = `npm run bench [-- NAME...] [--json]; there are ${Object.keys(BENCHES).join(", ")}`;
  (isHelp ? console.log : console.error)(usage);
  process.exit(isHelp ? 0 : 2);
}

for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  const bench = BENCHES[name];
  if (bench === undefined) {
    console.error(`no such benchmark: ${name}; there are ${Object.keys(BENCHES).join(", ")}`);
    process.exit(2);
  }
  const rows = await bench();
  if (json) console.log(JSON.stringify(rows, null, 2));
  else console.table(rows);
}
