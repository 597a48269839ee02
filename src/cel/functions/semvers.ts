import type { Frame } from "../frame.ts";
import { func, method, type Overload } from "../overload.ts";
import { parseSemver, parseTolerantly, Semver } from "../semver.ts";
import type { EvaluationError } from "../value.ts";

const SEMVER = "kubernetes.Semver";

/** Kubernetes' library for semantic versions. */
export const SEMVERS: readonly Overload[] = [
  func("semver", ["string"], SEMVER, ([text], frame) => read(text, false, frame)),
  func("semver", ["string", "bool"], SEMVER, ([text, isTolerant], frame) =>
    read(text, isTolerant, frame),
  ),
  func(
    "isSemver",
    ["string"],
    "bool",
    ([text], frame) => read(text, false, frame) instanceof Semver,
  ),
  func(
    "isSemver",
    ["string", "bool"],
    "bool",
    ([text, isTolerant], frame) => read(text, isTolerant, frame) instanceof Semver,
  ),
  // The API server's numbers are unsigned, and of the largest ones it gives the negative.
  ...["major", "minor", "patch"].map((name, index) =>
    method(name, [SEMVER], "int", ([{ numbers }]) => BigInt.asIntN(64, numbers[index] ?? 0n)),
  ),
  method("compareTo", [SEMVER, SEMVER], "int", ([one, other]) => one.compareTo(other)),
  method("isLessThan", [SEMVER, SEMVER], "bool", ([one, other]) => one.compareTo(other) < 0n),
  method("isGreaterThan", [SEMVER, SEMVER], "bool", ([one, other]) => one.compareTo(other) > 0n),
];

function read(text: string, isTolerant: boolean, frame: Frame): Semver | EvaluationError {
  frame.charge(text.length);
  return isTolerant ? parseTolerantly(text) : parseSemver(text);
}
