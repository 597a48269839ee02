import type { Environment } from "../../src/cel/compile-expression.ts";

/** Large values of every kind, as an object of several MiB might hold them. */
export const LARGE = {
  list: Array.from({ length: 10_000 }, (_, index) => index),
  names: Array.from({ length: 2_000 }, (_, index) => `name-${index}-${"x".repeat(50)}`),
  text: "a".repeat(100_000),
  map: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key-${index}`, index])),
  deep: Array.from({ length: 10_000 }).reduce<unknown>((inner) => [inner], 1),
  wide: Array.from({ length: 1_000 }, () => ({ field: "b".repeat(1_000) })),
};

export const LARGE_ENVIRONMENT: Environment = {
  variables: { list: "dyn", names: "dyn", text: "dyn", map: "dyn", deep: "dyn", wide: "dyn" },
  functions: [],
};

/** Expressions that would run for minutes or need gigabytes if they were let. */
export const HOSTILE: Readonly<Record<string, string>> = {
  "loops in loops": loops(3, "x0 >= 0"),
  "ten loops in each other": loops(10, "true"),
  "a loop without a find": "list.exists(a, list.exists(b, list.exists(c, a + b + c < 0)))",
  "loops that build lists": "list.map(a, list.map(b, list.map(c, a * b * c))).size() > 0",
  "loops that are all operators": loops(2, `true ${"&& x0 > 0 || true ".repeat(200)}`),
  "loops over conditions": loops(2, "x0 > 1 ? (x1 > 2 ? true : true) : true"),
  "loops over literals": loops(2, "[x0, x1, x0, x1, x0, x1].size() > 0"),
  "loops over maps": loops(2, "{string(x0): x1, 'b': x0}.size() > 0"),
  "loops over errors": "list.all(x, list.all(y, x.field || true))",
  "a tree of a million twins, compared": `${twins(40)} == ${twins(40)}`,
  "a tree of a million twins, sought": `${twins(30)} in [${twins(30)}]`,
  "a tree of a million twins, printed": `'%s'.format([${twins(30)}]) == ''`,
  "a tree deeper than the stack": "deep == deep.map(x, x)",
  "a tree deeper than the stack, printed": "'%s'.format([deep]) == ''",
  "a tree of a million twins, in optionals": `${optionalTwins(40)} == ${optionalTwins(40)}`,
  "loops over optionals": loops(2, "optional.of(x0).optMap(v, v + x1).orValue(0) >= 0"),
  "loops over optional items": loops(2, "[?[x0][?0], ?[x1][?1]].size() == 1"),
  "maps that are empty or not": "list.all(x, optional.ofNonZeroValue(map).hasValue())",
  "lists of optionals": "list.all(x, list.map(y, optional.of(y)).unwrapOpt().size() > 0)",
  "text doubled forty times": `[text]${".map(t, t + t)".repeat(40)}.size() > 0`,
  "text in text": "list.map(x, text + text).size() > 0",
  "text for every character": "text.replace('a', text).size() > 0",
  "text between characters":
    "text.replace('', 'bbbb').replace('b', 'cccc').replace('c', 'dddd') != ''",
  "text in pieces": "list.all(x, text.split('').size() > 0)",
  "text joined by text": "list.map(x, text).join(text).size() > 0",
  "text sought in text": "list.all(x, (text + 'b').contains(text.substring(0, 50000) + 'c'))",
  "text counted": "list.all(x, (text + '\\U0001F600').charAt(5) == 'a')",
  "text as bytes": "list.all(x, bytes(text) == bytes(text))",
  "text in capitals": "list.all(x, text.upperAscii() != '')",
  "text quoted": "list.all(x, strings.quote(text) != '')",
  "patterns that backtrack": "list.all(x, text.matches('(a+)+$'))",
  "patterns with many states": "names.all(n, n.matches('(a|b)*a(a|b){20}[cd]') || true)",
  "patterns made on the way": "list.all(x, text.matches('a{100}' + string(x)))",
  "patterns of all letters": "text.matches('\\\\pL{900}x') || true",
  "patterns everywhere": "text.findAll('a').size() > 0",
  "patterns in names": "names.all(n, n.findAll('[a-z]*').size() > 0)",
  "sums of sums": "list.all(x, list.sum() > 0)",
  "sorted or not": "list.all(x, list.isSorted())",
  "the least name": "list.all(x, names.min() != '')",
  "lists as sets": "sets.intersects(list.map(x, x + 1000000), list)",
  "lists in lists": "list.all(x, x in list)",
  "lists and lists": "list.map(x, list + list).size() > 0",
  "ranges of a million": "list.map(x, lists.range(200000)).size() > 0",
  "a range beyond all": "lists.range(9223372036854775807).size() > x".replace("x", "list[0]"),
  "lists flattened": "list.map(x, list).flatten().size() > 0",
  "trees flattened, deeper than the stack": "list.all(x, deep.flatten(100000) == [1])",
  "a tree of a million twins, flattened": `${twins(30)}.flatten(100).size() > 0`,
  "lists reversed and cut": "list.all(x, list.reverse().slice(1, 5000).size() > 0)",
  "what is distinct": "names.distinct().size() > 0",
  "lists sorted": "list.all(x, list.reverse().sort().size() > 0)",
  "lists sorted by their items": "list.all(x, list.sortBy(y, -y).size() > 0)",
  "texts sorted": "wide.map(w, w.field + text).sort().size() > 0",
  "maps of maps": "list.all(x, map.transformMapEntry(k, v, {k: map}).size() > 0)",
  "keys of a map": "list.all(x, map.exists(k, true))",
  "size of a map": "list.all(x, map.size() > 0)",
  "maps compared": "list.all(x, map == map.transformMap(k, v, v))",
  "objects compared": "list.all(x, wide == wide.map(w, w))",
  "numbers printed": "list.all(x, '%.80f'.format([1.0 / double(x + 1)]) != '')",
  "formats of large texts": "list.all(x, format.uri().validate('/' + text).hasValue() || true)",
  "formats of names": "names.all(n, names.all(m, !format.qualifiedName().validate(m).hasValue()))",
  "urls of large texts": "list.all(x, url('/a b?' + text).getQuery().size() > 0)",
  "paths of large texts": "list.all(x, url('/a b' + text).getEscapedPath() != '')",
  "versions of text": "list.all(x, isSemver('1.0.0-' + text, true) || true)",
  versions: loops(2, "semver(string(x0), true).compareTo(semver('1.0.0-a.b.c')) < 2"),
  "time zones": "list.all(x, timestamp(x).getHours('Europe/Berlin') >= 0)",
  "times and times": loops(2, "timestamp(x0) + duration(string(x1) + 's') >= timestamp(0)"),
  quantities: loops(
    2,
    "quantity(string(x0) + 'Mi').isLessThan(quantity(string(x1) + 'Gi')) || true",
  ),
  networks: loops(2, "cidr('10.0.0.0/8').containsIP('10.0.0.1')"),
  "networks that are none": "names.all(x, names.all(y, isCIDR(y) || isIP(x) || true))",
  "numbers and text": loops(2, "int(string(x0)) == x0"),
};

/** `inner` in so many loops over `list`, with the names `x0`, `x1` and so on from the inside. */
function loops(depth: number, inner: string): string {
  return Array.from({ length: depth }).reduce<string>(
    (body, _, index) => `list.all(x${index}, ${body})`,
    inner,
  );
}

/** A list that holds the same list twice, and so on: small in memory, huge to go through. */
function twins(depth: number): string {
  return `[[1]]${".map(y, [y, y])".repeat(depth)}`;
}

function optionalTwins(depth: number): string {
  return `optional.of(1)${".optMap(y, [y, y])".repeat(depth)}`;
}
