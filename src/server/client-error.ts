import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

/** By Node's code; everything else is 400. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ["HPE_HEADER_OVERFLOW", 431],
  ["ERR_HTTP_REQUEST_TIMEOUT", 408],
]);

/**
 * Close a connection on which no request could be read, with a status. One on which nothing has come yet stays
 * open for `keptMs`: an API server connects ahead of need, and would take the 408 for the answer to a request
 * that it is just sending.
 */
export function onClientError(
  error: Error & { readonly code?: string },
  socket: Socket,
  keptMs: number,
): void {
  const status = STATUS.get(error.code ?? "") ?? 400;
  if (status === 408 && socket.bytesRead === 0) {
    // Without a listener for it, the HTTP server closes the connection then.
    socket.setTimeout(keptMs);
    return;
  }
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    );
  }
  socket.destroy(error);
}
