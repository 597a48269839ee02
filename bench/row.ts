/** One measured figure. `ok` is null where there is no target. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target: string | null;
  readonly ok: boolean | null;
}

type Bound = { readonly atMost: number } | { readonly atLeast: number };

/** A row, compared with its bound. */
export function row(name: string, value: number, unit: string, bound?: Bound): BenchRow {
  const rounded = Number(value.toPrecision(4));
  if (bound === undefined) return { name, value: rounded, unit, target: null, ok: null };
  return "atMost" in bound
    ? { name, value: rounded, unit, target: `<= ${bound.atMost}`, ok: value <= bound.atMost }
    : { name, value: rounded, unit, target: `>= ${bound.atLeast}`, ok: value >= bound.atLeast };
}

/** The value that a share `q` of all values do not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
