import { setTimeout as sleep } from "node:timers/promises";

/** What is on its way arrives within a moment; whoever is refused is back only after seconds. */
const PATIENCE_MS = 300;
const POLL_MS = 10;

/** Ask until the answer will do, or patience or the `deadline` (on `clock`) is over; the last answer. */
export async function patiently<T>(
  ask: () => T,
  willDo: (answer: T) => boolean,
  { deadline, clock }: { readonly deadline: number; readonly clock: () => number },
): Promise<T> {
  const patience = Math.min(deadline, clock() + PATIENCE_MS);
  let answer = ask();
  while (!willDo(answer) && clock() < patience) {
    // oxlint-disable-next-line no-await-in-loop -- waiting is what the loop is for
    await sleep(POLL_MS);
    answer = ask();
  }
  return answer;
}
