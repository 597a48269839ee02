import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What Node hangs on the socket of an HTTP connection; not documented. */
interface Parsed {
  readonly parser?: { onIncoming: unknown } | null;
}

/** What a parser's `onIncoming` says of a request after which nothing more of the connection is HTTP. */
const NO_MORE = 2;

interface Connection {
  socket: Socket;
  /** When it was made, on `performance`'s clock; null: it is encrypted. */
  greetingSince: number | null;
  /** The last on it; null: nothing has been asked yet. */
  reply: ServerResponse | null;
}

/** The connections of a server, at most `limit`. */
export class Connections {
  readonly #limit: number;
  /** By their other end, which a TLS connection shares with the socket below it; the longest unused first. */
  readonly #open = new Map<string, Connection>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Report whether one made in the last `ms` is not encrypted yet; `heard`: and has said something. */
  isGreeting(ms: number, heard: boolean): boolean {
    const since = performance.now() - ms;
    return this.#open
      .values()
      .some(
        ({ greetingSince, socket }) =>
          greetingSince !== null && greetingSince > since && !(heard && socket.bytesRead === 0),
      );
  }

  /**
   * Take a new one, until it is closed. SECURITY: where there are too many, another is closed for it, or whoever
   * holds them all would keep the API server out.
   */
  readonly add = (socket: Socket): void => {
    const key = farEnd(socket);
    if (this.#open.size >= this.#limit && !this.#makeRoom()) socket.destroy();
    if (socket.destroyed) return;
    const connection: Connection = { socket, greetingSince: performance.now(), reply: null };
    this.#open.set(key, connection);
    socket.once("close", () => {
      if (this.#open.get(key) === connection) this.#open.delete(key);
    });
  };

  /** The same connection, encrypted from now on. */
  readonly encrypted = (socket: Socket): void => {
    const known = this.#open.get(farEnd(socket));
    if (known === undefined) return;
    known.socket = socket;
    known.greetingSince = null;
  };

  /**
   * SECURITY: close a connection on which a request comes before the last one has been answered. No API server
   * does that, and whoever sends thousands and waits for none would fill the memory.
   */
  oneAtATime(handler: RequestListener): RequestListener {
    return (request: IncomingMessage, response: ServerResponse) => {
      const socket: Socket & Parsed = request.socket;
      const key = farEnd(socket);
      const known = this.#open.get(key);
      if (known?.reply?.writableEnded === false) {
        // What has arrived together with it would all be parsed and kept before the connection is closed.
        if (socket.parser) socket.parser.onIncoming = () => NO_MORE;
        socket.destroy();
        return;
      }
      if (known !== undefined) {
        known.reply = response;
        this.#open.delete(key);
        this.#open.set(key, known);
      }
      handler(request, response);
    };
  }

  /** Close those on which nothing has come yet: to Node they are not idle. */
  closeUnused(): void {
    for (const { socket, reply } of this.#open.values()) {
      if (reply === null && socket.bytesRead === 0) socket.destroy();
    }
  }

  /** Close the one that has been unused the longest; false: on each of them a whole request waits for its answer. */
  #makeRoom(): boolean {
    for (const [key, { socket, reply }] of this.#open) {
      if (reply?.writableEnded === false && reply.req.complete) continue;
      this.#open.delete(key);
      socket.destroy();
      return true;
    }
    return false;
  }
}

function farEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
