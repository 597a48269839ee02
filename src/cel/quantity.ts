import { EvaluationError, Opaque, quoted, type TypeName } from "./value.ts";

const BILLION = 1_000_000_000n;
const MAX_INT64 = 2n ** 63n - 1n;

/** Powers of ten and of two by suffix (resource.Quantity: `decimalSI`, `binarySI`). */
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 10n,
  Mi: 20n,
  Gi: 30n,
  Ti: 40n,
  Pi: 50n,
  Ei: 60n,
};

/** No digits at all are 0, as in `+`, `.` or `Mi`. */
const QUANTITY =
  /^(?=.)(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<fraction>\d*))?(?<suffix>[KMGTPE]i|[numkMGTPE]?|[eE](?<exponent>[+-]?\d+))$/;

/** Ours: a number with more digits or a larger exponent than anybody has a resource for is none. */
const MAX_LENGTH = 100;
const MAX_EXPONENT = 400;

/** A quantity such as `200Mi`, exact to the nano. */
export class Quantity extends Opaque {
  readonly typeName: TypeName = "kubernetes.Quantity";
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    super();
    this.nanos = nanos;
  }

  /** A whole number. */
  static of(value: bigint): Quantity {
    return new Quantity(value * BILLION);
  }

  override equals(other: Opaque): boolean {
    return other instanceof Quantity && other.nanos === this.nanos;
  }

  override toString(): string {
    return `${this.asApproximateFloat()}`;
  }

  plus({ nanos }: Quantity): Quantity {
    return new Quantity(this.nanos + nanos);
  }

  minus({ nanos }: Quantity): Quantity {
    return new Quantity(this.nanos - nanos);
  }

  /** -1, 0 or 1. */
  get sign(): bigint {
    return this.nanos > 0n ? 1n : this.nanos < 0n ? -1n : 0n;
  }

  /** As an int, or null where it is not whole or does not fit 64 bits. */
  asInteger(): bigint | null {
    const value = this.nanos / BILLION;
    return this.nanos % BILLION === 0n && BigInt.asIntN(64, value) === value ? value : null;
  }

  asApproximateFloat(): number {
    const whole = this.nanos / BILLION;
    return Number(whole) + Number(this.nanos % BILLION) / Number(BILLION);
  }
}

/**
 * Read a quantity as resource.ParseQuantity does: what is finer than a nano is rounded away from
 * zero, and with a binary suffix no magnitude exceeds 2^63-1.
 */
export function parseQuantity(text: string): Quantity | EvaluationError {
  const parts = text.length <= MAX_LENGTH ? QUANTITY.exec(text)?.groups : undefined;
  if (parts === undefined) return new EvaluationError(`${quoted(text)} is not a quantity`);
  const { sign, whole = "", fraction = "", suffix = "", exponent } = parts;
  const power = exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent);
  if (Math.abs(power) > MAX_EXPONENT) {
    return new EvaluationError(`the exponent of ${quoted(text)} is out of range`);
  }
  const digits = BigInt(whole + fraction);
  const magnitude = magnitudeOf(digits, power - fraction.length, BINARY[suffix]);
  return new Quantity(sign === "-" ? -magnitude : magnitude);
}

function magnitudeOf(digits: bigint, power: number, binary: bigint | undefined): bigint {
  if (binary === undefined) return scale(digits, power + 9);
  const nanos = scale(digits << binary, power + 9);
  const most = MAX_INT64 * BILLION;
  return nanos > most ? most : nanos;
}

/** `value` × 10^`power`, rounded up. */
function scale(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (value + divisor - 1n) / divisor;
}
