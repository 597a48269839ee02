const bits = new DataView(new ArrayBuffer(8));

/** A finite number with `places` digits behind the point (Go: `%.2f`). */
export function fixedText(value: number, places: number): string {
  const digits = scaled(value, places)
    .toString()
    .padStart(places + 1, "0");
  const point = digits.length - places;
  const fraction = places === 0 ? "" : `.${digits.slice(point)}`;
  return `${isNegative(value) ? "-" : ""}${digits.slice(0, point)}${fraction}`;
}

/** A finite number as one digit, six more and a power of ten. */
export function scientificParts(value: number): {
  readonly number: string;
  readonly power: number;
} {
  const [, exponent] = value.toExponential().split("e");
  let power = Number(exponent);
  let digits = scaled(value, 6 - power).toString();
  if (digits.length > 7) {
    power += 1;
    digits = digits.slice(0, 7);
  }
  const sign = value < 0 ? "-" : "";
  return { number: `${sign}${digits.slice(0, 1)}.${digits.slice(1).padEnd(6, "0")}`, power };
}

function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0);
}

/** The magnitude of `value` × 10^`power`, exactly, then rounded; halves to the even neighbour, where `toFixed` goes up. */
function scaled(value: number, power: number): bigint {
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const fraction = BigInt.asUintN(52, raw);
  const exponent = BigInt.asUintN(11, raw >> 52n);
  const [mantissa, shift] =
    exponent === 0n ? [fraction, -1074n] : [fraction + 2n ** 52n, exponent - 1075n];
  const dividend = mantissa * positivePower(2n, shift) * positivePower(10n, BigInt(power));
  const divisor = positivePower(2n, -shift) * positivePower(10n, BigInt(-power));
  const quotient = dividend / divisor;
  const twice = 2n * (dividend % divisor);
  const isUp = twice > divisor || (twice === divisor && quotient % 2n === 1n);
  return isUp ? quotient + 1n : quotient;
}

function positivePower(base: bigint, exponent: bigint): bigint {
  return exponent > 0n ? base ** exponent : 1n;
}
