import { describe, expect, it } from "vitest";
import { parseYaml } from "../../src/config/yaml-documents.ts";
import { complaints, succeed } from "../wire/describe-policy.ts";

/** A list of ten times the same alias. */
const tenfold = (name: string) => `[${Array.from({ length: 10 }, () => `*${name}`).join(",")}]`;
const values = (text: string) => succeed(parseYaml(text, "f.yaml")).map(({ value }) => value);

describe("documents", () => {
  it.each<[string, string, readonly unknown[]]>([
    [
      "several, empty ones left out",
      "a: 1\n---\n# nothing\n---\nb: 2\n---\n",
      [{ a: 1 }, { b: 2 }],
    ],
    ["none", "", []],
    ["JSON", '{"a": [1, "b"]}', [{ a: [1, "b"] }]],
    [
      "as Kubernetes tools read them: YAML 1.1",
      "a: yes\nb: 0x1f\nc: 010\nd: 1_0\ne: 1.5e1",
      [{ a: true, b: 31, c: 8, d: 10, e: 15 }],
    ],
    [
      "and numbers that Go knows besides",
      "a: [0o17, -0O1_7, +0X1f, 0B11, 0o8]\n0o17: b\n",
      [{ a: [15, -15, 31, 3, "0o8"], 15: "b" }],
    ],
    [
      "with what no number can be as texts, such as the name of a commit",
      "a: [e1, ., +., -_.e5, 7e98765, -1e400]\ne1: .\n",
      [{ a: ["e1", ".", "+.", "-_.e5", "7e98765", "-1e400"], e1: "." }],
    ],
    [
      "with times and ratios as texts",
      "a: 2027-03-31T00:00:00Z\nb: 2027-03-31\nc: 1:30\n",
      [{ a: "2027-03-31T00:00:00Z", b: "2027-03-31", c: "1:30" }],
    ],
    ["with aliases", "a: &x {k: v}\nb: *x\n", [{ a: { k: "v" }, b: { k: "v" } }]],
    ["with null in place of an empty value", "a:\n", [{ a: null }]],
    [
      "whose brackets and braces go on with tabs, and less indented",
      'a:\n  args: [\n\t"x",\n# no more\n  z\n]\n  labels: {\n\t\tb: c, # d\n\td: [e,\nf]\n\t}\n---\nb: 1\n',
      [{ a: { args: ["x", "z"], labels: { b: "c", d: ["e", "f"] } } }, { b: 1 }],
    ],
    [
      "whose quoted texts go on less indented",
      "a:\n- b: 'one\n  two'\n  c: \"three\nfour\"\n  d: |\n    five\n",
      [{ a: [{ b: "one two", c: "three four", d: "five\n" }] }],
    ],
  ])("%s", (_name, text, expected) => {
    expect(values(text)).toEqual(expected);
  });

  it("keep a key that is called `__proto__`", () => {
    expect(JSON.stringify(values("__proto__: {a: 1}\n"))).toBe('[{"__proto__":{"a":1}}]');
  });
});

describe("what is no YAML is a problem with its line, never an exception", () => {
  it.each<[string, string, string]>([
    ["a key twice", "a: 1\nb: 2\na: 3\n", "f.yaml:3: Map keys must be unique"],
    [
      "an expression that begins as a tag does",
      "a: !foo bar\nb: !has(object.spec.egress) && x\n",
      "f.yaml:2: `!has(object.spec.egress)` is a tag to YAML, and no text; put all of it in quotes",
    ],
    [
      "a key twice, deep in brackets",
      "a:\n- b: {c: 1,\n    d: [{e: 1, e: 2}]}\n",
      "f.yaml:3: Map keys must be unique",
    ],
    [
      "an open bracket",
      "a: 1\nb: [1\n",
      "f.yaml:3: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    [
      "an alias of nothing",
      "a: 1\n---\nb: *nope\n",
      "f.yaml:3: Unresolved alias (the anchor must be set before the alias): nope",
    ],
    [
      "a tab where indentation counts, beside brackets where it does not",
      "a: [\n\tb ]\nc:\n\td: 1\n",
      "f.yaml:4: Tabs are not allowed as indentation",
    ],
    ["an alias of itself", "a: &a\n  b: *a\n", "f.yaml:1: has an alias that leads back to itself"],
    [
      "aliases that would fill the memory",
      `a: &a [x]\nb: &b ${tenfold("a")}\nc: &c ${tenfold("b")}\nd: &d ${tenfold("c")}\n`,
      "f.yaml:1: has aliases that unfold to more than can be read",
    ],
  ])("%s", (_name, text, expected) => {
    expect(complaints(parseYaml(text, "f.yaml"))).toEqual([expected]);
  });
});

