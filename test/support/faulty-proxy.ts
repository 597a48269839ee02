import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request, type Server } from "node:https";
import type { Socket } from "node:net";
import { pipeline } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "./control-plane.ts";

/** What the proxy does to a request instead of passing it on. */
export type Fault =
  /** Answer with this HTTP status and a Kubernetes Status object; 429 and 503 carry `Retry-After`, by default 1. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string }
  /** Answer a watch with 200 and one ERROR event of this code, as the API server reports an expired version. */
  | { readonly kind: "watch-error"; readonly code: number }
  /** Answer a watch with 200 and this line alone. */
  | { readonly kind: "watch-line"; readonly line: string }
  /** Cut the connection without an answer. */
  | { readonly kind: "drop" }
  /** Pass the request on, and cut the connection in the place of the answer. */
  | { readonly kind: "lose-answer" }
  /** Keep the connection and never answer. */
  | { readonly kind: "silence" }
  /** Answer a watch with 200 and pass on none of its events. */
  | { readonly kind: "swallow" }
  /** Pass the request on after a delay. */
  | { readonly kind: "delay"; readonly delayMs: number };

/** A request as the proxy saw it; `path` includes the query. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly isWatch: boolean;
  /** What the API server answered; null until then, and where a fault took its place. */
  readonly status: number | null;
}

type Answerable = Omit<SeenRequest, "status"> & { status: number | null };

interface Injected {
  readonly fault: Fault;
  readonly matches: (request: SeenRequest) => boolean;
  remaining: number;
}

/** A stream of answers that is being passed on. */
interface Passing {
  readonly seen: SeenRequest;
  readonly from: IncomingMessage;
  readonly to: ServerResponse;
}

/**
 * A TLS proxy in front of the API server, with its certificate, that misbehaves on demand.
 *
 * Credentials pass through as headers, so tokens work and client certificates do not.
 */
export class FaultyProxy {
  readonly url: string;
  readonly #upstream: URL;
  readonly #agent: Agent;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #passing = new Set<Passing>();
  readonly #requests: SeenRequest[] = [];
  #injected: readonly Injected[] = [];

  private constructor(upstream: string, server: Server, ca: Buffer) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    this.url = `https://127.0.0.1:${address.port}`;
    this.#upstream = new URL(upstream);
    this.#agent = new Agent({ keepAlive: true, ca });
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("request", (incoming: IncomingMessage, reply: ServerResponse) => {
      void this.#handle(incoming, reply);
    });
  }

  /** Start in front of `plane`, on a free loopback port, passing everything on. */
  static async start(plane: ControlPlane): Promise<FaultyProxy> {
    const { certificate, key } = plane.serving;
    const options = { cert: await readFile(certificate), key: await readFile(key) };
    const server = createServer(options).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FaultyProxy(plane.url, server, await readFile(plane.authority.certificate));
  }

  /** Every request seen so far, oldest first. */
  get requests(): readonly SeenRequest[] {
    return this.#requests;
  }

  /** Do `fault` to the next `times` requests that match (every one by default); earlier injections go first. */
  inject(
    fault: Fault,
    matches: (request: SeenRequest) => boolean = () => true,
    times: number = Number.POSITIVE_INFINITY,
  ): void {
    this.#injected = [...this.#injected, { fault, matches, remaining: times }];
  }

  /** Pass everything on again. What is silenced already stays silent. */
  clear(): void {
    this.#injected = [];
  }

  /** Cut every open connection in the middle of whatever it carries. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Let running answers, such as watches, go quiet with their connections open. */
  silenceRunning(matches: (request: SeenRequest) => boolean = () => true): void {
    for (const { seen, from, to } of this.#passing) if (matches(seen)) from.unpipe(to);
  }

  /** Cut everything and free the port. */
  async stop(): Promise<void> {
    this.dropConnections();
    this.#agent.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #handle(incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    const path = incoming.url ?? "/";
    const isWatch = new URL(path, this.url).searchParams.get("watch") !== null;
    const seen: Answerable = { method: incoming.method ?? "GET", path, isWatch, status: null };
    this.#requests.push(seen);

    const injected = this.#injected.find((one) => one.remaining > 0 && one.matches(seen));
    if (injected !== undefined) injected.remaining -= 1;
    switch (injected?.fault.kind) {
      case "status": {
        const { status, retryAfter = "1" } = injected.fault;
        if (status === 429 || status === 503) reply.setHeader("retry-after", retryAfter);
        answer(reply, status, statusObject(status));
        return;
      }
      case "watch-error":
        answer(reply, 200, { type: "ERROR", object: statusObject(injected.fault.code) });
        return;
      case "watch-line":
        reply.writeHead(200, { "content-type": "application/json" });
        reply.end(`${injected.fault.line}\n`);
        return;
      case "swallow":
        reply.writeHead(200, { "content-type": "application/json" });
        reply.flushHeaders();
        return;
      case "drop":
        incoming.socket.destroy();
        return;
      case "silence":
        return;
      case "lose-answer":
        this.#pass(seen, incoming, reply).prependListener("response", () => {
          incoming.socket.destroy();
        });
        return;
      case "delay":
        await sleep(injected.fault.delayMs);
        break;
      case undefined:
        break;
    }
    this.#pass(seen, incoming, reply);
  }

  #pass(seen: Answerable, incoming: IncomingMessage, reply: ServerResponse): ClientRequest {
    const { method, headers } = incoming;
    const target = new URL(seen.path, this.#upstream);
    const outgoing = request(target, { method, headers, agent: this.#agent });
    // If one side closes, the other is closed too.
    outgoing.on("error", () => reply.destroy());
    reply.on("close", () => outgoing.destroy());
    outgoing.on("response", (from) => {
      seen.status = from.statusCode ?? null;
      if (incoming.socket.destroyed) return;
      const passing = { seen, from, to: reply };
      this.#passing.add(passing);
      reply.writeHead(from.statusCode ?? 502, from.headers);
      reply.flushHeaders();
      from.on("error", () => reply.destroy());
      from.on("close", () => this.#passing.delete(passing));
      from.pipe(reply);
    });
    pipeline(incoming, outgoing, () => undefined);
    return outgoing;
  }
}

function answer(reply: ServerResponse, status: number, body: object): void {
  reply.writeHead(status, { "content-type": "application/json" });
  reply.end(`${JSON.stringify(body)}\n`);
}

function statusObject(code: number): object {
  const reason = code === 410 ? "Expired" : "InternalError";
  const message = `injected ${code}`;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    code,
  };
}
