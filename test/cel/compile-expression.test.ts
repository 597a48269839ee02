import { describe, expect, it } from "vitest";
import { compileExpression } from "../../src/cel/compile-expression.ts";
import { complaints, OBJECT, PLENTY } from "./evaluate.ts";

describe("the form of an expression", () => {
  it.each([
    ["", "expected an expression, found the end (line 1, column 1)"],
    ["  // nothing", "expected an expression, found the end (line 1, column 13)"],
    ["1 +", "expected an expression, found the end (line 1, column 4)"],
    ["1 + * 2", "expected an expression, found `*` (line 1, column 5)"],
    ["object object", "expected an operator, found `object` (line 1, column 8)"],
    ["object &&\n  true true", "expected an operator, found `true` (line 2, column 8)"],
    ["object.1", "expected an operator, found `.1` (line 1, column 7)"],
    ["object.", "expected a name, found the end (line 1, column 8)"],
    ["object.in", "expected a name, found `in` (line 1, column 8)"],
    ["namespace", "`namespace` is reserved (line 1, column 1)"],
    ["(1 + 2", "`(` is never closed (line 1, column 1)"],
    ["[1, 2", "`[` is never closed (line 1, column 1)"],
    ["[1, 2)", "expected an operator or `]`, found `)` (line 1, column 6)"],
    ["size(object", "`(` is never closed (line 1, column 5)"],
    ["size(object,)", "expected an expression, found `)` (line 1, column 13)"],
    ["(object)(1)", "expected an operator, found `(` (line 1, column 9)"],
    ["()", "expected an expression, found `)` (line 1, column 2)"],
    ["(1, 2)", "expected an operator or `)`, found `,` (line 1, column 3)"],
    ["true ? 1", "expected `:`, found the end (line 1, column 9)"],
    ["true ? 1 : ", "expected an expression, found the end (line 1, column 12)"],
    ["true ? false ? 1 : 2 : 3", "expected `:`, found `?` (line 1, column 14)"],
    ["1 : 2", "expected an operator, found `:` (line 1, column 3)"],
    ["{'a'}", "expected `:`, found `}` (line 1, column 5)"],
    ["{'a': 1, 'b'}", "expected `:`, found `}` (line 1, column 13)"],
    ["{1: 2: 3}", "expected an operator or `}`, found `:` (line 1, column 6)"],
    ["!-1", "expected an expression, found `-` (line 1, column 2)"],
    ["object = 1", "`=` has no meaning (line 1, column 8)"],
    ["`object`.a", "expected an expression, found ``object`` (line 1, column 1)"],
    ["object.`size`()", "expected an operator, found `(` (line 1, column 14)"],
    ["object.?1", "expected a name, found `1` (line 1, column 9)"],
    ["object.??spec", "expected a name, found `?` (line 1, column 9)"],
    ["object.?size()", "expected an operator, found `(` (line 1, column 13)"],
    [".?object", "expected a name, found `?` (line 1, column 2)"],
    ["?object", "expected an expression, found `?` (line 1, column 1)"],
    ["(?object)", "expected an expression, found `?` (line 1, column 2)"],
    ["size(?object)", "expected an expression, found `?` (line 1, column 6)"],
    ["dyn([1, ?])", "expected an expression, found `]` (line 1, column 10)"],
    ["[??object]", "expected an expression, found `?` (line 1, column 3)"],
    ["[1 ?, 2]", "expected an expression, found `,` (line 1, column 5)"],
    ["{'a': ?object}", "expected an expression, found `?` (line 1, column 7)"],
    ["{'a'?: object}", "expected an expression, found `:` (line 1, column 6)"],
    ["object[1, ?2]", "expected an operator or `]`, found `,` (line 1, column 9)"],
    ["object{spec: 1}", "expected an operator, found `{` (line 1, column 7)"],
    ["'abc", /^text that is not closed.* \(line 1, column 1\)$/],
    ["'a\nb'", /^text that is not closed/],
    [String.raw`b'\u00e9'`, /^text that is not closed, or with an unknown escape/],
    ["object == b'🙂'", /^text that is not closed.* \(line 1, column 11\)$/],
    ["r'a", /^text that is not closed.* \(line 1, column 1\)$/],
    [
      String.raw`object.matches('\d')`,
      /unknown escape \(write `\\\\d`, or r'\\d'\) \(line 1, column 16\)$/,
    ],
  ])("%j is faulty", (expression, message) => {
    expect(complaints(expression)).toEqual([
      typeof message === "string" ? message : expect.stringMatching(message),
    ]);
  });

  it.each([
    "object.spec . ingress [0] // a comment",
    "// one\n// two\n\n  object // three\r\n  // four\n.spec == [ // five\n// six\n  1 ] // seven\n// eight",
    "!!true && --1 < 0 && 1 - -1 == 2",
    "! ! true && ! // not\n!true && - - 1 == 1 && 1 - - - 1 == 0 && [].size( ) == [].size( // none\n )",
    "[1, 2, ].size() + {'a': 1, }.size() + [].size() + {}.size()",
    "{true ? 1 : 2: true ? 3 : 4}",
    "true ? (false ? 1 : 2) : true ? 3 : 4",
    String.raw`r'\d' + '''two` + "\nlines''' + " + String.raw`"\"'\x41\u00e9\101"`,
    "0x1F + 017 + 1 > 0 && 1.5e3 > .5 && 1u == 0x1u",
    "object.if == object.package",
    "'\u00e9' in object",
  ])("%j is not", (expression) => {
    expect(complaints(expression)).toEqual([]);
  });
});

