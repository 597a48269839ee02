import { createServer as createHttpsServer, type Server } from "node:https";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Admission } from "../admission/handle.ts";
import { messageOf } from "../errors.ts";
import type { CertificatePair } from "./certificate.ts";
import { onClientError } from "./client-error.ts";
import { Connections } from "./connections.ts";
import { requestTimeMs } from "./request-deadline.ts";
import { Room } from "./room.ts";
import { Turnstile } from "./turnstile.ts";

/**
 * etcd takes objects up to 1.5 MiB as it stores them, JSON makes at most twice that of them, a
 * review holds object and oldObject, and 1 MiB is left for the rest: 2 × 3 MiB + 1 MiB.
 */
const MAX_BODY_BYTES = 7 * 1024 * 1024;

/** The API server closes idle connections after 90 s; whoever closes first loses a request. */
const KEEP_ALIVE_MS = 120_000;

/** For a whole request to arrive. The API server itself gives up after 30 s at the latest. */
const REQUEST_TIMEOUT_MS = 30_000;

/** For the TLS handshake, and for the headers once they have begun: an API server takes a moment for each. */
const GREETING_TIMEOUT_MS = 10_000;

/**
 * SECURITY: a connection takes 75 kB, so whoever opens them without end would exhaust the memory. An API server
 * has one for each request that is being judged, hundreds at most.
 */
const MAX_CONNECTIONS = 1_000;

/** That many more are taken while those that make room for them are being closed. */
const CLOSING_CONNECTIONS = 100;

/** While closing, for the first request of a connection that is just being made. */
const UNUSED_MS = 1_000;

/**
 * While others connect, a request waits at most so long for what they ask. SECURITY: whoever connects without end
 * must not keep the others from being judged.
 */
const GATHER_MS = 100;

/** The same for those who say nothing: probes of ports and of load balancers. */
const SILENT_MS = 10;

/** Nearly every review is smaller. */
const SMALL_BODY_BYTES = 64 * 1024;

/**
 * SECURITY: for larger bodies that are being read or judged, while others wait unread. Parsed JSON takes up to
 * twenty times as much, and a hundred large ones at once would kill a process with 1 GiB.
 */
const LARGE_BODIES_BYTES = 16 * 1024 * 1024;

/** SECURITY: for all bodies that are being judged, for the same reason. Others wait unparsed. */
const JUDGED_BODIES_BYTES = 24 * 1024 * 1024;

export interface ServerOptions {
  readonly admission: Admission;
  readonly certificate: CertificatePair;
  /** The longest a decision may take, whatever the API server allows. */
  readonly deadlineMs: number;
  /** The clock that deadlines are on. */
  readonly clock: () => number;
  /** While it is true, replies ask the client to close the connection. */
  readonly isDraining: () => boolean;
}

interface Query {
  readonly Querystring: { readonly timeout?: unknown };
}

declare module "fastify" {
  interface FastifyRequest {
    /** When nobody waits for the answer any more, on the clock of the options. */
    deadline: number;
  }
}

export type WebhookServer = FastifyInstance<Server>;

/**
 * The webhook's HTTPS server, not listening yet: `/validate` and `/mutate`.
 *
 * - What has a readable uid is answered by an AdmissionReview, whatever goes wrong.
 * - HTTP errors are for the rest: 400 not a review, 404, 413 too large, 500, 503 too much at once.
 * - Without a client's certificate nobody is answered where authorities of such are given.
 * - HTTP/1.1 only: it is what the API server speaks to webhooks.
 */
