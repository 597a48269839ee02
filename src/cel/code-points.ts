import type { Frame } from "./frame.ts";

/** How many code points `text` has: what CEL counts, where JavaScript counts UTF-16 units. */
export function pointCount(text: string, frame: Frame): number {
  return isPlain(text, frame) ? text.length : Array.from(text).length;
}

/** The UTF-16 index of the code point with the index `point`. */
export function unitIndex(text: string, point: number, frame: Frame): number {
  return isPlain(text, frame) ? point : Array.from(text).slice(0, point).join("").length;
}

/** PERF: text without surrogate pairs, nearly all there is, is indexed as it stands. */
function isPlain(text: string, frame: Frame): boolean {
  frame.chargeText(text);
  if (!/[\ud800-\udbff]/.test(text)) return true;
  frame.charge(text.length);
  return false;
}
