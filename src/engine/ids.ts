/** Small numbers, each one's own until it is given back: what is kept by number stays short. */
export class Ids {
  readonly #free: number[] = [];
  #next = 0;

  take(): number {
    return this.#free.pop() ?? this.#next++;
  }

  giveBack(id: number): void {
    this.#free.push(id);
  }
}
