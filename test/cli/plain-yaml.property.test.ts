import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parsePlainYaml } from "../../src/cli/sources/plain-yaml.ts";
import { parseYaml } from "../../src/config/yaml-documents.ts";
import { filesUnder } from "../wire/corpus.ts";

/** What the YAML library makes of a text: the values of its documents, or null where it is refused. */
function values(text: string): readonly unknown[] | null {
  const read = parseYaml(text, "file");
  return read.ok ? read.value.map(({ value }) => value) : null;
}

/** Words that look like something else, or nearly. */
const SCALARS = [
  ..."web|a b|a-b|app.kubernetes.io/name|nginx:1.25|a:|a: b|a #b|a#b|- a|-a|--flag=1|-|--- |...".split(
    "|",
  ),
  ..."y|N|yes|Off|true|True|FALSE|null|Null|~|<<|=|.inf|.nan|NaN|0|1|-1|+1|007|08|0x1f|0b1|0o7".split(
    "|",
  ),
  ..."1_000|1e3|1.5|1.|.5|1:30|2024-01-01|2024-01-01T00:00:00Z|10m|10Mi|1M|10.0.0.1|10.0.0.0/8".split(
    "|",
  ),
  ..."1.2.3|6a88b263-54a8-426d-a524-e9cee3b71601|::1|fd00::/8|*a|&a|!!str a|%a|@a|`a`|{a|a}|[a".split(
    "|",
  ),
  ...'"a"|"a b"|"y"|"1"|"a\\nb"|"a" b|\'a\'|\'it\'\'s\'|\'a: b\'|""|{}|[]|[a, b]|[a,b]|[ a ]|[y]'.split(
    "|",
  ),
  ...'["a", b]|["a,b"]|[a, "1"]|[1, 2]|{a: b}||>-|? a|a  b|a, b|a(b)|a%b|é|日本|🙂|a\tb'.split("|"),
];
const scalar = fc.oneof(fc.constantFrom(...SCALARS), fc.string({ maxLength: 6 }));
const key = fc.constantFrom(
  "a",
  "b",
  "app",
  "x/y.z",
  "a-b",
  "y",
  "on",
  "1",
  "<<",
  '"a"',
  "__proto__",
  "",
);
const line = fc.oneof(
  fc.tuple(key, scalar).map(([name, value]) => `${name}: ${value}`),
  scalar.map((value) => `- ${value}`),
  fc.tuple(key, scalar).map(([name, value]) => `- ${name}: ${value}`),
  key.map((name) => `${name}:`),
  key.map((name) => `- ${name}:`),
  scalar,
  fc.constantFrom(
    "# a",
    "---",
    "--- ",
    "...",
    "",
    "  ",
    "- ",
    "-",
    "- - a",
    "-   a: b",
    "a: b # c",
  ),
);
const ragged = fc
  .array(fc.tuple(fc.constantFrom(0, 0, 2, 2, 4, 1, 3), line), { maxLength: 9 })
  .map((lines) => lines.map(([indent, text]) => " ".repeat(indent) + text).join("\n"));

const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, depthSize: "large" },
    fc.constantFrom<unknown>(...SCALARS, 1, 0, 80, true, false, null, {}, []),
    fc.array(tie("node"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "app", "x/y.z", "ports", "y"), tie("node"), {
      maxKeys: 4,
    }),
  ),
})).node;

describe("YAML in the plain style", () => {
  it("is read as the library reads it, or not at all: lines of all kinds", () => {
    let read = 0;
    fc.assert(
      fc.property(ragged, (text) => {
        const plain = parsePlainYaml(text);
        if (plain === null) return;
        read += 1;
        expect(plain).toEqual(values(text));
      }),
      { numRuns: 20_000 },
    );
    expect(read).toBeGreaterThan(500);
  });

  it("is read as the library reads it, or not at all: what the library writes, with a slip", () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("a", "b", "c"), tree, { minKeys: 1 }),
        fc.constantFrom(0, 0, 1),
        fc.nat(),
        fc.constantFrom(" ", "  ", "\n", ":", "-", "#", "'", '"', "x", "\t", "\r"),
        fc.boolean(),
        // oxlint-disable-next-line max-params -- as many as the slip has parts
        (value, slips, at, slip, windows) => {
          const written = stringify(value, { version: "1.1", aliasDuplicateObjects: false });
          const index = at % (written.length + 1);
          const cut = slips === 0 ? written : written.slice(0, index) + slip + written.slice(index);
          const text = windows ? cut.replaceAll("\n", "\r\n") : cut;
          const plain = parsePlainYaml(text);
          if (plain === null) return;
          read += 1;
          expect(plain).toEqual(values(text));
        },
      ),
      { numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(500);
  });

  it("is read as the library reads it in the files of this repository", () => {
    const root = join(import.meta.dirname, "../..");
    const files = ["examples", "manifests", "test"].flatMap((name) => filesUnder(join(root, name)));
    const texts = files
      .filter((file) => /\.ya?ml$/.test(file))
      .map((file) => readFileSync(file, "utf8"));
    const read = texts.filter((text) => {
      const plain = parsePlainYaml(text);
      if (plain !== null) expect(plain).toEqual(values(text));
      return plain !== null;
    });
    expect(read.length).toBeGreaterThan(20);
  });

  it.each([
    ["documents", "---\na: b\n---\n\n---\n# nothing\n---\n- 1\n", [{ a: "b" }, [1]]],
    [
      "a sequence beside its key",
      "a:\n- b: c\n  d:\n  - 1\n- e\n",
      [{ a: [{ b: "c", d: [1] }, "e"] }],
    ],
    ["a comment behind a value", "a: b # c\nd: 'e # f' # g\n", [{ a: "b", d: "e # f" }]],
    ["nothing", "a:\nb: null\n", [{ a: null, b: null }]],
    ["lines of Windows", "a:\r\n  b: 1\r\n", [{ a: { b: 1 } }]],
    [
      "a list in one line",
      'a: [Ingress, "y"]\nb: []\nc: {}\n',
      [{ a: ["Ingress", "y"], b: [], c: {} }],
    ],
  ])("has %s", (_, text, expected) => {
    expect(parsePlainYaml(text)).toEqual(expected);
    expect(values(text)).toEqual(expected);
  });

  it.each([
    ["an anchor", "a: &x b\nc: *x\n"],
    ["a block scalar", "a: |\n  b\n"],
    ["text over two lines", "a: b\n  c\n"],
    ["a key twice", "a: 1\na: 2\n"],
    ["a tab", "a:\n\tb: 1\n"],
    ["a byte order mark", "\uFEFFa: 1\n"],
    ["a boolean of YAML 1.1", "a: yes\n"],
    ["a number to the base 8", "a: 010\n"],
    ["a line that belongs nowhere", "a:\n    b: 1\n  c: 2\n"],
    [
      "more folds than a reader may follow",
      Array.from({ length: 99 }, (_, n) => `${" ".repeat(n)}a:`).join("\n"),
    ],
    ["a line of much data", `a: ${"b".repeat(2000)}\n`],
  ])("has no %s", (_, text) => {
    expect(parsePlainYaml(text)).toBeNull();
  });
});
