import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";

describe("Kubernetes' list library", () => {
  it.each([
    [
      "[1, 2, 3].isSorted() && ['a', 'b', 'b', 'c'].isSorted() && [1].isSorted() && [].isSorted()",
      true,
    ],
    ["[2.0, 1.0].isSorted() || ['b', 'a'].isSorted() || [true, false].isSorted()", false],
    ["[duration('1s'), duration('1m')].isSorted()", true],
    ["[timestamp(2), timestamp(1)].isSorted()", false],
    ["[1, 3].sum()", 4n],
    ["[1.0, 3.0].sum()", 4],
    ["[1u, 3u].sum() == 4u", true],
    ["[duration('1m'), duration('1s')].sum() == duration('61s')", true],
    ["[].sum()", 0n],
    ["[3, 1, 2].min() == 1 && [3, 1, 2].max() == 3 && [7].min() == 7", true],
    ["['b', 'a'].min() == 'a' && [b'b', b'a'].max() == b'b'", true],
    ["[dyn(1), dyn(2.5)].max()", 2.5],
    ["[1, 2, 2, 3].indexOf(2) == 1 && [1, 2, 2, 3].lastIndexOf(2) == 2", true],
    ["[1.0].indexOf(1.1) == -1 && [].indexOf('x') == -1 && ['a'].lastIndexOf(dyn(1)) == -1", true],
    ["object.spec.ingress[0].ports.map(p, has(p.protocol) ? 1 : 2).sum()", 3n],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    ["[].min()", "the list is empty"],
    ["[].max()", "the list is empty"],
    ["[1, 'a'].max()", "the list holds values that have no order"],
    ["[null].isSorted()", "the list holds values that have no order"],
    ["[dyn({})].min()", "the list holds values that have no order"],
    ["[dyn('a')].sum()", "the list does not hold numbers of one type or durations"],
    ["[1, 1.0].sum()", "the list does not hold numbers of one type or durations"],
    ["[dyn(timestamp(1))].sum()", "the list does not hold numbers of one type or durations"],
    ["[9223372036854775807, 1].sum()", "the result is out of range"],
    ["lists.range(-1)", "-1 is no size"],
  ])("%s is an error", (expression, message) => {
    expect(evaluate(expression)).toMatch(`error: ${message}`);
  });
});

describe("CEL's extension for lists", () => {
  it.each([
    ["lists.range(3) == [0, 1, 2] && lists.range(0) == []", true],
    ["[1, 2, 2, 3, 1].distinct() == [1, 2, 3] && ['b', 'a', 'b'].distinct() == ['b', 'a']", true],
    [
      "[dyn(1), dyn(1.0), dyn(2u), dyn(2), dyn([1]), dyn([1.0]), dyn(null), dyn(null)].distinct() == [dyn(1), dyn(2), dyn([1]), dyn(null)]",
      true,
    ],
    [
      "[[1, 2], [], [3]].flatten() == [1, 2, 3] && [dyn(1), dyn([2, 3])].flatten() == [1, 2, 3]",
      true,
    ],
    [
      "[[[1, 2]], [[3]]].flatten(2) == [dyn(1), dyn(2), dyn(3)] && [1, 2].flatten(0) == [1, 2]",
      true,
    ],
    ["[[[[1, 2, 3, 4]]]].flatten(9223372036854775807) == [dyn(1), dyn(2), dyn(3), dyn(4)]", true],
    ["[5, 3, 1, 2].reverse() == [2, 1, 3, 5] && [].reverse() == []", true],
    [
      "[1, 2, 3, 4].slice(1, 3) == [2, 3] && [1, 2].slice(2, 2) == [] && [1, 2].slice(0, 2) == [1, 2]",
      true,
    ],
    [
      "[3, 10, 2].sort() == [2, 3, 10] && ['b', 'B', 'a'].sort() == ['B', 'a', 'b'] && [].sort() == []",
      true,
    ],
    ["[true, false].sort() == [false, true] && [2u, 1u].sort() == [1u, 2u]", true],
    ["[1.5, -0.5].sort() == [-0.5, 1.5] && [b'b', b'a'].sort() == [b'a', b'b']", true],
    ["[duration('1m'), duration('1s')].sort()[0] == duration('1s')", true],
    ["[timestamp(2), timestamp(1)].sort()[0] == timestamp(1)", true],
    // By code points: what is beyond U+FFFF comes behind all others.
    ["['🙂', '\uffff', 'a🙃', 'a'].sort() == ['a', 'a🙃', '\uffff', '🙂']", true],
    ["'🙂' > '\uffff' && 'a🙂' < 'a🙃' && '🙂' < '🙂a' && ['🙂', '\uffff'].max() == '🙂'", true],
    ["[3, 1, 2].sortBy(x, -x) == [3, 2, 1] && [].sortBy(x, x) == []", true],
    ["['ccc', 'a', 'bb', 'b'].sortBy(s, s.size()) == ['a', 'b', 'bb', 'ccc']", true],
    [
      "[dyn(null), dyn([]), dyn({})].sortBy(x, type(x) == list ? 0 : 1) == [dyn([]), dyn(null), dyn({})]",
      true,
    ],
    ["object.spec.ingress[0].ports.sortBy(p, p.?protocol.orValue('SCTP'))[0].port", "web"],
    ["[[3, 1], [2]].sortBy(x, x.sortBy(x, x)[0]) == [[3, 1], [2]]", true],
    [
      "[1, 2].first().value() == 1 && [1, 2].last().value() == 2 && [7].first() == [7].last()",
      true,
    ],
    ["[].first() == optional.none() && ![].last().hasValue()", true],
    ["object.spec.ingress.first().value().ports.last().?port.orValue('none')", "web"],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    ["[1].flatten(-1)", "-1 is no depth"],
    ["[1, 2].slice(1, 3)", "there are no items 1 to 3 in a list of 2"],
    ["[1, 2].slice(2, 1)", "there are no items 2 to 1 in a list of 2"],
    ["[1, 2].slice(-1, 1)", "there are no items -1 to 1 in a list of 2"],
    ["[1, 'a'].sort()", "the list is not sorted by values of one type that has an order"],
    ["[1, 1.5].sort()", "the list is not sorted by values of one type that has an order"],
    ["[dyn([1])].sort()", "the list is not sorted by values of one type that has an order"],
    ["[1, 2].sortBy(x, null)", "the list is not sorted by values of one type that has an order"],
    ["[1, 0].sortBy(x, 1 / x)", "division by zero"],
    ["dyn({'a': 1}).sortBy(x, x)", "cannot sort a map"],
    ["object.one.sortBy(x, x)", "cannot go through a int"],
    ["[1].sortBy(1, 1)", "`sortBy` is used otherwise: `list.sortBy(x, value)`"],
    ["[1].sortBy(x, 1, 2)", "`sortBy` is used otherwise: `list.sortBy(x, value)`"],
  ])("%s is an error", (expression, message) => {
    expect(evaluate(expression)).toMatch(`error: ${message}`);
  });
});

