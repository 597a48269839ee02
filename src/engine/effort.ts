/** A rectangle is worked out and its ends are named, which takes as long as to look at so many peers. */
export const RECTANGLE_EFFORT = 30;

/** How much may still be looked at: a look at one peer counts as one. */
export class Effort {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  /** Report whether more was asked for than there was. */
  get isOver(): boolean {
    return this.#left < 0;
  }

  spend(effort: number): void {
    this.#left -= effort;
  }
}