describe("the size of an expression", () => {
  it.each([
    [
      "10,001 characters",
      `'${"a".repeat(9_999)}'`,
      "longer than 10000 characters (line 1, column 10001)",
    ],
    ["2,001 words and signs", `1${"+1".repeat(1_000)}`, /^more than 2000 words and signs/],
    [
      "51 brackets in each other",
      `${"(".repeat(51)}1${")".repeat(51)}`,
      /^more than 50 brackets deep .*column 51/,
    ],
    ["251 terms of a sum", `1${"+1".repeat(251)}`, /^nested more than 250 deep/],
    [
      "660 positions in a row",
      `object${"[0]".repeat(660)}`,
      /^nested more than 250 deep|^cannot be parsed: it is nested too deeply/,
    ],
    ["251 fields in a row", `object${".a".repeat(251)}`, /^nested more than 250 deep/],
  ])("is limited: %s", (_, expression, message) => {
    expect(complaints(expression)[0]).toEqual(
      typeof message === "string" ? message : expect.stringMatching(message),
    );
  });

  it("leaves room for what people write", () => {
    const names = Array.from({ length: 300 }, (_, index) => `'name-${index}'`).join(", ");
    expect(complaints(`object.metadata.name in [${names}]`)).toEqual([]);
    expect(complaints(Array.from({ length: 400 }, () => "object.a").join(" || "))).toEqual([]);
  });
});

describe("what can be known of an expression beforehand", () => {
  it.each([
    ["objct.spec", "unknown name `objct`; there is `object`, `oldObject` (line 1, column 1)"],
    [
      "kubernetes.Quantity == type(1)",
      "unknown name `kubernetes`; there is `object`, `oldObject` (line 1, column 1)",
    ],
    ["object.all(x, y)", "unknown name `y`; there is `object`, `oldObject` (line 1, column 15)"],
    [
      "[1].all(x, true) && x == 1",
      "unknown name `x`; there is `object`, `oldObject` (line 1, column 21)",
    ],
    ["sizze(object)", "unknown function `sizze`; did you mean `size`? (line 1, column 1)"],
    [
      "object.startWith('a')",
      "unknown function `startWith`; did you mean `startsWith`? (line 1, column 7)",
    ],
    [
      "ip.isCanonic('::1')",
      "unknown function `ip.isCanonic`; did you mean `ip.isCanonical`? (line 1, column 3)",
    ],
    ["frobnicate()", "unknown function `frobnicate` (line 1, column 1)"],
    ["has(object)", "`has` is used otherwise: `has(a.b)` (line 1, column 1)"],
    ["object.all(1, true)", /^`all` is used otherwise: `list\.all\(x, condition\)`/],
    ["object.constructor(object, oldObject, true)", /^unknown function `constructor`/],
    ["toString()", /^unknown function `toString`/],
    [
      "object.x.orValues(1)",
      "unknown function `orValues`; did you mean `orValue`? (line 1, column 9)",
    ],
    ["ip(1)", "`ip` does not take (int); there is ip(string), net.CIDR.ip() (line 1, column 1)"],
    [
      "isIP(cidr('10.0.0.0/8'))",
      "`isIP` does not take (net.CIDR); there is isIP(string) (line 1, column 1)",
    ],
    ["'a'.startsWith('a', 'b')", /^`startsWith` does not take \(string, string, string\)/],
    [
      "startsWith('a', 'b')",
      /^`startsWith` does not take \(string, string\); there is string\.startsWith/,
    ],
    ["1 + 'a'", "`+` does not take int and string (line 1, column 3)"],
    ["1 in 2", "`in` does not take int and int (line 1, column 3)"],
    ["-'a'", "`-` does not take string (line 1, column 1)"],
    ["'a' == 1", "`==` does not take string and int (line 1, column 5)"],
    ["size(object) != 'a'", "`!=` does not take int and string (line 1, column 14)"],
    ["1 && true", "`&&` does not take int and bool (line 1, column 1)"],
    ["[1].all(x, 'a')", "expected a bool, got string (line 1, column 12)"],
    ["'a' ? 1 : 2", "`?:` does not take string and int and int (line 1, column 1)"],
    ["'abc'.map(c, c)", "cannot go through a string (line 1, column 6)"],
    ["'abc'.name", "a string has no field `name` (line 1, column 6)"],
    ["ip('10.0.0.256')", "`10.0.0.256` is not an IP address (line 1, column 1)"],
    ["cidr('10.0.0.0').containsIP(object.ip)", "`10.0.0.0` is not a CIDR (line 1, column 1)"],
    ["quantity('10Mo') == quantity(object.q)", "`10Mo` is not a quantity (line 1, column 1)"],
    ["duration('1 hour') > duration(object.d)", /^`1 hour` is not a duration such as `1h30m` /],
    ["duration('1d')", /^`1d` is not a duration such as/],
    ["timestamp('now')", /^`now` is not a time such as `2030-01-31T00:00:00Z` /],
    ["timestamp('2024-02-29')", /^`2024-02-29` is not a time such as/],
    ["object.matches('(')", /^`\(` is no regular expression: .*missing closing \).*column 7/],
    ["object.matches('(?=a)')", /^`\(\?=a\)` is no regular expression/],
    [
      "object.find('(a{1000}b){1000}')",
      "the pattern `(a{1000}b){1000}` is too large (line 1, column 7)",
    ],
    ["1 / 0", "division by zero (line 1, column 3)"],
    ["9223372036854775807 + 1", "the result is out of range (line 1, column 21)"],
    ["9223372036854775808", "the result is out of range (line 1, column 1)"],
    ["1 < 1e400", "the number is out of range (line 1, column 5)"],
    ["18446744073709551616u", "the result is out of range (line 1, column 1)"],
    ["{'a': 1, 'a': 2}", "the key `a` comes twice (line 1, column 1)"],
    ["object || dyn", "unknown name `dyn`; there is `object`, `oldObject` (line 1, column 11)"],
  ])("%s", (expression, message) => {
    expect(complaints(expression)).toEqual([
      typeof message === "string" ? message : expect.stringMatching(message),
    ]);
  });

  it("is said of its place behind comments", () => {
    expect(complaints("// one\n// two\ntrue // three\n  // four\n  && 'a' == 1")).toEqual([
      "`==` does not take string and int (line 5, column 10)",
    ]);
  });

  it("is said at once, in the order of the text", () => {
    expect(complaints("one(object) && two.size() > 0\n  || 'a' == 1")).toEqual([
      "unknown function `one` (line 1, column 1)",
      "unknown name `two`; there is `object`, `oldObject` (line 1, column 16)",
      "`==` does not take string and int (line 2, column 10)",
    ]);
  });

  it.each([
    ["bool", "object.metadata.name", []],
    ["bool", "'yes'", ["gives string, expected bool (line 1, column 1)"]],
    ["string", "'a' + 'b'", []],
    ["string", "object.a == 1", ["gives bool, expected string (line 1, column 1)"]],
    ["dyn", "[1]", []],
  ] as const)("includes what it gives: %s of %s", (result, expression, expected) => {
    expect(complaints(expression, result)).toEqual(expected);
  });
});

