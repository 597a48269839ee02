import { type FastifyInstance, fastify } from "fastify";

/** Metrics as text, and the media type that text is in. */
export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
}

/**
 * Plain HTTP for the kubelet, not listening yet: `/healthz` answers as long as the process does;
 * `/readyz` says why not while `unready` gives a reason.
 */
export function createProbes(unready: () => string | null): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  app.get("/healthz", async () => "ok");
  app.get("/readyz", async (_, reply) => {
    const reason = unready();
    return reason === null ? "ok" : reply.code(503).send(reason);
  });
  return app;
}

/** Plain HTTP for Prometheus, not listening yet: `/metrics`. */
export function createMetricsServer(source: MetricsSource): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  app.get("/metrics", async (_, reply) => reply.type(source.contentType).send(await source.text()));
  return app;
}
