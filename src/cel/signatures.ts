import type { FunctionTable } from "./function-table.ts";
import type { Overload } from "./overload.ts";
import type { Callee } from "./resolve-call.ts";
import { DYN, isSame, plain, readType, readTypes, type StaticType } from "./static-type.ts";
import type { Unification } from "./unification.ts";
import type { TypeName } from "./value.ts";

/** One way to call a function, with what lists, maps and optional values hold. */
interface Signature {
  readonly parameters: readonly StaticType[];
  readonly result: StaticType;
}

const TIMES = ["google.protobuf.Duration", "google.protobuf.Timestamp"];
const SUMMABLE = ["int", "uint", "double", "google.protobuf.Duration"];
const COMPARABLE = ["int", "uint", "double", "bool", "string", "bytes", ...TIMES];

const forEach = (types: readonly string[], signature: string): readonly string[] =>
  types.map((type) => signature.replaceAll("T", type));

/** What an overload does not say of its types; a capital letter is the same type wherever it stands. */
const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  "_==_": ["A, A → bool"],
  "_!=_": ["A, A → bool"],
  "_?_:_": ["bool, A, A → A"],
  "_[_]": [
    "list(A), int → A",
    "map(A, B), A → B",
    "optional_type(list(A)), int → optional_type(A)",
    "optional_type(map(A, B)), A → optional_type(B)",
  ],
  "_[?_]": [
    "list(A), int → optional_type(A)",
    "optional_type(list(A)), int → optional_type(A)",
    "map(A, B), A → optional_type(B)",
    "optional_type(map(A, B)), A → optional_type(B)",
  ],
  "@in": ["A, list(A) → bool", "A, map(A, B) → bool"],
  "_+_": ["list(A), list(A) → list(A)"],
  size: ["list(A) → int", "map(A, B) → int"],
  type: ["A → type"],
  dyn: ["A → dyn"],
  findAll: ["string, string → list(string)", "string, string, int → list(string)"],
  split: ["string, string → list(string)", "string, string, int → list(string)"],
  join: ["list(string) → string", "list(string), string → string"],
  format: ["string, list(dyn) → string"],
  getQuery: ["kubernetes.URL → map(string, list(string))"],
  validate: ["kubernetes.NamedFormat, string → optional_type(list(string))"],
  "format.named": ["string → optional_type(kubernetes.NamedFormat)"],
  sum: forEach(SUMMABLE, "list(T) → T"),
  min: forEach(COMPARABLE, "list(T) → T"),
  max: forEach(COMPARABLE, "list(T) → T"),
  isSorted: forEach(COMPARABLE, "list(T) → bool"),
  sort: forEach(COMPARABLE, "list(T) → list(T)"),
  sortBy: forEach(COMPARABLE, "list(A), list(T) → list(A)"),
  transformMapEntry: ["map(A, B) → map(A, B)"],
  indexOf: ["list(A), A → int"],
  lastIndexOf: ["list(A), A → int"],
  "sets.contains": ["list(A), list(A) → bool"],
  "sets.equivalent": ["list(A), list(A) → bool"],
  "sets.intersects": ["list(A), list(A) → bool"],
  "lists.range": ["int → list(int)"],
  distinct: ["list(A) → list(A)"],
  flatten: ["list(list(A)) → list(A)", "list(dyn), int → list(dyn)"],
  reverse: ["list(A) → list(A)"],
  slice: ["list(A), int, int → list(A)"],
  first: ["list(A) → optional_type(A)"],
  last: ["list(A) → optional_type(A)"],
  "optional.of": ["A → optional_type(A)"],
  "optional.ofNonZeroValue": ["A → optional_type(A)"],
  "optional.none": [" → optional_type(A)"],
  hasValue: ["optional_type(A) → bool"],
  value: ["optional_type(A) → A"],
  or: ["optional_type(A), optional_type(A) → optional_type(A)"],
  orValue: ["optional_type(A), A → A"],
  "optional.unwrap": ["list(optional_type(A)) → list(A)"],
  unwrapOpt: ["list(optional_type(A)) → list(A)"],
};

const HOLDING: ReadonlySet<string> = new Set(["list", "map", "optional_type", "dyn", "type"]);

const WRITTEN: ReadonlyMap<string, readonly Signature[]> = new Map(
  Object.entries(SIGNATURES).map(([name, signatures]) => [name, signatures.map(read)]),
);

function read(signature: string): Signature {
  const [parameters = "", result = ""] = signature.split(" → ");
  return { parameters: readTypes(parameters), result: readType(result) };
}

/** What a call gives; null where no arguments of these types fit. As in cel-go, dyn where several ways to call it do, with different results. */
export function resultOf(
  callee: Callee,
  types: readonly StaticType[],
  functions: FunctionTable,
  unification: Unification,
): StaticType | null {
  let result: StaticType | null = null;
  for (const signature of signaturesOf(callee, functions)) {
    const [own = DYN, ...parameters] = unification.instantiate([
      signature.result,
      ...signature.parameters,
    ]);
    if (!unification.fit(types, parameters)) continue;
    const found = unification.resolve(own);
    result = result === null || isSame(result, found) ? found : DYN;
  }
  return result;
}

/** The overloads that hold nothing, and what is written above. */
function signaturesOf({ name, isMethod }: Callee, functions: FunctionTable): readonly Signature[] {
  const written = WRITTEN.get(name) ?? [];
  const overloads = functions.get(name)?.filter((one) => one.isMethod === isMethod);
  if (overloads === undefined) return written;
  if (overloads.length === 0) return [];
  const holdsNothing = ({ parameters, result }: Overload): boolean =>
    written.length === 0 || ![...parameters, result].some((type) => HOLDING.has(type));
  const plainOnes = overloads.filter(holdsNothing).map(({ parameters, result }) => ({
    parameters: parameters.map(plainly),
    result: plainly(result),
  }));
  return [...plainOnes, ...written];
}

/** A type that is written nowhere with what it holds. */
function plainly(type: TypeName): StaticType {
  if (type === "list") return readType("list(dyn)");
  if (type === "map") return readType("map(dyn, dyn)");
  return type === "optional_type" ? readType("optional_type(dyn)") : plain(type);
}
