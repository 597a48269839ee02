import { describe, expect, it } from "vitest";
import { compileExpression } from "../../src/cel/compile-expression.ts";
import { DYN, listOf, plain, readType, withFields } from "../../src/cel/static-type.ts";
import { complaints } from "./evaluate.ts";

// Rows after what the API server's own checker says of the same expressions (Kubernetes 1.36).

describe("what lists, maps and optional values hold", () => {
  it.each([
    ["1 in ['a']", "`in` does not take int and list(string) (line 1, column 3)"],
    ["'a' in {1: 2}", "`in` does not take string and map(int, int) (line 1, column 5)"],
    ["[1] == ['a']", "`==` does not take list(int) and list(string) (line 1, column 5)"],
    ["[1].exists(x, x == 'a')", "`==` does not take int and string (line 1, column 17)"],
    ["['a'].map(x, x + 1)", "`+` does not take string and int (line 1, column 16)"],
    ["['a'].map(x, x.size())[0] + 'b'", "`+` does not take int and string (line 1, column 27)"],
    ["{'a': 1}.all(k, v, v == k)", "`==` does not take int and string (line 1, column 22)"],
    ["{'a': 1}.a + 'b'", "`+` does not take int and string (line 1, column 12)"],
    ["{'a': 1}.a.b", "a int has no field `b` (line 1, column 11)"],
    ["object.a.split('b')[0] == 1", "`==` does not take string and int (line 1, column 24)"],
    ["[[1]].filter(x, x[0])", "expected a bool, got int (line 1, column 18)"],
    [
      "[1].sortBy(x, {'a': x})",
      "`sortBy` does not take (list(int), list(map(string, int))) (line 1, column 4)",
    ],
    ["[object == 1].map(x, {}).isSorted()", "`isSorted` does not take (list(map(dyn, dyn)))"],
    ["[object.a + 'b'].sum()", "`sum` does not take (list(string))"],
    [
      "[1].flatten()",
      "`flatten` does not take (list(int)); there is list(list(A)).flatten(), list(dyn).flatten(int) (line 1, column 4)",
    ],
    [
      "[1].transformMapEntry(i, x, x)",
      "`transformMapEntry` does not take (int) (line 1, column 4)",
    ],
    [
      "{'a': 1}.?a.orValue('b')",
      "`orValue` does not take (optional_type(int), string); there is optional_type(A).orValue(A) (line 1, column 12)",
    ],
    ["optional.of(1).optMap(x, x + 'a')", "`+` does not take int and string (line 1, column 28)"],
    ["optional.of(1).optFlatMap(x, x)", "expected an optional_type, got int (line 1, column 15)"],
    [
      "[1].map(x, optional.of(x)).unwrapOpt() == ['a']",
      "`==` does not take list(int) and list(string) (line 1, column 40)",
    ],
    [
      "object.list[?0].or(1).hasValue()",
      "`or` does not take (dyn, int); there is optional_type(A).or(optional_type(A))",
    ],
    ["1 == 1.0", "`==` does not take int and double (line 1, column 3)"],
    ["'a' == null", "`==` does not take string and null_type (line 1, column 5)"],
    ["true ? 1 : 'a'", "`?:` does not take bool and int and string"],
    [
      "[].map(x, x.b).exists(y, y.c) ? {} : [1]",
      "`?:` does not take bool and map(dyn, dyn) and list(int)",
    ],
  ])("%s", (expression, message) => {
    expect(complaints(expression).join()).toContain(message);
  });

  it.each([
    ["[1, 'a']", "expected a int, got string"],
    ["[1, object.one]", "expected a int, got dyn"],
    ["[[1], ['a']]", "expected a list(int), got list(string)"],
    ["{'a': 1, 2: 3}", "expected a string, got int"],
    ["{'a': 1, 'b': 'c'}", "expected a int, got string"],
    ["{'a': 1, ?'b': object.?one}", "expected a int, got dyn"],
    ["['%s'.format([1]), 2]", "expected a string, got int"],
  ])("%s holds several types", (expression, message) => {
    expect(complaints(expression).join()).toContain(message);
  });

  it.each([
    ["'%d'.format([1, 2])", "there are places for 1 values, and 2 values (line 1, column 5)"],
    ["'%s %s'.format([1])", "there are places for 2 values, and 1 values (line 1, column 8)"],
    ["'%s %s'.format([object])", "there are places for 2 values, and 1 values (line 1, column 8)"],
    ["'%d'.format(['a' + object.name])", "`%d` does not take a string (line 1, column 5)"],
    ["'%s'.format([ip(object.address)])", "`%s` does not take a net.IP (line 1, column 5)"],
  ])("%s", (expression, message) => {
    expect(complaints(expression)).toEqual([message]);
  });

  it.each([
    "1 in [object.one] || object.one in ['a'] || [] == ['a'] || [[], [1]] == [[2]]",
    "[dyn(1), dyn('a')].exists(x, x == 1) || [optional.of(1), optional.none()].unwrapOpt() == [1]",
    "{}.all(k, v, v == 1 && k == 'a') || [].exists(x, x.a == 1) || [].sum() == 1",
    "object.?a.b[0].orValue('x') == 'x' || {'a': [1]}.?a[0].orValue(2) == 2",
    "timestamp(object.at) == null || optional.of(1) == null || ip('::1') == null",
    "type(1) == int && type([1]) == list && [int, string] == [type(1), type('')]",
    "'%s %d %s'.format([object.one, 1, [dyn('a'), dyn(2)]]) == '%s%%'.format(object.list)",
    "'%s: %d'.format(['a', 1]) == ''",
    "[1].map(x, x == 1 ? [x] : []).flatten().first().optMap(y, y + 1).orValue(0) == 2",
    "dyn(1) == 1.0 && 1 < 1.5 && [1].sort() == [1].sortBy(x, [x].max()).reverse().slice(0, 1)",
    "{'a': 1}.transformMap(k, v, [k]).transformMapEntry(k, v, {v[0]: k})['a'] == 'a'",
    "url(object.u).getQuery()['a'][0] == 'b' || format.named('uuid').value().validate('').hasValue()",
  ])("%s is right", (expression) => {
    expect(complaints(expression, "bool")).toEqual([]);
  });

  it("says what an expression gives", () => {
    expect(complaints("[1].map(x, x)[0]", "bool")).toEqual([
      "gives int, expected bool (line 1, column 1)",
    ]);
    expect(complaints("[true][0] && object.enabled ? object.a : object.b", "bool")).toEqual([]);
  });

  it("ends for types that hold themselves twice, over and over", () => {
    const twice = Array.from(
      { length: 60 },
      (_, index) => `.map(x${index}, {x${index}: x${index}})`,
    );
    const nested = `[1]${twice.join("")} == [1]`;
    expect(complaints(nested).join()).toMatch(/^`==` does not take|^$/);
    const open = `[]${".map(x, [x, x])".repeat(60)} == ${"[".repeat(40)}${"]".repeat(40)}`;
    expect(complaints(open)).toEqual([]);
  });
});

