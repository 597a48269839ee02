import { setTimeout as sleep } from "node:timers/promises";
import type { WebhookServer } from "./create-server.ts";

/**
 * For this long connections are left open that are idle here: an API server may just be sending a request on one, and
 * would take its end for a webhook that cannot be called. What is in use ends with its next reply, so that
 * what is closed then has been idle for a while.
 */
const LINGER_MS = 2_000;

/** A reply that said keep-alive leaves an idle connection behind, which nothing else would close. */
const SWEEP_MS = 50;

/**
 * Resolve with the signal that asks the process to stop. After it another SIGTERM changes nothing, for
 * whoever sends one may send more, and requests are still being answered; a SIGINT ends the process at
 * once, for somebody at a terminal who does not want to wait.
 */
export async function stopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  // This listener stays: without one, a signal would end the process.
  process.on("SIGTERM", resolve);
  process.once("SIGINT", resolve);
  const signal = await promise;
  process.removeListener("SIGINT", resolve);
  return signal;
}

/**
 * Answer what comes for a moment yet, then stop taking connections, and resolve when every running request has been
 * answered; cut off what is left after `hardCutMs`. The server should ask for `Connection: close` by then.
 */
export async function drain(app: WebhookServer, hardCutMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), hardCutMs);
  await linger(app);
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  await app.close();
  clearTimeout(cut);
  clearInterval(sweep);
}

/** Wait until no connection is left, or the time is over. */
async function linger({ server }: WebhookServer): Promise<void> {
  const end = performance.now() + LINGER_MS;
  const open = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
  // oxlint-disable-next-line no-await-in-loop -- waiting is what the loop is for
  while (performance.now() < end && (await open()) > 0) await sleep(SWEEP_MS);
}