it.each<[string, string]>([
  ["", "f.yaml:2"],
  ["a", "f.yaml:2 a"],
  ["a.b[1]", "f.yaml:5 a.b[1]"],
  ["a.b[1].missing", "f.yaml:5 a.b[1].missing"],
  ["a.b[9]", "f.yaml:3 a.b[9]"],
  ['a["x.io/y"].z', 'f.yaml:6 a["x.io/y"].z'],
  ["missing", "f.yaml:2 missing"],
])("says on which line %j is written, or what it would belong to", (path, expected) => {
  const text = '# first\na:\n  b:\n    - one\n    - two: 2\n  "x.io/y": 3\n';
  const [document] = succeed(parseYaml(text, "f.yaml"));
  const located = document?.locate({ code: "NP_E_VALUE", path, message: "is wrong" });
  expect(located).toEqual({ code: "NP_E_VALUE", path: expected, message: "is wrong" });
});

it.each([
  { path: "", line: 2, column: 1 },
  { path: "b.c", line: 4, column: 3 },
  { path: "b.c[1]", line: 6, column: 5 },
  { path: "b.c[1].gone", line: 6, column: 5 },
])("`$path` is written at $line:$column", ({ path, line, column }) => {
  const [document] = succeed(parseYaml("# top\na: 1\nb:\n  c:\n  - x\n  - y: 1\n", "f.yaml"));
  expect(document?.position(path)).toEqual({ line, column });
});

it("what is written after brackets that indentation means nothing to is found all the same", () => {
  const [, document] = succeed(parseYaml("a:\n  b: [\n\tc\n\t]\n---\nd:\n  e: 1\n", "f.yaml"));
  expect(document?.position("d.e")).toEqual({ line: 7, column: 3 });
});

it("what stands behind documents that are right is read leniently too, and found", () => {
  const text = "a: 1\n# one\n---\n---\nb: 2\n...\n---\nc: [\n\td\n]\ne: 3\n---\nf: 4\n";
  const documents = succeed(parseYaml(text, "f.yaml"));
  expect(documents.map(({ value }) => value)).toEqual([
    { a: 1 },
    { b: 2 },
    { c: ["d"], e: 3 },
    { f: 4 },
  ]);
  const lines = ["a", "b", "e", "f"].map((path, index) => documents[index]?.position(path).line);
  expect(lines).toEqual([1, 5, 11, 13]);
});

it("a map of very many keys takes time in proportion to them", () => {
  const keys = Array.from({ length: 50_000 }, (_, index) => `k${index}: v\n`).join("");
  expect(complaints(parseYaml(`${keys}k7: again\n`, "f.yaml"))).toEqual([
    "f.yaml:50001: Map keys must be unique",
  ]);
});

describe("a mistake in a text of many documents", () => {
  const document = `a: ${"x".repeat(1000)}\n---\n`;
  const long = document.repeat(5000);

  it("is told without reading on to the end", () => {
    const text = `a: [1\n---\n${document.repeat(10)}b: [2\n---\n${long}c: [3\n`;
    const told = complaints(parseYaml(text, "f.yaml"));
    expect(told).toHaveLength(3);
    expect(told[0]).toContain("f.yaml:2: Flow sequence");
    expect(told[1]).toContain("f.yaml:24: Flow sequence");
    expect(told[2]).toContain("what follows was not read");
  });

  it("is told wherever it is", () => {
    const told = complaints(parseYaml(`${long}c: [3\n`, "f.yaml"));
    expect(told).toEqual([expect.stringContaining("f.yaml:10002: Flow sequence")]);
  });
});
