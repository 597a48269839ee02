import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { NO_PORTS } from "../../src/engine/port-set.ts";
import { CORPUS, describeWithCorpus } from "../wire/corpus.ts";
import { type Entry, endsSchema, entriesOf, linesOf, portsSchema } from "./connection-table.ts";
import { engineOf } from "./manifest-world.ts";

const CONNLIST = "npguard/connlist.json";
const connlistSchema = z.array(
  z.object({
    name: z.string(),
    manifestsDir: z.string(),
    expected: z.array(
      z
        .object({ src: endsSchema, dst: endsSchema, connections: portsSchema })
        .transform(({ src, dst, connections }) =>
          pairsOf(src, dst).map((pair): Entry => {
            return { ...pair, before: NO_PORTS, after: connections };
          }),
        ),
    ),
  }),
);

describeWithCorpus(CONNLIST, { file: CONNLIST, schema: connlistSchema }, (cases) => {
  it.each(cases)("$name", ({ manifestsDir, expected }) => {
    const engine = engineOf(join(CORPUS, "npguard", manifestsDir));
    const found = linesOf(entriesOf(engine.connections("workload"), "after"));
    expect(found).toEqual(linesOf(expected.flat().filter(isOfPolicies)));
  });
});

const DIFF = "npguard/diff.json";
const diffSchema = z.array(
  z.object({
    name: z.string(),
    ref1: z.string(),
    ref2: z.string(),
    expected: z.array(
      z
        .object({ src: endsSchema, dst: endsSchema, ref1: portsSchema, ref2: portsSchema })
        .transform(({ src, dst, ref1, ref2 }) =>
          pairsOf(src, dst).map((pair): Entry => ({ ...pair, before: ref1, after: ref2 })),
        ),
    ),
  }),
);

describeWithCorpus(DIFF, { file: DIFF, schema: diffSchema }, (cases) => {
  it.each(cases)("$name", ({ ref1, ref2, expected }) => {
    const before = engineOf(join(CORPUS, "npguard/manifests", ref1)).connections("workload");
    const after = engineOf(join(CORPUS, "npguard/manifests", ref2)).connections("workload");
    const found = linesOf([...entriesOf(before, "before"), ...entriesOf(after, "after")]);
    expect(found).toEqual(linesOf(expected.flat().filter(isOfPolicies)));
  });
});

function pairsOf(
  src: z.output<typeof endsSchema>,
  dst: z.output<typeof endsSchema>,
): readonly Pick<Entry, "from" | "to">[] {
  return src.flatMap((from) => dst.map((to) => ({ from, to })));
}

/** What Ingress and Route objects let in is no matter of policies. */
function isOfPolicies({ from }: Entry): boolean {
  return from !== "{ingress-controller}";
}
