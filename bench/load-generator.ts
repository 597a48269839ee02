import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";

/** Where the load goes: a webhook on the loopback address. */
export interface Target {
  readonly port: number;
  readonly ca: string;
}

const CONNECTIONS = 10;
const HEADERS_END = Buffer.from("\r\n\r\n");

/**
 * HTTP/1.1 over kept-alive TLS connections, as the API server calls a webhook, with as little work as possible:
 * requests are bytes made beforehand, and replies are only timed.
 */
export class LoadGenerator {
  readonly #connections: readonly Connection[];
  readonly #requests: readonly Buffer[];
  #next = 0;

  private constructor(connections: readonly Connection[], requests: readonly Buffer[]) {
    this.#connections = connections;
    this.#requests = requests;
  }

  static async connect(target: Target, bodies: readonly string[]): Promise<LoadGenerator> {
    const sockets = Array.from({ length: CONNECTIONS }, async () => Connection.open(target));
    return new LoadGenerator(await Promise.all(sockets), bodies.map(requestOf));
  }

  /** Send all requests, one after the other on each connection; returns requests a second. */
  async closedLoop(count: number): Promise<number> {
    let left = count;
    let running = true;
    // In a virtual machine it takes tens of microseconds to wake a sleeping process, at the server's expense.
    // So this one never sleeps.
    const stayAwake = (): void => {
      if (running) setImmediate(stayAwake);
    };
    stayAwake();
    const started = performance.now();
    await Promise.all(
      this.#connections.map(async (connection) => {
        while (left > 0) {
          left -= 1;
          // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
          await connection.exchange(this.#request());
        }
      }),
    );
    running = false;
    return (count / (performance.now() - started)) * 1000;
  }

  /**
   * Send `rate` requests a second for `seconds`, at even intervals, each on a connection on which none is waited for;
   * returns latencies in ms, the wait for a connection included.
   */
  async openLoop(rate: number, seconds: number): Promise<readonly number[]> {
    const latencies: number[] = [];
    const started = performance.now();
    let due = 0;
    await Promise.all(
      this.#connections.map(async (connection) => {
        while (due < rate * seconds) {
          const dueAt = started + (due * 1000) / rate;
          due += 1;
          const earlyMs = dueAt - performance.now();
          // oxlint-disable-next-line no-await-in-loop -- waiting for its time
          if (earlyMs > 0) await sleep(earlyMs);
          // A timer's lateness is not the server's.
          const from = earlyMs > 0 ? performance.now() : dueAt;
          // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
          await connection.exchange(this.#request());
          latencies.push(performance.now() - from);
        }
      }),
    );
    return latencies;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #request(): Buffer {
    const request = this.#requests[this.#next];
    this.#next = (this.#next + 1) % this.#requests.length;
    if (request === undefined) throw new RangeError("no requests");
    return request;
  }
}

class Connection {
  readonly #socket: TLSSocket;
  #received: Buffer = Buffer.alloc(0);
  #answered: () => void = () => undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("end", () => {
      throw new Error("the server has closed a connection");
    });
  }

  static async open({ port, ca }: Target): Promise<Connection> {
    const socket = connect({ host: "127.0.0.1", port, ca });
    await once(socket, "secureConnect");
    return new Connection(socket);
  }

  /** Send a request, for which nobody else waits, and wait for its reply. */
  async exchange(request: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    for (;;) {
      const end = this.#received.indexOf(HEADERS_END);
      if (end < 0) return;
      const head = this.#received.toString("latin1", 0, end);
      if (!head.startsWith("HTTP/1.1 200")) throw new Error(head);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      const whole = end + HEADERS_END.length + length;
      if (this.#received.length < whole) return;
      this.#received = this.#received.subarray(whole);
      this.#answered();
    }
  }
}

function requestOf(body: string): Buffer {
  const bytes = Buffer.from(body);
  const head = [
    "POST /validate?timeout=5s HTTP/1.1",
    "Host: ringfence-webhook.ringfence-system.svc:443",
    "User-Agent: kube-apiserver-admission",
    `Content-Length: ${bytes.length}`,
    "Accept: application/json, */*",
    "Content-Type: application/json",
    "Accept-Encoding: gzip",
  ].join("\r\n");
  return Buffer.concat([Buffer.from(head), HEADERS_END, bytes]);
}
