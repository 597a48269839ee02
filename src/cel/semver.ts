import { EvaluationError, Opaque, quoted, type TypeName } from "./value.ts";

/** Ours: nobody has a longer version. */
const MAX_LENGTH = 256;
const MAX_NUMBER = 2n ** 64n - 1n;

const NUMBER = String.raw`0|[1-9]\d*`;
const LABEL = `(?:${NUMBER}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;
const VERSION = new RegExp(
  `^(?<numbers>(?:${NUMBER})\\.(?:${NUMBER})\\.(?:${NUMBER}))(?:-(?<labels>${LABEL}(?:\\.${LABEL})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

/** A semantic version (semver.org). What is built from it (`+…`) makes no difference. */
export class Semver extends Opaque {
  readonly typeName: TypeName = "kubernetes.Semver";
  /** Major, minor and patch. */
  readonly numbers: readonly bigint[];
  /** Of what comes before a release: `alpha` and `1` of `1.0.0-alpha.1`. */
  readonly #labels: readonly string[];
  readonly #text: string;

  constructor(text: string, numbers: readonly bigint[], labels: readonly string[]) {
    super();
    this.numbers = numbers;
    this.#labels = labels;
    this.#text = text;
  }

  /** Below, at or above 0 as this comes before, with or behind the other. */
  compareTo(other: Semver): bigint {
    const order = firstDifference(this.numbers, other.numbers, compare);
    if (order !== 0n) return order;
    const [mine, theirs] = [this.#labels, other.#labels];
    // A release comes behind what leads to it.
    return mine.length === 0 || theirs.length === 0
      ? compare(theirs.length, mine.length)
      : firstDifference(mine, theirs, compareLabels);
  }

  override equals(other: Opaque): boolean {
    return other instanceof Semver && this.compareTo(other) === 0n;
  }

  override toString(): string {
    return this.#text;
  }
}

/** Read a version as it must be written. */
export function parseSemver(text: string): Semver | EvaluationError {
  const parts = text.length > MAX_LENGTH ? null : VERSION.exec(text);
  const { numbers, labels } = parts?.groups ?? {};
  const values = numbers?.split(".").map(BigInt) ?? [];
  const words = labels?.split(".") ?? [];
  const isRead = [...values, ...words].every(isInRange);
  return numbers === undefined || !isRead
    ? new EvaluationError(`${quoted(text)} is not a semantic version`)
    : new Semver(text, values, words);
}

/** Report whether a number has no more than 64 bits; what is no number is in range. */
function isInRange(part: bigint | string): boolean {
  return !/^\d+$/.test(`${part}`) || BigInt(part) <= MAX_NUMBER;
}

/** Kubernetes (`normalizeAndParse`): a `v` before it, missing numbers and leading zeros are let pass. */
export function parseTolerantly(text: string): Semver | EvaluationError {
  const parts: readonly (string | undefined)[] =
    /^v?([^.]*)(?:\.([^.]*))?(?:\.([^]*))?$/.exec(text)?.slice(1) ?? [];
  const given = parts.filter((part) => part !== undefined);
  const isShort = given.length < parts.length;
  if (isShort && /[+-]/.test(given.at(-1) ?? "")) return parseSemver(text);
  const numbers = parts.map((part = "0") => part.replace(/^0+(?=\d)/, ""));
  return parseSemver(numbers.join("."));
}

/** How the first parts that differ stand to each other; where none do, the longer comes behind. */
function firstDifference<T>(
  left: readonly T[],
  right: readonly T[],
  order: (one: T, other: T) => bigint,
): bigint {
  for (const [index, one] of left.entries()) {
    const other = right[index];
    const difference = other === undefined ? 1n : order(one, other);
    if (difference !== 0n) return difference;
  }
  return compare(left.length, right.length);
}

/** Numbers come before words. */
function compareLabels(left: string, right: string): bigint {
  const areNumbers = [left, right].map((label) => /^\d+$/.test(label));
  if (areNumbers[0] !== areNumbers[1]) return areNumbers[0] === true ? -1n : 1n;
  return areNumbers[0] === true ? compare(BigInt(left), BigInt(right)) : compare(left, right);
}

function compare<T extends number | bigint | string>(left: T, right: T): bigint {
  if (left === right) return 0n;
  return left < right ? -1n : 1n;
}
