import type { Pattern } from "./pattern.ts";
import type { Outcome, Value } from "./value.ts";

/** What a function that the surroundings provide is: called with the arguments it was declared for. */
export type HostFunction = (...args: readonly Value[]) => Outcome;

/** What one evaluation may use up. */
export interface Limits {
  /** Steps: reading a field is one, ten characters are one. Kubernetes allows an expression 1,000,000. */
  readonly maxCost: number;
  /** On the clock; what is running then is stopped. */
  readonly deadline: number;
  readonly clock: () => number;
}

/** Thrown where a limit is reached, past everything that absorbs the errors of the language. */
export class Halt extends Error {
  readonly reason: "cost-exceeded" | "past-deadline";

  constructor(reason: Halt["reason"]) {
    super(reason);
    this.name = "Halt";
    this.reason = reason;
  }
}

/** Steps between two looks at the clock: some tens of microseconds, a thousand times a look's own cost. */
const LOOK_EVERY = 1_000;

/** What an evaluation runs with, but for its limits. */
export interface Surroundings {
  /** The values of variables, by slot. */
  readonly slots: Outcome[];
  readonly functions: Readonly<Record<string, HostFunction>>;
  /** The regular expressions that stand in the expression. */
  readonly patterns: ReadonlyMap<string, Pattern>;
}

/** The most that is done in one piece, ten milliseconds or so: a deadline is missed by no more. */
const MAX_AT_ONCE = 250_000;

/** One evaluation under way, and its meter. */
export class Frame {
  readonly slots: Outcome[];
  readonly functions: Surroundings["functions"];
  readonly patterns: Surroundings["patterns"];
  readonly #limits: Limits;
  #left: number;
  #untilLook = LOOK_EVERY;

  constructor({ slots, functions, patterns }: Surroundings, limits: Limits) {
    this.slots = slots;
    this.functions = functions;
    this.patterns = patterns;
    this.#limits = limits;
    this.#left = limits.maxCost;
  }

  /**
   * Pay for `steps` before they are made. Throws a Halt where the budget is used up or the deadline
   * is past.
   * INVARIANT: whatever takes time or memory in proportion to a value pays in proportion to it,
   * beforehand: nothing can be interrupted between two payments.
   */
  charge(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0 || steps > MAX_AT_ONCE) this.exceed();
    this.#untilLook -= steps;
    if (this.#untilLook < 0) this.#look();
  }

  /** Pay for going through `text` once. */
  chargeText(text: string): void {
    this.charge(Math.ceil(text.length / 10));
  }

  /** For work that no budget pays for. */
  exceed(): never {
    throw new Halt("cost-exceeded");
  }

  #look(): void {
    this.#untilLook = LOOK_EVERY;
    if (this.#limits.clock() > this.#limits.deadline) throw new Halt("past-deadline");
  }
}
