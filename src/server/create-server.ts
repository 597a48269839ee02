import type { Server } from "node:https";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import type { Admission } from "../admission/handle.ts";
import type { CertificatePair } from "./certificate.ts";
import { requestTimeMs } from "./request-deadline.ts";

/**
 * etcd takes objects up to 1.5 MiB as it stores them, JSON makes at most twice that of them, a
 * review holds object and oldObject, and 1 MiB is left for the rest: 2 × 3 MiB + 1 MiB.
 */
const MAX_BODY_BYTES = 7 * 1024 * 1024;

/** The API server closes idle connections after 90 s; whoever closes first loses a request. */
const KEEP_ALIVE_MS = 120_000;

/** For a whole request to arrive. The API server itself gives up after 30 s at the latest. */
const REQUEST_TIMEOUT_MS = 30_000;

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

export type WebhookServer = FastifyInstance<Server>;

/**
 * The webhook's HTTPS server, not listening yet: `/validate` and `/mutate`.
 *
 * - What has a readable uid is answered by an AdmissionReview, whatever goes wrong.
 * - HTTP errors are for the rest: 400 not a review, 404, 413 too large, 500.
 * - Without a client's certificate nobody is answered where authorities of such are given.
 * - HTTP/1.1 only: it is what the API server speaks to webhooks.
 */
export function createServer(options: ServerOptions): WebhookServer {
  const { admission, deadlineMs, clock, isDraining } = options;
  const app: WebhookServer = fastify({
    https: {
      ...secureContextOf(options.certificate),
      ALPNProtocols: ["http/1.1"],
      requestCert: options.certificate.clientCa !== null,
      rejectUnauthorized: true,
    },
    bodyLimit: MAX_BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A 503 while closing would be a failed webhook: requests that still come are answered.
    return503OnClosing: false,
    logger: false,
  });

  // Plain JSON.parse: a `__proto__` key is data like any other, and nothing here merges objects.
  app.removeAllContentTypeParsers();
  // PERF: the type that is always sent is found at once, `*` only after every other way.
  for (const type of ["application/json", "*"]) {
    app.addContentTypeParser(type, { parseAs: "string" }, parseJson);
  }

  function answer<T>(reply: FastifyReply, status: number, body: T): T {
    if (isDraining()) reply.header("connection", "close");
    reply.code(status);
    return body;
  }

  for (const endpoint of ["validate", "mutate"] as const) {
    app.post<Query>(`/${endpoint}`, async ({ body, query }, reply) => {
      const deadline = clock() + requestTimeMs(deadlineMs, query.timeout);
      // What has arrived meanwhile is given its deadline first: waiting behind this one counts, and
      // whom the API server has given up on is answered at once rather than judged.
      await nextTurn();
      const review = await admission.handle(endpoint, body, deadline);
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
    const message = status === 500 ? "Ringfence failed" : messageOf(error);
    return reply.send(answer(reply, status, { message }));
  });
  return app;
}

/** What it throws Fastify hands to the error handler. */
function parseJson(_: unknown, body: string, done: (error: null, body: unknown) => void): void {
  const parsed: unknown = JSON.parse(body);
  done(null, parsed);
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

function messageOf(error: unknown): string {
  return error instanceof SyntaxError ? "the body is not JSON" : String(error);
}
