import type { WebhookServer } from "./create-server.ts";

/** A reply that said keep-alive leaves an idle connection behind, which nothing else would close. */
const SWEEP_MS = 50;

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
