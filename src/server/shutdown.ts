import type { WebhookServer } from "./create-server.ts";

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
 * Stop taking connections and resolve when every running request has been answered; cut off what is
 * left after `hardCutMs`. The server should ask for `Connection: close` by then.
 */
export async function drain(app: WebhookServer, hardCutMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), hardCutMs);
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  await app.close();
  clearTimeout(cut);
  clearInterval(sweep);
}
