const TOKEN =
  /\\Q(?<quoted>.*?)(?:\\E|$)|\\[pPx]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\{(?<least>\d+)(?:,(?<most>\d*))?\}|./gs;

/**
 * About how many instructions a regular expression becomes, never many fewer, and found without
 * making them: `(a{1000}b){1000}` is sixteen characters and a million instructions. Takes anything;
 * what is a regular expression is for RE2 to say.
 */
export function patternSize(text: string): number {
  const openGroups: number[] = [];
  let total = 0;
  /** Where the part that a repetition would repeat begins. */
  let start = 0;
  for (const { 0: token, groups } of text.matchAll(TOKEN)) {
    const repetitions = repetitionsOf(groups);
    if (repetitions !== null) total = start + (total - start + 1) * repetitions;
    else if (token === "(") openGroups.push(total);
    else if (token === ")") start = openGroups.pop() ?? 0;
    else if (!/^[*+?|]$/.test(token)) start = total;
    total += groups?.["quoted"]?.length ?? 1;
  }
  return total;
}

function repetitionsOf(
  groups: Readonly<Record<string, string | undefined>> | undefined,
): number | null {
  const least = groups?.["least"];
  return least === undefined ? null : Math.max(Number(least), Number(groups?.["most"] ?? 0)) + 1;
}
