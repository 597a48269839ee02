/** What is said beside the answer, on standard error. */
export interface Report {
  /** Something a reader should know; one line. */
  note(message: string): void;
  /** What an answer takes for granted, where its format has no room for that. */
  assuming(assumptions: readonly string[]): void;
  /** How far a slow thing has come; only a terminal sees it, and only until the next one. */
  progress(message: string): void;
}

const CLEAR_LINE = "\r\u001B[K";

/** A report to the standard error of the process. */
export function createReport(): Report {
  const { stderr } = process;
  let isDirty = false;
  const clear = (): string => {
    const prefix = isDirty ? CLEAR_LINE : "";
    isDirty = false;
    return prefix;
  };
  const note = (message: string): void => void stderr.write(`${clear()}note: ${message}\n`);
  return {
    note,
    assuming: (assumptions) => assumptions.forEach((text) => note(`assuming that ${text}`)),
    progress: (message) => {
      if (!stderr.isTTY) return;
      stderr.write(`${CLEAR_LINE}${message}`);
      isDirty = message !== "";
    },
  };
}
