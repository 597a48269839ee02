import { celUint } from "@bufbuild/cel";
import type { Value as Expected } from "@bufbuild/cel-spec/cel/expr/value_pb.js";
import { getConformanceSuite, type IncrementalTest } from "@bufbuild/cel-spec/testdata/tests.js";
import { describe, expect, it } from "vitest";
import { compileExpression } from "../../src/cel/compile-expression.ts";
import {
  Dictionary,
  isWritableType,
  List,
  mapKey,
  type TypeName,
  TypeValue,
  type Value,
} from "../../src/cel/value.ts";
import { unreachable } from "../../src/errors.ts";
import { PLENTY } from "./evaluate.ts";

/** Parts of the language's own test suite that are about what there is not here, and why. */
const NOT_HERE: Readonly<Record<string, string>> = {
  bindings_ext: "Kubernetes has no cel.bind",
  block_ext: "Kubernetes has no cel.block",
  dynamic: "objects come as JSON, not as protocol buffers",
  encoders_ext: "Kubernetes has no encoders",
  enums: "objects come as JSON, not as protocol buffers",
  math_ext: "Kubernetes has no math extension",
  namespace: "names have no container",
  proto2: "objects come as JSON, not as protocol buffers",
  proto2_ext: "objects come as JSON, not as protocol buffers",
  proto3: "objects come as JSON, not as protocol buffers",
  type_deductions: "types are only those of values, without what lists and maps hold",
  unknowns: "has no tests",
  wrappers: "objects come as JSON, not as protocol buffers",
};

interface Departure {
  readonly reason: string;
  readonly what: RegExp | ReadonlySet<string>;
  /** Whether the suite wants an error. */
  readonly ofErrors?: true;
  /** Whether the API server departs from the suite, too. */
  readonly isKubernetes?: true;
}

/** Tests, by their names, with lists, maps and conditions of several types, and with numbers of several types that are equal. */
const MIXED: ReadonlySet<string> = new Set([
  "dyn_heterogeneous_list",
  "elem_in_mixed_type_list",
  "elem_in_mixed_type_list_cross_type",
  "eq_list_elem_mixed_types",
  "eq_list_mixed_type_numbers",
  "eq_map_mixed_type_numbers",
  "eq_map_value_mixed_types",
  "eq_mixed_types",
  "field_access_dash",
  "has_field_dash",
  "key_in_mixed_key_type_map",
  "key_in_mixed_key_type_map_cross_type",
  "list_elem_type_exhaustive",
  "list_elem_type_shortcircuit",
  "map_key_int64",
  "map_key_mixed_numbers_double_key",
  "map_key_mixed_numbers_double_key_optindex_value",
  "map_key_mixed_numbers_int_key",
  "map_key_mixed_numbers_int_key_optindex_value",
  "map_key_mixed_numbers_uint_key",
  "map_key_mixed_numbers_uint_key_optindex_value",
  "map_key_mixed_type",
  "map_key_mixed_type_optindex_value",
  "map_key_type_exhaustive",
  "map_key_type_shortcircuit",
  "map_key_uint64",
  "map_value_mix_type",
  "mixed_numbers_and_keys_absent",
  "mixed_numbers_and_keys_present",
  "mixed_type",
  "ne_mixed_types",
  "not_eq_list_elem_null",
  "not_eq_list_false_vs_types",
  "not_eq_list_length",
  "not_eq_list_mixed_type_numbers",
  "not_eq_list_null",
  "not_eq_map_false_vs_types",
  "not_eq_map_null",
  "not_eq_map_value_null",
  "optional_chaining_13",
  "skip_check",
]);

