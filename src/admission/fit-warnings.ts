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
  const distinct = [...new Set(warnings.map(oneLine))];
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

/** Cut `text` to `max` runes, the last of them an ellipsis where something was cut. */
export function cut(text: string, max: number): string {
  // A string has at least as many UTF-16 units as runes: most need no counting.
  if (text.length <= max || runeCount(text) <= max) return text;
  return `${Array.from(text)
    .slice(0, max - 1)
    .join("")}…`;
}

/** A warning becomes an HTTP header: control characters would make the API server drop it. */
function oneLine(text: string): string {
  return cut(text.replaceAll(/\p{Cc}+/gu, " "), MAX_RUNES);
}

function runeCount(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