describe("sets", () => {
  it.each([
    ["sets.contains([1, 2, 3], [2, 2, 1])", true],
    ["sets.contains([1, 2, 3], [4])", false],
    ["sets.contains([1], [])", true],
    ["sets.equivalent([1, 2, 2], [dyn(2u), dyn(1.0)])", true],
    ["sets.equivalent([1, 2], [1])", false],
    ["sets.intersects([1, 2], [2, 3])", true],
    ["sets.intersects([1], [])", false],
    ["sets.intersects([[1], [2]], [[2]])", true],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });
});

describe("regular expressions", () => {
  it.each([
    ["'abc'.matches('b')", true],
    ["'abc'.matches('^b')", false],
    ["matches('abc', '^a.c$')", true],
    ["'a\\nb'.matches('a.b')", false],
    ["'a\\nb'.matches('(?s)a.b')", true],
    ["'ABC'.matches('(?i)abc')", true],
    ["'straße'.matches(r'^\\pL+$')", true],
    ["'abc 123'.find('[0-9]+')", "123"],
    ["'abc 123'.find('[0-9]*')", ""],
    ["'abc 123'.find('xyz')", ""],
    ["'123 abc 456'.findAll('[0-9]+') == ['123', '456']", true],
    ["'123 abc 456'.findAll('[0-9]+', 1) == ['123']", true],
    ["'123 abc 456'.findAll('[0-9]+', 0) == []", true],
    ["'123 abc 456'.findAll('[0-9]+', -1).size()", 2n],
    ["'123 abc 456'.findAll('xyz') == []", true],
    // As Go has it: nothing matches right behind a match, elsewhere it does.
    ["'12 a'.findAll('[0-9]*') == ['12', '', '']", true],
    ["'ab'.findAll('') == ['', '', '']", true],
    ["'x'.matches('a' + 'b')", false],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    ["'x'.matches(object.metadata.name + '(')", /^error: `web\(` is no regular expression: /],
    [
      "'x'.matches(object.metadata.name + '{2000}')",
      /^error: `web\{2000\}` is no regular|too large/,
    ],
    [
      "'x'.matches(object.metadata.name.replace('web', '(a{999}b{999}){9}'))",
      /^error: the pattern .* is too large/,
    ],
  ])("%s is an error", (expression, message) => {
    expect(evaluate(expression)).toMatch(message);
  });
});

