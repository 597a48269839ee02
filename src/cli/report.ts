/** What is said beside the answer, on standard error. */
export interface Report {
  /** Something a reader should know; one line. */
  readonly note: (message: string) => void;
  /** What an answer takes for granted, where its format has no room for that. */
  readonly assuming: (assumptions: readonly string[]) => void;
  /**
   * How far a slow step has come, shown until the next message; an empty one ends it. Only on a terminal,
   * and only if the step takes so long that somebody wonders.
   */
  readonly progress: (message: string) => void;
}

const CLEAR_LINE = "\r\u001B[K";
/** Nobody minds a wait shorter than this. */
const PATIENCE_MS = 400;

/** A report to the standard error of the process. */
export function createReport(): Report {
  const line = new ProgressLine();
  const note = (message: string): void => {
    line.clear();
    process.stderr.write(`note: ${message}\n`);
  };
  return {
    note,
    assuming: (assumptions) => assumptions.forEach((text) => note(`assuming that ${text}`)),
    progress: (message) => {
      if (process.stderr.isTTY) line.set(message);
    },
  };
}

/** A report to nobody. */
export const QUIET: Report = {
  note: () => undefined,
  assuming: () => undefined,
  progress: () => undefined,
};

/** One line of a terminal that is written over and over. */
class ProgressLine {
  #message = "";
  #isShown = false;
  /** When the step began. */
  #since: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  set(message: string): void {
    this.#message = message;
    if (message === "") {
      this.clear();
      return;
    }
    this.#since ??= performance.now();
    // Who computes without a pause lets no timer end.
    if (performance.now() - this.#since > PATIENCE_MS) this.#show();
    else this.#timer ??= setTimeout(() => this.#show(), PATIENCE_MS).unref();
  }

  clear(): void {
    if (this.#isShown) process.stderr.write(CLEAR_LINE);
    this.#isShown = false;
    if (this.#message !== "") return;
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
    this.#since = null;
  }

  #show(): void {
    process.stderr.write(`${CLEAR_LINE}${this.#message}`);
    this.#isShown = true;
  }
}

/** Call `act` with each item in turn, and say how far that has come: `checking object 12 of 3000`. */
export function eachWithProgress<T, R>(
  items: readonly T[],
  { progress }: Pick<Report, "progress">,
  doing: string,
  act: (item: T) => R,
): readonly R[] {
  const done = items.map((item, at) => {
    if (at > 0) progress(`${doing} ${at + 1} of ${items.length}`);
    return act(item);
  });
  progress("");
  return done;
}
