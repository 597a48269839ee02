import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What Node hangs on the socket of an HTTP connection; not documented. */
interface Parsed {
  readonly parser?: { onIncoming: unknown } | null;
}

/** What a parser's `onIncoming` says of a request after which nothing more of the connection is HTTP. */
const NO_MORE = 2;

/** The connections of a server, each with the last reply on it; null: nothing has been asked yet. */
export class Connections {
  readonly #latest = new Map<Socket, ServerResponse | null>();

  /** Take a new one, until it is closed. */
  readonly add = (socket: Socket): void => {
    this.#latest.set(socket, null);
    socket.once("close", () => this.#latest.delete(socket));
  };

  /**
   * SECURITY: close a connection on which a request comes before the last one has been answered. No API server
   * does that, and whoever sends thousands and waits for none would fill the memory.
   */
  oneAtATime(handler: RequestListener): RequestListener {
    return (request: IncomingMessage, response: ServerResponse) => {
      const socket: Socket & Parsed = request.socket;
      if (this.#latest.get(socket)?.writableEnded === false) {
        // What has arrived together with it would all be parsed and kept before the connection is closed.
        if (socket.parser) socket.parser.onIncoming = () => NO_MORE;
        socket.destroy();
        return;
      }
      this.#latest.set(socket, response);
      handler(request, response);
    };
  }

  /** Close those on which nothing has come yet: to Node they are not idle. */
  closeUnused(): void {
    for (const [socket, reply] of this.#latest) {
      if (reply === null && socket.bytesRead === 0) socket.destroy();
    }
  }
}
