import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";

describe("the input", () => {
  it.each([
    ["object.metadata.name == 'web'", true],
    ["object.spec.ingress[0].ports[0].port + 1", 444n],
    ["type(object.spec.ingress[0].ports[0].port) == int", true],
    ["type(object.one) == int", true],
    ["type(object.half) == double", true],
    ["object.big + 1", 9_007_199_254_740_992n],
    ["type(object.bigger) == double", true],
    ["object.truth", true],
    ["type(object.spec) == map", true],
    ["type(object.spec.ingress) == list", true],
    ["object.metadata.annotations == null", true],
    ["oldObject == null", true],
    ["object.spec.podSelector == {}", true],
    [
      "object.spec.ingress[0].ports == [{'protocol': dyn('TCP'), 'port': dyn(443)}, {'port': dyn('web')}]",
      true,
    ],
    ["object.spec.ingress[0].ports[0].port == 443.0", true],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toEqual(value);
  });

  it.each([
    ["has(object.metadata.name)", true],
    ["has(object.metadata.nonsense)", false],
    ["has(object.metadata.annotations)", true],
    ["'app' in object.metadata.labels", true],
    ["'nonsense' in object.metadata.labels", false],
    ["has({'a-b': 1}.`a-b`) && !has(object.metadata.`app.kubernetes.io/name`)", true],
    ["{'a.b/c d': 1}.`a.b/c d` == 1 && {'a-b': {'c': 2}}.`a-b`.c == 2", true],
    ["object.metadata.?`a-b`.orValue('none') == 'none'", true],
    // As the API server has it: what is no map has no fields.
    ["has(object.metadata.annotations.owner)", false],
    ["has(oldObject.spec) || has(object.half.a) || has(object.metadata.name.a)", false],
  ])("may lack a field: %s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    ["object.nonsense", "there is no field `nonsense` (line 1, column 7)"],
    ["object.`a-b`", "there is no field `a-b` (line 1, column 7)"],
    ["object.nonsense.deeper == 1", "there is no field `nonsense` (line 1, column 7)"],
    ["has(object.spec.ingress.first)", "a list has no field `first` (line 1, column 24)"],
    ["has(object.nonsense.deeper)", "there is no field `nonsense` (line 1, column 11)"],
    ["object.metadata.labels['x']", "there is no key `x` (line 1, column 23)"],
    ["object.spec.ingress[1]", "there is no position 1 in a list of 1 (line 1, column 20)"],
    ["object.spec.ingress[-1]", "there is no position -1 in a list of 1 (line 1, column 20)"],
    ["object.metadata.annotations.owner", "a null_type has no field `owner` (line 1, column 28)"],
    ["oldObject.spec", "a null_type has no field `spec` (line 1, column 10)"],
    ["object.metadata.name[0]", "`[]` does not take string and int (line 1, column 21)"],
    ["object.metadata.name.size", "a string has no field `size` (line 1, column 21)"],
  ])("has nothing in the place of what it lacks: %s", (expression, message) => {
    expect(evaluate(expression)).toBe(`error: ${message}`);
  });

  // SECURITY: the object is whatever somebody applies.
  it.each([
    ["object.metadata.labels.constructor", "ours"],
    ["object.metadata.labels.__proto__", "ours too"],
    ["has(object.constructor) || has(object.__proto__) || has(object.toString)", false],
    ["'hasOwnProperty' in object", false],
    ["{}.all(k, false) && has({}.constructor) == false", true],
  ])("has no field but its own: %s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });
});

describe("errors", () => {
  it.each([
    ["object.x || true", true],
    ["true || object.x", true],
    ["object.x && false", false],
    ["false && object.x", false],
    ["[1, 2].exists(i, i == 2 || object.x)", true],
    ["[0, 1].exists(i, 1 / i == 1)", true],
    ["[0, 1].all(i, 1 / i == 2)", false],
    ["true ? 1 : object.x", 1n],
  ])("do not count where the other side decides: %s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    "object.x && true",
    "object.x || false",
    "object.x ? 1 : 1",
    "[0, 1].exists(i, 1 / i == 2)",
    "[1, 0].all(i, 1 / i == 1)",
    "[1, 0].exists_one(i, 1 / i == 1)",
    "[0].map(i, 1 / i)",
    "[0].filter(i, 1 / i == 1)",
    "[object.x].size()",
    "{'a': object.x}.size()",
    "!object.x",
  ])("count where it does not: %s", (expression) => {
    expect(evaluate(expression)).toMatch(/^error: (there is no field `x`|division by zero) \(line/);
  });

  it.each([
    ["object.metadata.name && true", "expected a bool, got string"],
    ["object.metadata.name ? 1 : 2", "expected a bool, got string"],
    ["object.spec.ingress.all(i, i)", "expected a bool, got map (line 1, column 20)"],
    ["object.metadata.name.all(c, true)", "cannot go through a string (line 1, column 21)"],
    ["object.metadata.name + 1", "`+` does not take string and int (line 1, column 22)"],
    [
      "object.half.startsWith('a')",
      "`startsWith` does not take (double, string) (line 1, column 12)",
    ],
    ["{object.half: 1}", "a double is no key (line 1, column 1)"],
    ["{object.truth: 1, object.truth: 2}", "the key `true` comes twice (line 1, column 1)"],
  ])(
    "of types come with the evaluation where nothing is known before: %s",
    (expression, message) => {
      expect(evaluate(expression)).toBe(`error: ${message}`);
    },
  );
});

