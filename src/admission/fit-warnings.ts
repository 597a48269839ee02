import { printable, runeCount } from "../wire/printable.ts";

/**
 * The API server's limits (k8s.io/apiserver `endpoints/filters/warning.go`): nothing is cut until
 * all warnings of a request together exceed 4096 runes; then each is cut to 256 and the surplus is
 * dropped without a word. Other webhooks share the 4096, so Ringfence keeps to half of it.
 */
const MAX_TOTAL_RUNES = 2048;
const MAX_RUNES = 256;
const MAX_WARNINGS = 12;

/** Room for the last line, which counts what did not fit. */
const SURPLUS_RUNES = 40;

/** The warnings that fit, each one line; what does not fit is counted in a last one. */
export function fitWarnings(warnings: readonly string[]): readonly string[] {
  // A warning becomes an HTTP header: with control characters the API server would drop it.
  const distinct = [...new Set(warnings.map((warning) => printable(warning, MAX_RUNES)))];
  const fitting: string[] = [];
  let runes = 0;
  for (const warning of distinct) {
    runes += runeCount(warning);
    if (fitting.length === MAX_WARNINGS || runes > MAX_TOTAL_RUNES - SURPLUS_RUNES) break;
    fitting.push(warning);
  }
  const surplus = distinct.length - fitting.length;
  return surplus === 0 ? fitting : [...fitting, `and ${surplus} more warnings that did not fit`];
}