describe("variables of which something is known", () => {
  const request = {
    ...plain("object"),
    fields: { name: plain("string"), groups: readType("list(string)"), options: DYN },
  };
  const flows = listOf(withFields({ to: DYN }));
  const variables = { request, flows, params: "map", size: "int" } as const;
  const messages = (expression: string): readonly string[] => {
    const program = compileExpression(expression, { variables, functions: [] }, "dyn");
    return program.ok ? [] : program.error.map(({ message }) => message);
  };

  it.each([
    ["request.name == 1", "`==` does not take string and int (line 1, column 14)"],
    ["request.groups.exists(g, g == 1)", "`==` does not take string and int (line 1, column 28)"],
    ["1 in request.groups", "`in` does not take int and list(string) (line 1, column 3)"],
    ["request['name'] == 'a'", "`[]` does not take object and string (line 1, column 8)"],
    ["request.map(x, x)", "cannot go through a object (line 1, column 8)"],
    ["flows == 1", "`==` does not take list(dyn) and int (line 1, column 7)"],
    [
      "flows.filter(f, true)[0].from == 1",
      "there is no field `from`; there is `to` (line 1, column 25)",
    ],
    [
      "(flows + flows).map(f, [f])[0][0].from == 1",
      "there is no field `from`; there is `to` (line 1, column 34)",
    ],
    ["size.all(x, true)", "cannot go through a int (line 1, column 5)"],
  ])("%s", (expression, message) => {
    expect(messages(expression)).toEqual([message]);
  });

  it.each([
    "request.options.a == 1 && request != null && has(request.name) && request.?name.orValue('') == ''",
    "(params.a ? flows[0] : params).from == 1 && [flows[0], dyn(params)][0].from == 1 && dyn(flows[0]).from == 1",
    "flows.exists(f, f.to == 1) && params.a.b == 1 && params.map(k, k) == [1] && size + 1 == 2",
  ])("%s is right", (expression) => {
    expect(messages(expression)).toEqual([]);
  });
});
