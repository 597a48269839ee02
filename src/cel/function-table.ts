import { ADDRESSES } from "./functions/addresses.ts";
import { ARITHMETIC } from "./functions/arithmetic.ts";
import { CONVERSIONS } from "./functions/conversions.ts";
import { FORMATS } from "./functions/formats.ts";
import { FORMATTING } from "./functions/formatting.ts";
import { LISTS } from "./functions/lists.ts";
import { OPERATORS } from "./functions/operators.ts";
import { OPTIONALS } from "./functions/optionals.ts";
import { PATTERNS } from "./functions/patterns.ts";
import { QUANTITIES } from "./functions/quantities.ts";
import { SEMVERS } from "./functions/semvers.ts";
import { STRINGS } from "./functions/strings.ts";
import { TIMES } from "./functions/times.ts";
import { URLS } from "./functions/urls.ts";
import type { Overload } from "./overload.ts";

/** The functions that every expression may call. PERF: the commonest overloads of an operator come first. */
export const FUNCTIONS: readonly Overload[] = [
  ...ARITHMETIC,
  ...OPERATORS,
  ...CONVERSIONS,
  ...STRINGS,
  ...FORMATTING,
  ...PATTERNS,
  ...LISTS,
  ...OPTIONALS,
  ...TIMES,
  ...ADDRESSES,
  ...QUANTITIES,
  ...FORMATS,
  ...URLS,
  ...SEMVERS,
];

/** Functions by name: `matches`, `ip.isCanonical`, `_+_`. */
export type FunctionTable = ReadonlyMap<string, readonly Overload[]>;

const KNOWN: FunctionTable = Map.groupBy(FUNCTIONS, ({ name }) => name);

/** The functions that every expression may call, and those that are added. PERF: grouping all of them took 7 % of compiling a rule. */
export function functionTable(added: readonly Overload[]): FunctionTable {
  const table = new Map(KNOWN);
  for (const overload of added) {
    table.set(overload.name, [...(table.get(overload.name) ?? []), overload]);
  }
  return table;
}
