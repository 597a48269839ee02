import type { Outcome } from "../value.ts";

/** A double as Go's `strconv.FormatFloat(x, 'g', -1, 64)` has it: `1e+06`, `0.0001`, `+Inf`. */
export function doubleAsText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) return value.toString();
  const sign = power < 0 ? "-" : "+";
  return `${digits}e${sign}${Math.abs(power).toString().padStart(2, "0")}`;
}

/** The library writes fractions of a second in groups of three digits, Go as few as there are. */
export function timeAsText(text: Outcome): Outcome {
  return typeof text === "string" ? text.replace(/(\.\d*?)0+([Zs])$/, "$1$2") : text;
}
