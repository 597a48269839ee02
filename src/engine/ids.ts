/** Small numbers, each taken until it is given back, so that arrays indexed by them stay short. */
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
