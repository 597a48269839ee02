/**
 * PERF: at this many items a block is halved. In one array of a hundred thousand each insertion moves half of them, which
 * for a policy of 28,000 addresses beside others took seconds.
 */
const MAX_BLOCK = 512;

/** Items in the order of where they start, no two at the same, kept in blocks so that one can be put between. */
export class Ascending<T> {
  readonly #startOf: (item: T) => bigint;
  /** None is empty but the only one. */
  readonly #blocks: T[][] = [[]];
  #size = 0;

  constructor(startOf: (item: T) => bigint) {
    this.#startOf = startOf;
  }

  get size(): number {
    return this.#size;
  }

  /** The last item that starts at or before `at`, and all behind it. From the first on where there is none. */
  *from(at: bigint): Iterable<T> {
    const { block, index } = this.#placeOf(at);
    // PERF: mostly somebody wants a handful of them, tens of thousands of times.
    let start = Math.max(index, 0);
    for (let next = block; next < this.#blocks.length; next += 1, start = 0) {
      const items = this.#blocks[next] ?? [];
      for (let each = start; each < items.length; each += 1) yield items[each] as T;
    }
  }

  /** The last item that starts at or before `at`. */
  find(at: bigint): T | undefined {
    const { block, index } = this.#placeOf(at);
    return this.#blocks[block]?.[index];
  }

  insert(item: T): void {
    const { block, index } = this.#placeOf(this.#startOf(item));
    const items = this.#blocks[block] ?? [];
    items.splice(index + 1, 0, item);
    this.#size += 1;
    if (items.length > MAX_BLOCK) this.#blocks.splice(block + 1, 0, items.splice(MAX_BLOCK / 2));
  }

  remove(item: T): void {
    const { block, index } = this.#placeOf(this.#startOf(item));
    const items = this.#blocks[block] ?? [];
    items.splice(index, 1);
    this.#size -= 1;
    if (items.length === 0 && this.#blocks.length > 1) this.#blocks.splice(block, 1);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const items of this.#blocks) yield* items;
  }

  /** Where the last item is that starts at or before `at`; the index is -1 where there is none. */
  #placeOf(at: bigint): { readonly block: number; readonly index: number } {
    const block = Math.max(
      this.#lastUpTo(this.#blocks, ([first]) => first, at),
      0,
    );
    return { block, index: this.#lastUpTo(this.#blocks[block] ?? [], (item) => item, at) };
  }

  #lastUpTo<S>(list: readonly S[], itemOf: (one: S) => T | undefined, at: bigint): number {
    let low = -1;
    let high = list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const item = itemOf(list[middle] as S);
      if (item !== undefined && this.#startOf(item) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
