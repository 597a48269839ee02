import { closestMatch } from "leven";

/** The one of `candidates` that `word` may have been meant for, undefined where none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  return closestMatch(word, candidates, { maxDistance: tolerance(word) });
}

/** `; did you mean \`x\`?`, to stand after what is wrong; empty where none of `candidates` is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, [...candidates]);
  return near === undefined ? "" : `; did you mean \`${near}\`?`;
}

/** Up to how many candidates are listed if none of them is near. */
const FEW = 8;

/** The same, or all of `candidates` where none is near and they are few. */
export function didYouMeanOneOf(word: string, candidates: readonly string[]): string {
  const near = didYouMean(word, candidates);
  if (near !== "" || candidates.length === 0 || candidates.length > FEW) return near;
  return `; there is ${candidates.map((one) => `\`${one}\``).join(", ")}`;
}

/** How many letters may be wrong in a word for it to be the same word; two that are swapped are two. */
function tolerance(word: string): number {
  if (word.length <= 3) return word.length === 1 ? 0 : 1;
  return Math.max(2, Math.floor(word.length / 3));
}
