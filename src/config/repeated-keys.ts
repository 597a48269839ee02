import { type Document, isMap, isScalar, isSeq } from "yaml";

/**
 * Where a map of the document repeats a key. PERF: the parser would compare every key with all before it, and
 * so take minutes for a map of 30,000. No recursion: a document may be nested deeply.
 */
export function repeatedKeys({ contents }: Document.Parsed): readonly number[] {
  const offsets: number[] = [];
  const nodes: unknown[] = [contents];
  for (const node of nodes) {
    if (isSeq(node)) for (const item of node.items) nodes.push(item);
    if (!isMap(node)) continue;
    const seen = new Set<unknown>();
    for (const { key, value } of node.items) {
      nodes.push(key, value);
      if (!isScalar(key)) continue;
      if (seen.has(key.value)) offsets.push(key.range?.[0] ?? 0);
      seen.add(key.value);
    }
  }
  return offsets;
}