describe("a program", () => {
  const environment = { variables: { object: "dyn", extra: "string" }, functions: [] } as const;

  function endingOf(text: string, result: "bool" | "string", variables: object): object {
    const program = compileExpression(text, environment, result);
    if (!program.ok) throw new Error(program.error[0]?.message);
    return program.value.evaluate({ variables: { ...variables }, functions: {} }, PLENTY);
  }

  it("gives what was asked for", () => {
    expect(
      endingOf("object.metadata.name == extra", "bool", { object: OBJECT, extra: "web" }),
    ).toEqual({
      kind: "value",
      value: true,
    });
    expect(endingOf("'%s!'.format([object.metadata.name])", "string", { object: OBJECT })).toEqual({
      kind: "value",
      value: "web!",
    });
  });

  it("says when it gives something else", () => {
    expect(endingOf("object.metadata.name", "bool", { object: OBJECT })).toEqual({
      kind: "error",
      message: "gives string, expected bool",
    });
  });

  it("can do without a variable as long as it is not needed", () => {
    expect(endingOf("object == null || extra == 'a'", "bool", { object: null })).toEqual({
      kind: "value",
      value: true,
    });
    expect(endingOf("extra == 'a'", "bool", { object: null })).toEqual({
      kind: "error",
      message: "`extra` has no value here (line 1, column 1)",
    });
  });

  it("takes what JSON has no place for as JSON.stringify does", () => {
    const object = { absent: undefined, list: [undefined, () => 1] };
    expect(
      endingOf("!has(object.absent) && object == {'list': [null, null]}", "bool", { object }),
    ).toEqual({
      kind: "value",
      value: true,
    });
  });

  it("remembers nothing of an evaluation", () => {
    const program = compileExpression("object.map(x, x * 2).sum()", environment, "dyn");
    if (!program.ok) throw new Error("does not compile");
    const sums = [[1, 2], [], [1.5], [3]].map((object) => {
      const ending = program.value.evaluate({ variables: { object }, functions: {} }, PLENTY);
      return ending.kind === "value" ? ending.value : ending.kind;
    });
    expect(sums).toEqual([6n, 0n, "error", 6n]);
  });
});
