import { execFileSync } from "node:child_process";
import { celEnv, parse, plan } from "@bufbuild/cel";
import { compileExpression, type Program } from "../src/cel/compile-expression.ts";
import type { Limits } from "../src/cel/frame.ts";
import { HOSTILE, LARGE, LARGE_ENVIRONMENT } from "../test/cel/hostile.ts";
import { timesOf } from "./measure.ts";
import { type BenchRow, quantile, row } from "./row.ts";
import { scaled } from "./scale.ts";

/** Expressions as people write them, without Kubernetes' functions, which the library lacks. */
const RULES = [
  "has(object.metadata.labels) && 'owner' in object.metadata.labels",
  "object.metadata.labels.owner.startsWith('team-')",
  "object.spec.ingress.all(r, has(r.from) && r.from.all(p, !has(p.ipBlock) || p.ipBlock.cidr != '0.0.0.0/0'))",
  "object.spec.ingress.all(r, !has(r.ports) || r.ports.all(p, p.port > 0 && p.port < 1024))",
  "object.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
];

const OBJECT = {
  metadata: { name: "web", namespace: "shop", labels: { app: "web", owner: "team-a" } },
  spec: {
    podSelector: { matchLabels: { app: "web" } },
    policyTypes: ["Ingress"],
    ingress: [
      {
        from: [
          { podSelector: { matchLabels: { app: "front" } } },
          { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } },
        ],
        ports: [
          { protocol: "TCP", port: 80 },
          { protocol: "TCP", port: 443 },
        ],
      },
      { from: [{ namespaceSelector: { matchLabels: { team: "b" } } }] },
    ],
  },
};
const ENVIRONMENT = { variables: { object: "dyn" }, functions: [] } as const;

/** How much time one evaluation gets, and how long it may block the process. */
const SLICE_MS = 20;
const BLOCKING_MS = 50;
const EXPRESSIONS = 50;
const EVALUATIONS = scaled(2_000);
const STEPS = scaled(1_000_000);
const ATTEMPTS = scaled(3);
const IMPORTS = scaled(7);

/** Expressions: compiling, evaluating (beside the library, which has no limits), and hostile ones. */
export function benchCel(): readonly BenchRow[] {
  const compile = quantile(timesOf(RULES.flatMap(repeat(40)), compiled), 0.5);
  const longest = `object.a == 1${" || object.a == 1".repeat(290)}`;
  const library = evaluationOf(RULES.map(planned));
  const ours = evaluationOf(RULES.map(evaluated));
  return [
    row("import", importMs(), "ms"),
    row("compile a rule, median", compile, "us"),
    row("compile 290 conditions", Math.min(...timesOf(repeat(5)(longest), compiled)) / 1e3, "ms", {
      atMost: 200,
    }),
    row("evaluate a rule", ours, "us", { atMost: 5 }),
    row(`evaluate ${EXPRESSIONS} rules`, ours * EXPRESSIONS, "us"),
    row("evaluate a rule in the library, without limits", library, "us"),
    row("the library's time in terms of ours", library / ours, "x", { atLeast: 3 }),
    ...hostility(),
  ];
}

function hostility(): readonly BenchRow[] {
  const programs = Object.entries(HOSTILE).map(([name, text]) => ({ name, run: hostile(text) }));
  const given = programs.map(({ name, run }) => ({ name, ...attack(run, SLICE_MS) }));
  const unhurried = programs.map(({ run }) => attack(run, Infinity));
  const [worst] = given.toSorted((a, b) => b.ms - a.ms);
  const times = unhurried.map(({ ms }) => ms);
  const bytes = Math.max(...[...given, ...unhurried].map((each) => each.bytes));
  return [
    row(
      `longest of ${programs.length} hostile ones given ${SLICE_MS} ms: ${worst?.name ?? ""}`,
      worst?.ms ?? Number.NaN,
      "ms",
      { atMost: BLOCKING_MS },
    ),
    row("the same given 1,000,000 steps, median", quantile(times, 0.5), "ms"),
    row("the same given 1,000,000 steps, longest", Math.max(...times), "ms"),
    row("most memory that one of them takes", bytes / 1e6, "MB", { atMost: 150 }),
  ];
}

/** One evaluation, the fastest of some, as other load on the machine only adds to it. */
function attack(
  run: Program<boolean>,
  ms: number,
): { readonly ms: number; readonly bytes: number } {
  const attempts = repeat(ATTEMPTS)(run).map((program) => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    const start = performance.now();
    const limits = { maxCost: STEPS, deadline: start + ms, clock: () => performance.now() };
    program.evaluate({ variables: LARGE, functions: {} }, limits);
    const taken = performance.now() - start;
    return { ms: taken, bytes: Math.max(process.memoryUsage().heapUsed - before, 0) };
  });
  return {
    ms: Math.min(...attempts.map((each) => each.ms)),
    bytes: Math.max(...attempts.map((each) => each.bytes)),
  };
}

function hostile(text: string): Program<boolean> {
  const program = compileExpression(text, LARGE_ENVIRONMENT, "bool");
  if (!program.ok) throw new Error(`${text}: ${program.error[0]?.message ?? ""}`);
  return program.value;
}

/** Microseconds per evaluation, the best of some rounds. */
function evaluationOf(runs: readonly (() => unknown)[]): number {
  const rounds = timesOf(repeat(8)(EVALUATIONS), (times) => {
    for (let time = 0; time < times; time++) for (const run of runs) run();
  });
  return Math.min(...rounds) / EVALUATIONS / runs.length;
}

function evaluated(text: string): () => unknown {
  const program = compiled(text);
  const input = { variables: { object: OBJECT }, functions: {} };
  return () => {
    const limits: Limits = {
      maxCost: 1_000_000,
      deadline: Infinity,
      clock: () => performance.now(),
    };
    if (program.evaluate(input, limits).kind !== "value") throw new Error(text);
  };
}

function planned(text: string): () => unknown {
  const run = plan(celEnv(), parse(text));
  return () => {
    if (typeof run({ object: OBJECT }) !== "boolean") throw new Error(text);
  };
}

function compiled(text: string): Program<boolean> {
  const program = compileExpression(text, ENVIRONMENT, "bool");
  if (!program.ok) throw new Error(`${text}: ${program.error[0]?.message ?? ""}`);
  return program.value;
}

/** How long the first expression of a process takes to load: the median of some processes that do only that. */
function importMs(): number {
  const module = new URL("../src/cel/compile-expression.ts", import.meta.url).href;
  const script = `const start = performance.now(); await import(${JSON.stringify(module)}); console.log(performance.now() - start)`;
  const runs = repeat(IMPORTS)(script).map((text) =>
    Number(execFileSync(process.execPath, ["--input-type=module", "-e", text])),
  );
  return quantile(runs, 0.5);
}

/** Makes a list of `times` times the same item. */
function repeat(times: number): <T>(item: T) => readonly T[] {
  return (item) => Array.from({ length: times }, () => item);
}