/** Single tests that are not met, by the expression or the name. */
const DEPARTURES: readonly Departure[] = [
  {
    reason: "the API server finds nothing beyond the end of a text, and so do we",
    what: /ndexOf\('a', 30\)/,
    ofErrors: true,
    isKubernetes: true,
  },
  {
    reason: "the API server refuses what holds several types, and so do we",
    what: MIXED,
    isKubernetes: true,
  },
  {
    reason: "Kubernetes has version 2 of the extension, which writes these otherwise",
    what: /^"%(?:\.6)?e"\.|^str_var\.format\(\[1052|^"%f"\.format\(\[double\("-?Inf|^"%d"\.format\(\[double|^"%s"\.format\(\[(?:\[|\{|dyn\(\[)/,
    isKubernetes: true,
  },
  {
    reason: "there are no messages",
    what: /(?:TestAllTypes|google\.protobuf\.\w+)(?:\s|\/\/.*)*\{|x\.getMilliseconds\(\)/,
  },
  {
    reason: "the API server finds no fields in what has none, and so do we",
    what: /^\{'null_key': dyn\(null\)\}\.\?null_key\.invalid|^\{true: dyn\(0\)\}\[\?true\]\.absent/,
    ofErrors: true,
    isKubernetes: true,
  },
  { reason: "a variable has a name without dots", what: /^a\.b\.c$/ },
  {
    reason:
      "what cannot be right is an error when the expression is loaded, even where it would not matter",
    what: /^(?:x|f_unknown\(17\)|a\.\w+\(\)) \|\| true$|^dyn\([^(]*\]\) (?:\|\||&&)|^(?:false &&|true \|\|) (?:32|\(2 \/ 0)|^(?:'horses'|\(2 \/ 0.*\)) (?:&&|\|\|) /,
  },
];

const suites = getConformanceSuite().suites;

it("is there, and mostly asked for", () => {
  const asked = suites.filter(({ name }) => !(name in NOT_HERE));
  const tests = asked.flatMap((suite) => suite.suites.flatMap((section) => section.tests));
  const ours = tests.filter((test) => {
    const departure = departureOf(test);
    return departure !== undefined && departure.isKubernetes !== true;
  });
  expect(tests.length).toBeGreaterThan(1_200);
  expect(ours.length / tests.length).toBeLessThan(0.1);
  expect(
    Object.keys(NOT_HERE).filter((name) => !suites.some((suite) => suite.name === name)),
  ).toEqual([]);
});

describe.each(suites.filter(({ name }) => !(name in NOT_HERE)))("$name", ({ suites: sections }) => {
  describe.each(sections)("$name", ({ tests }) => {
    it.each(tests.filter((test) => departureOf(test) === undefined))("$name", check);
    const departures = tests.flatMap((test) => {
      const departure = departureOf(test);
      return departure === undefined ? [] : [{ name: `${test.name}: ${departure.reason}`, test }];
    });
    it.fails.each(departures)("$name", ({ test }) => check(test));
  });
});

function departureOf({ original }: IncrementalTest): Departure | undefined {
  const ofErrors = original.resultMatcher.case === "evalError";
  return DEPARTURES.find(
    (departure) => (departure.ofErrors ?? false) === ofErrors && isMet(departure.what, original),
  );
}

function isMet(
  what: Departure["what"],
  { name, expr }: Pick<IncrementalTest["original"], "name" | "expr">,
): boolean {
  return what instanceof RegExp ? what.test(expr) : what.has(name);
}

function check({ original }: IncrementalTest): void {
  const { expr, bindings, typeEnv, resultMatcher } = original;
  const declared = typeEnv.flatMap(({ name, declKind }) =>
    declKind.case === "ident" ? [name] : [],
  );
  const names = [...declared, ...Object.keys(bindings)];
  const variables: Record<string, TypeName> = Object.fromEntries(
    names.map((name) => [name, "dyn"]),
  );
  const program = compileExpression(expr, { variables, functions: [] }, "dyn");
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(bindings).map(([name, { kind }]) => [
      name,
      kind.case === "value" ? read(kind.value) : undefined,
    ]),
  );
  const ending = program.ok
    ? program.value.evaluate({ variables: values, functions: {} }, PLENTY)
    : ({ kind: "error", message: program.error[0]?.message ?? "" } as const);
  if (resultMatcher.case === "evalError") expect(ending).toMatchObject({ kind: "error" });
  else {
    const value = resultMatcher.case === "value" ? read(resultMatcher.value) : true;
    expect(ending).toEqual({ kind: "value", value });
  }
}

/** A value of the suite as one of ours. */
function read({ kind }: Expected): Value {
  switch (kind.case) {
    case "nullValue":
      return null;
    case "uint64Value":
      return celUint(kind.value);
    case "boolValue":
    case "int64Value":
    case "doubleValue":
    case "stringValue":
    case "bytesValue":
      return kind.value;
    case "typeValue":
      if (!isWritableType(kind.value)) throw new Error(`no such type: ${kind.value}`);
      return new TypeValue(kind.value);
    case "listValue":
      return new List(kind.value.values.map(read));
    case "mapValue":
      return new Dictionary(
        new Map(
          kind.value.entries.map(({ key, value }) => {
            if (key === undefined || value === undefined) throw new Error("an entry without a key");
            return [mapKey(read(key)) ?? "", read(value)];
          }),
        ),
      );
    case "enumValue":
    case "objectValue":
    case undefined:
      throw new Error(`cannot be read: ${String(kind.case)}`);
    default:
      return unreachable(kind);
  }
}