export function createServer(options: ServerOptions): WebhookServer {
  const { admission, deadlineMs, clock, isDraining } = options;
  const https = {
    ...secureContextOf(options.certificate),
    ALPNProtocols: ["http/1.1"],
    requestCert: options.certificate.clientCa !== null,
    rejectUnauthorized: true,
    handshakeTimeout: GREETING_TIMEOUT_MS,
    headersTimeout: GREETING_TIMEOUT_MS,
    connectionsCheckingInterval: GREETING_TIMEOUT_MS / 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  };
  const connections = new Connections(MAX_CONNECTIONS);
  const app: WebhookServer = fastify({
    // Only tells Fastify that its address is one of HTTPS.
    https,
    serverFactory: (handler) => createHttpsServer(https, connections.oneAtATime(handler)),
    bodyLimit: MAX_BODY_BYTES,
    // A 503 while closing would be a failed webhook: requests that still come are answered.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => onClientError(error, socket, KEEP_ALIVE_MS),
    logger: false,
  });

  app.server.maxConnections = MAX_CONNECTIONS + CLOSING_CONNECTIONS;
  app.server.on("connection", connections.add);
  app.server.on("secureConnection", connections.encrypted);
  app.addHook("preClose", async () => {
    const sweep = setInterval(() => connections.closeUnused(), UNUSED_MS);
    app.server.once("close", () => clearInterval(sweep));
  });
  const large = new Room(LARGE_BODIES_BYTES);
  const judged = new Room(JUDGED_BODIES_BYTES);
  const turnstile = new Turnstile(othersHaveArrived);

  app.removeAllContentTypeParsers();
  // PERF: the type that is always sent is found at once, `*` only after every other way.
  for (const type of ["application/json", "*"]) {
    app.addContentTypeParser(type, { parseAs: "string" }, (_, body, done) => done(null, body));
  }

  app.decorateRequest("deadline", 0);
  /** Before the body is read. */
  async function receive(request: FastifyRequest<Query>, reply: FastifyReply): Promise<void> {
    request.deadline = clock() + requestTimeMs(deadlineMs, request.query.timeout);
    const bytes = announcedBytes(request.headers["content-length"]);
    if (bytes > SMALL_BODY_BYTES) await stay(large, bytes, request.deadline, reply);
  }

  /**
   * Requests that have arrived meanwhile get their deadlines first: their wait behind this one counts, and one that
   * the API server has given up on is answered at once and not judged. Node takes one new connection a turn, and what
   * it asks comes a moment later.
   */
  async function othersHaveArrived(): Promise<void> {
    const start = clock();
    await nextTurn();
    let waitedMs: number;
    do {
      // The first turn may end before it has looked for connections.
      await nextTurn();
      waitedMs = clock() - start;
    } while (waitedMs < GATHER_MS && connections.isGreeting(GATHER_MS, waitedMs > SILENT_MS));
  }

  /** Keep a request in a room until it is answered or its client has gone. */
  async function stay(
    room: Room,
    bytes: number,
    deadline: number,
    reply: FastifyReply,
  ): Promise<void> {
    const leave = await room.enter(bytes, deadline - clock());
    if (leave === null) {
      // Nor is the rest of it read for nothing.
      reply.header("connection", "close");
      throw new BusyError();
    }
    if (reply.raw.destroyed) leave();
    else reply.raw.once("close", leave);
  }

  function answer<T>(reply: FastifyReply, status: number, body: T): T {
    if (isDraining()) reply.header("connection", "close");
    reply.code(status);
    return body;
  }

  for (const endpoint of ["validate", "mutate"] as const) {
    app.post<Query>(`/${endpoint}`, { onRequest: receive }, async (request, reply) => {
      const { deadline } = request;
      await othersHaveArrived();
      const text = String(request.body);
      await stay(judged, Math.min(text.length, MAX_BODY_BYTES), deadline, reply);
      await turnstile.pass();
      // Plain JSON.parse: a `__proto__` key is data like any other, and nothing here merges objects.
      request.body = JSON.parse(text);
      const review = await admission.handle(endpoint, request.body, deadline);
      return review === null
        ? answer(reply, 400, { message: "the body is not an AdmissionReview with a `request.uid`" })
        : answer(reply, 200, review);
    });
  }

  app.setErrorHandler((error, request, reply) => {
    const endpoint = request.routeOptions.url === "/mutate" ? "mutate" : "validate";
    const review = admission.fail(endpoint, request.body, error);
    if (review !== null) return reply.send(answer(reply, 200, review));
    const status = statusOf(error);
    // What failed inside is for the log, not for whoever can reach the port.
    const message = status === 500 ? "Ringfence failed" : complaintOf(error);
    return reply.send(answer(reply, status, { message }));
  });
  return app;
}

class BusyError extends Error {
  readonly statusCode = 503;
  override readonly message = "too much is being judged at the moment";
}

/** The size that a body announces; the largest one allowed if it announces none. Anything larger is not read. */
function announcedBytes(header: string | undefined): number {
  return Math.min(header === undefined ? MAX_BODY_BYTES : Number(header), MAX_BODY_BYTES);
}

/** What TLS needs of a pair; also for `setSecureContext` when it is replaced. */
export function secureContextOf({ certificate, key, clientCa }: CertificatePair): {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly minVersion: "TLSv1.2";
} {
  const ca = clientCa === null ? {} : { ca: clientCa };
  return { cert: certificate, key, ...ca, minVersion: "TLSv1.2" };
}

function statusOf(error: unknown): number {
  if (error instanceof SyntaxError) return 400;
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : 500;
  return typeof status === "number" && status >= 400 ? status : 500;
}

function complaintOf(error: unknown): string {
  return error instanceof SyntaxError ? "the body is not JSON" : messageOf(error);
}
