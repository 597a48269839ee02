/** Control characters, and characters that are invisible or reorder a line: a terminal would obey them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** How much of a text is looked at for so many runes, which are two units each at most: more is cut, not read. */
const UNITS_PER_RUNE = 4;

/** `text` as one line that a terminal and an HTTP header can take, of at most `max` runes. */
export function printable(text: string, max: number): string {
  const read = text.slice(0, UNITS_PER_RUNE * max);
  const line = read.replaceAll(UNPRINTABLE, " ");
  return cut(read.length < text.length ? `${line}…` : line, max);
}

/** Cut `text` to `max` runes, the last of them an ellipsis where something was cut. */
export function cut(text: string, max: number): string {
  // A string has at least as many UTF-16 units as runes: most need no counting.
  if (text.length <= max || runeCount(text) <= max) return text;
  return `${Array.from(text)
    .slice(0, max - 1)
    .join("")}…`;
}

/** How many Unicode code points `text` has: what Go and the API server's limits count. */
export function runeCount(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
