import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FUNCTIONS } from "../../src/cel/function-table.ts";
import { signature } from "../../src/cel/overload.ts";
import { writeType } from "../../src/cel/static-type.ts";
import { complaints, evaluate } from "./evaluate.ts";

const page = readFileSync("docs/reference/cel.md", "utf8");

/** Rows of the tables of functions: what is called, what it gives, an example. */
const rows = Array.from(
  page.matchAll(/^\| (`[^|]*\)`) \| ([\w, ]+) \| (.*) \|$/gm),
  ([, calls = "", gives = "", examples = ""]) => ({
    signatures: codeIn(calls),
    result: gives.split(",")[0],
    examples: codeIn(examples.replaceAll("\\|", "|")),
  }),
);
const blocks = Array.from(page.matchAll(/```cel\n(.*?)```/gs), ([, text = ""]) =>
  text.trim().split("\n"),
).flat();
const examples = [...rows.flatMap((row) => row.examples), ...blocks];

describe("docs/reference/cel.md", () => {
  it("has every function, with its types and what it gives", () => {
    const written = rows.flatMap(({ signatures, result }) =>
      signatures.map((call) => `${call} → ${result}`),
    );
    const known = FUNCTIONS.filter(({ name }) => !/[^\w.]|^_/.test(name));
    const results = Map.groupBy(known, (overload) => shorten(signature(overload)))
      .entries()
      .map(([call, overloads]) => {
        const [result, ...others] = new Set(overloads.map((one) => shorten(writeType(one.result))));
        return `${call} → ${others.length > 0 ? "dyn" : result}`;
      });
    expect(written.toSorted()).toEqual([...results].toSorted());
  });

  it("has an example for each of them", () => {
    expect(rows.filter((row) => row.examples.length === 0)).toEqual([]);
    expect(examples.length).toBeGreaterThan(80);
  });

  it.each(examples)("is right about %s", (example) => {
    expect(evaluate(example)).toBe(true);
  });

  it.each(
    Array.from(page.matchAll(/^\| `\w+`(?:, `\w+`)* \| (`.*?`) \|.*\|$/gm), ([, cell = ""]) =>
      codeIn(cell),
    ).flat(),
  )("can write %s", (literal) => {
    expect(complaints(literal)).toEqual([]);
  });
});

function codeIn(cell: string): readonly string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, code = ""]) => code);
}

/** Types as the page names them: without what they hold. */
function shorten(text: string): string {
  const bare = text.replaceAll(/\b(list|map|optional_type)\([^()]*\)/g, "$1");
  if (bare !== text) return shorten(bare);
  return text
    .replaceAll(/\b[AB]\b/g, "dyn")
    .replaceAll("google.protobuf.Timestamp", "timestamp")
    .replaceAll("google.protobuf.Duration", "duration")
    .replaceAll("optional_type", "optional")
    .replaceAll("kubernetes.NamedFormat", "Format")
    .replaceAll(/\b(?:net|kubernetes)\.(?=IP|CIDR|Quantity|URL|Semver)/g, "");
}