describe("macros", () => {
  it.each([
    ["object.spec.ingress.all(r, r.from.exists(p, has(p.ipBlock)))", true],
    ["object.metadata.labels.exists(key, key == 'app')", true],
    [
      "object.metadata.labels.map(key, object.metadata.labels[key]) == ['web', 'ours', 'ours too']",
      true,
    ],
    ["[1, 2, 3].filter(x, x > 1).map(x, x * x) == [4, 9]", true],
    ["[1, 2, 3].map(x, x > 1, x * x) == [4, 9]", true],
    ["[1, 2].exists_one(x, x > 1) && [1, 2].existsOne(i, x, i == x - 1 && x > 1)", true],
    ["[[1, 2], [3]].map(x, x.map(x, x + 1)) == [[2, 3], [4]]", true],
    ["['a', 'b'].all(i, x, x == 'ab'.charAt(i))", true],
    ["['a', 'b'].exists(i, x, i == 1 && x == 'b')", true],
    ["{'a': 1, 'b': 2}.all(k, v, v == 1 ? k == 'a' : k == 'b')", true],
    ["{'a': 1, 'b': 2}.exists_one(k, v, v == 2)", true],
    ["['a', 'b'].transformList(i, x, x + string(i)) == ['a0', 'b1']", true],
    ["['a', 'b'].transformList(i, x, i > 0, x) == ['b']", true],
    ["{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 10) == {'b': 20}", true],
    ["{'a': 'x', 'b': 'y'}.transformMapEntry(k, v, {v: k}) == {'x': 'a', 'y': 'b'}", true],
    [
      "{'a': 1, 'b': 2}.transformMapEntry(k, v, v > 1, {k: v, k + k: v}) == {'b': 2, 'bb': 2}",
      true,
    ],
    ["['a', 'b'].transformMapEntry(i, x, {x: i}) == {'a': 0, 'b': 1}", true],
    ["['a', 'b'].transformMapEntry(i, x, {?x: [7][?i]}) == {'a': 7}", true],
    ["[].all(x, false) && ![].exists(x, true) && [].map(x, x) == []", true],
    ["[1].all(object, object == 1) && object.truth", true],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });
});

describe("transformMapEntry", () => {
  it.each([
    [
      "{'a': 1, 'b': 1}.transformMapEntry(k, v, {v: k})",
      "the key `1` comes twice (line 1, column 17)",
    ],
    ["[dyn(1)].transformMapEntry(i, x, x)", "expected a map, got int (line 1, column 9)"],
    ["[0].transformMapEntry(i, x, {'a': 1 / x})", "division by zero (line 1, column 37)"],
    [
      "[0].transformMapEntry(1, 2)",
      "`transformMapEntry` is used otherwise: `map.transformMapEntry(k, v, map)` (line 1, column 4)",
    ],
  ])("%s is an error", (expression, message) => {
    expect(evaluate(expression)).toBe(`error: ${message}`);
  });
});

