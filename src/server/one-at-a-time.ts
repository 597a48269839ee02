import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What Node hangs on the socket of an HTTP connection; not documented. */
interface Parsed {
  readonly parser?: { onIncoming: unknown } | null;
}

/** What a parser's `onIncoming` says of a request after which nothing more of the connection is HTTP. */
const NO_MORE = 2;

/**
 * SECURITY: close a connection on which a request comes before the last one has been answered. No API server
 * does that, and whoever sends thousands and waits for none would fill the memory.
 */
export function oneAtATime(handler: RequestListener): RequestListener {
  const latest = new WeakMap<Socket, ServerResponse>();
  return (request: IncomingMessage, response: ServerResponse) => {
    const socket: Socket & Parsed = request.socket;
    if (latest.get(socket)?.writableEnded === false) {
      // What has arrived together with it would all be parsed and kept before the connection is closed.
      if (socket.parser) socket.parser.onIncoming = () => NO_MORE;
      socket.destroy();
      return;
    }
    latest.set(socket, response);
    handler(request, response);
  };
}