describe("text", () => {
  it.each([
    [
      "'hello'.replace('he', 'we') == 'wello' && 'hello hello'.replace('he', 'we', 1) == 'wello hello'",
      true,
    ],
    [
      "'hello hello'.replace('he', 'we', 0) == 'hello hello' && 'aa'.replace('a', 'b', -1) == 'bb'",
      true,
    ],
    ["'abc'.replace('', '-') == '-a-b-c-' && 'abc'.replace('', '-', 2) == '-a-bc'", true],
    ["'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c']", true],
    [
      "'a,b,c'.split(',', 0) == [] && 'a,b,c'.split(',', 1) == ['a,b,c'] && 'a,b'.split(',', -1) == ['a', 'b']",
      true,
    ],
    ["'añ\\U0001F600'.split('') == ['a', 'ñ', '\\U0001F600']", true],
    ["['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ab' && [].join(',') == ''", true],
    ["'x\\U0001F600y'.indexOf('y') == 2 && 'x\\U0001F600y'.charAt(2) == 'y'", true],
    ["'x\\U0001F600y'.substring(1, 2) == '\\U0001F600' && 'x\\U0001F600y'.size() == 3", true],
    // As the API server has them.
    ["'abc'.indexOf('c', 3) == -1 && 'abcabc'.lastIndexOf('abc', 6) == -1", true],
    ["'abc'.indexOf('', 9) == 3 && 'abcabc'.lastIndexOf('abc', 5) == 3", true],
    ["'  \\u0085x\\u00a0 '.trim()", "x"],
    ["'ÀBc'.lowerAscii() == 'Àbc' && 'àBc'.upperAscii() == 'àBC'", true],
    ["'%s has %d of %.2f'.format(['web', 3, 1.5])", "web has 3 of 1.50"],
    [
      "'%s'.format([object.spec.ingress[0].ports])",
      '[{"port":443, "protocol":"TCP"}, {"port":"web"}]',
    ],
    ["'%f %.0f %.0f %.2f'.format([1234567.5, 0.5, 1.5, -0.001])", "1,234,567.500000 0 2 -0.00"],
    ["'%e %.2e %e'.format([1234567.5, 1e-7, 0.0])", "1.234568×10⁰⁶ 1.000000×10⁻⁰⁷ 0.000000×10⁰⁰"],
    ["'%f %e'.format([-1.0 / 0.0, double('NaN')])", "-∞    NaN"],
    ["'%f'.format(['Infinity'])", "∞"],
    ["'%f'.format([1.7976931348623157e308]).size()", 418n],
    ["'%.30f'.format([5e-324]) + '%e'.format([5e-324])", `0.${"0".repeat(30)}4.940656×10⁻³²⁴`],
    ["'%e'.format([9.9999999999999999e22])", "1.000000×10²³"],
    ["'%x %X %x %b %o %b'.format(['é', b'\\xff', -255, 5u, 8, true])", "c3a9 FF -ff 101 10 1"],
    [
      "'%s'.format([[0.5, -1.0 / 0.0, 1e21, double('NaN')]])",
      '[0.500000, "-Inf", 1000000000000000000000.000000, "NaN"]',
    ],
    [
      "'%s'.format([[timestamp(0), duration('1m')]]) + '%s'.format([[b'a', b'']])",
      '[timestamp("1970-01-01T00:00:00Z"), duration("60s")][b"a", b""]',
    ],
    ["'%s'.format([{'b': null, 'a': null}]) + '%s'.format([type(1)])", '{"a":null, "b":null}int'],
    ["'%s'.format([['\\n\\x00\\u2028é\"🙂\\U000e0001']])", '["\\n\\x00\\u2028é\\"🙂\\U000e0001"]'],
    ["'%s'.format(object.spec.ingress[0].from[1].ipBlock.except + ['more'])", "10.1.0.0/16"],
    ["strings.quote('a\\n\"b\"')", '"a\\n\\"b\\""'],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    ["'abc'.charAt(4)", "there are no characters 4 to 5 in a text of 3"],
    ["'abc'.substring(2, 1)", "there are no characters 2 to 1 in a text of 3"],
    ["'abc'.substring(-1)", "there are no characters -1 to 3 in a text of 3"],
    ["'abc'.indexOf('c', -1)", "there is no position -1 in a text"],
    ["'abc'.lastIndexOf('', -1)", "there is no position -1 in a text"],
    ["[dyn(1)].join()", "an item of the list is not a string"],
    ["'%d'.format(['a'])", "`%d` does not take a string"],
    ["'%s %s'.format(dyn([1]))", "there is no value for `%s`"],
    ["'%q'.format(object.spec.ingress)", "a `%` is followed by nothing that it takes"],
    ["'%.1001f'.format([0.5])", "more than 1000 places"],
    ["'%x'.format([0.5])", "`%x` does not take a double"],
    ["'%f'.format([1])", "`%f` does not take a int"],
    ["'%s'.format([b'\\xff'])", ""],
    ["'%s'.format([[ip('::1')]])", "`%s` does not take a net.IP"],
  ])("%s is an error", (expression, message) => {
    expect(evaluate(expression)).toMatch(`error: ${message}`);
  });
});