describe("conversions", () => {
  it.each([
    ["int('-12') == -12 && int('+12') == 12 && int(3.9) == 3 && int(-3.9) == -3", true],
    ["int(4u) + 1 == 5 && int(timestamp('1970-01-01T00:01:00Z')) == 60", true],
    ["uint('7') == 7u && uint(7) == 7u && uint(7.9) == 7u", true],
    [
      "double('1.5') == 1.5 && double(2) == 2.0 && double(2u) == 2.0 && double('1e3') == 1000.0",
      true,
    ],
    ["double('-Inf') < 0.0 && double('NaN') != double('NaN')", true],
    ["bool('true') && bool('t') && bool('1') && !bool('FALSE')", true],
    ["string(1e6) + ' ' + string(1e-5) + ' ' + string(-1.5e300)", "1e+06 1e-05 -1.5e+300"],
    ["string(100000.5) + ' ' + string(0.0001) + ' ' + string(-0.0)", "100000.5 0.0001 -0"],
    ["string(1.0 / 0.0) + string(-1.0 / 0.0) + string(0.0 / 0.0) + string(0.0)", "+Inf-InfNaN0"],
    ["string(1) + string(2u) + string(1.5) + string(true) + string('x') == '121.5truex'", true],
    ["string(b'caf\\303\\251') == 'café' && bytes('é') == b'\\303\\251'", true],
    ["string(b'\\357\\273\\277\\357\\277\\275') == '\\ufeff\\ufffd'", true],
    ["string(duration('1m30s')) == '90s' && string(timestamp(0)) == '1970-01-01T00:00:00Z'", true],
    ["timestamp('2024-03-31T02:30:00Z') == timestamp(1711852200)", true],
    [
      "type(1) == int && type([]) == list && type(type(1)) == type && type(null) == null_type",
      true,
    ],
    ["type(duration('1s')) == google.protobuf.Duration", true],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    "int('')",
    "int(' 1')",
    "int('0x1f')",
    "int('1.0')",
    "int('9223372036854775808')",
    "int(9223372036854775808.0)",
    "int(double('NaN'))",
    "uint('-1')",
    "uint(-1)",
    "uint(-1.0)",
    "uint(-0.5)",
    "duration('')",
    "double('')",
    "double('0x10')",
    "double('abc')",
    "bool('yes')",
    "string(b'\\377')",
    "timestamp('yesterday')",
    "timestamp('2024-02-30T00:00:00Z')",
    "duration('1 hour')",
  ])("%s is an error", (expression) => {
    expect(evaluate(expression)).toMatch(/^error: /);
  });
});

describe("times", () => {
  it.each([
    ["timestamp('2024-02-29T23:59:58.123Z').getFullYear()", 2024n],
    ["timestamp('2024-02-29T23:59:58.123Z').getMonth()", 1n],
    ["timestamp('2024-02-29T23:59:58.123Z').getDate()", 29n],
    ["timestamp('2024-02-29T23:59:58.123Z').getDayOfMonth()", 28n],
    ["timestamp('2024-02-29T23:59:58.123Z').getDayOfWeek()", 4n],
    ["timestamp('2024-02-29T23:59:58.123Z').getDayOfYear()", 59n],
    ["timestamp('1969-12-31T23:00:00Z').getDayOfYear()", 364n],
    ["timestamp('2024-02-29T23:59:58.123Z').getMilliseconds()", 123n],
    ["timestamp('2024-02-29T23:59:58Z').getHours('+02:30')", 2n],
    ["timestamp('2024-02-29T23:59:58Z').getMinutes('-00:30')", 29n],
    // In the hour that Berlin's clocks leave out.
    ["timestamp('2024-03-31T01:30:00Z').getHours('Europe/Berlin')", 3n],
    ["timestamp('2024-03-31T02:30:00Z').getHours()", 2n],
    ["timestamp('2024-07-01T00:00:00Z').getHours('Europe/Berlin')", 2n],
    ["timestamp('2024-07-01T00:00:00Z').getHours('UTC')", 0n],
    ["timestamp('2024-02-29T23:59:58Z').getHours('') + timestamp(0).getHours('+1:5')", 24n],
    ["timestamp('9999-12-31T23:59:59.999999999Z').getFullYear()", 9999n],
    ["timestamp('9999-12-31T23:59:59.999999999Z').getMilliseconds()", 999n],
    ["timestamp('0001-12-31T00:00:00Z').getDayOfYear()", 364n],
    ["duration('1h30m').getMinutes()", 90n],
    ["duration('-1.5009s').getMilliseconds()", -1500n],
    ["string(timestamp('2024-01-01T00:00:00.100Z'))", "2024-01-01T00:00:00.1Z"],
    ["string(duration('-0.5s')) + string(duration('10s'))", "-0.5s10s"],
    [
      "timestamp('2024-01-01T00:00:00Z') + duration('24h') == timestamp('2024-01-02T00:00:00Z')",
      true,
    ],
    [
      "timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') > duration('23h')",
      true,
    ],
    ["timestamp('2024-01-01T00:00:00Z') < timestamp('2024-01-01T00:00:00.000000001Z')", true],
    ["duration('1h') - duration('30m') == duration('1800s')", true],
    ["int(timestamp(253402300799)) + int(timestamp(-62135596800))", 191_266_703_999n],
    ["int(duration('-1.5s'))", -1_500_000_000n],
    ["duration('1μs') == duration('1µs')", true],
    ["string(timestamp('2024-01-01T00:00:00.1234567899Z'))", "2024-01-01T00:00:00.123456789Z"],
    ["timestamp(0).getHours('MST') + timestamp(0).getHours('Asia/Calcutta')", 22n],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it("knows which zones there are", () => {
    for (const zone of ["Nowhere/Land", "+24:00", "+01:60", "+01", "PST", "utc", "Europe/berlin"]) {
      expect(evaluate(`timestamp(0).getHours('${zone}')`)).toMatch(/is not a time zone/);
    }
  });
});
