import * as fc from "fast-check";
import { expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";

/** A quantity as text, and what it is worth in nanos. */
interface Written {
  readonly text: string;
  readonly nanos: bigint;
}

const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/** The greatest magnitude that a binary suffix leaves as it is. */
const CAP = (2n ** 63n - 1n) * 10n ** 9n;

const decimal = fc
  .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat(DECIMAL.length - 1))
  .map(
    ([value, power]): Written => ({
      text: `${value}${DECIMAL[power] ?? ""}`,
      nanos: BigInt(value) * 1_000n ** BigInt(power),
    }),
  );
const binary = fc
  .tuple(fc.integer({ min: -4, max: 4_000 }), fc.nat(BINARY.length - 1))
  .map(([value, power]): Written => {
    const nanos = BigInt(value) * 1_024n ** BigInt(power + 1) * 10n ** 9n;
    return {
      text: `${value}${BINARY[power] ?? ""}`,
      nanos: nanos > CAP ? CAP : nanos < -CAP ? -CAP : nanos,
    };
  });
const exponent = fc
  .tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: -9, max: 30 }))
  .map(
    ([value, power]): Written => ({
      text: `${value}e${power}`,
      nanos: BigInt(value) * 10n ** BigInt(power + 9),
    }),
  );
const fraction = fc
  .tuple(fc.nat(99), fc.nat(999), fc.constantFrom("", "-"))
  .map(([whole, thousandths, sign]): Written => {
    const nanos = BigInt(whole * 1_000 + thousandths) * 10n ** 6n;
    return {
      text: `${sign}${whole}.${String(thousandths).padStart(3, "0")}`,
      nanos: sign === "" ? nanos : -nanos,
    };
  });
const quantity = fc.oneof(decimal, binary, exponent, fraction);

it("quantities stand to each other as the numbers they are", () => {
  fc.assert(
    fc.property(quantity, quantity, (one, other) => {
      const [left, right] = [`quantity('${one.text}')`, `quantity('${other.text}')`];
      const order = one.nanos < other.nanos ? -1n : one.nanos > other.nanos ? 1n : 0n;
      expect(evaluate(`${left}.compareTo(${right})`)).toBe(order);
      expect(evaluate(`${left} == ${right}`)).toBe(order === 0n);
      expect(evaluate(`${left}.isLessThan(${right})`)).toBe(order < 0n);
    }),
  );
});

it("sums and differences are exact", () => {
  fc.assert(
    fc.property(quantity, quantity, fc.integer(), (one, other, whole) => {
      const [left, right] = [`quantity('${one.text}')`, `quantity('${other.text}')`];
      const sum = one.nanos + other.nanos;
      expect(evaluate(`${left}.add(${right}) == quantity('${sum}n')`)).toBe(true);
      expect(evaluate(`${left}.add(${right}).sub(${right}) == ${left}`)).toBe(true);
      expect(evaluate(`${left}.add(${whole}).sub(${whole}) == ${left}`)).toBe(true);
    }),
  );
});
