import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { Admission } from "../../src/admission/handle.ts";
import { CertificateFiles } from "../../src/server/certificate.ts";
import { createServer, type WebhookServer } from "../../src/server/create-server.ts";
import {
  createAuthority,
  issueCertificate,
  type CertificateFiles as Pem,
} from "../support/certificates.ts";
import { WebhookClient } from "./webhook-client.ts";

export interface Served {
  readonly app: WebhookServer;
  readonly port: number;
  readonly client: WebhookClient;
  /** What the client trusts. */
  readonly ca: string;
  stop(): Promise<void>;
}

/** A certificate authority of its own, and a first certificate, in a new folder. */
export async function createCertificates(): Promise<{
  readonly folder: string;
  readonly authority: Pem;
  readonly ca: string;
}> {
  const folder = await mkdtemp(join(tmpdir(), "ringfence-server-"));
  const authority = await createAuthority(join(folder, "authority"));
  return { folder, authority, ca: await readFile(authority.certificate, "utf8") };
}

/** The webhook's server on a free loopback port, and a client that trusts it. */
export async function serve(
  admission: Admission,
  options: {
    readonly isDraining?: () => boolean;
    readonly deadlineMs?: number;
    /** A file of authorities: only clients with a certificate of one of them are answered. */
    readonly clientCaPath?: string;
  } = {},
): Promise<Served> {
  const { folder, authority, ca } = await createCertificates();
  const pem = await issueCertificate(authority, join(folder, "serving"));
  const files = await CertificateFiles.open({
    certificatePath: pem.certificate,
    keyPath: pem.key,
    clientCaPath: options.clientCaPath ?? "",
  });
  const app = createServer({
    admission,
    certificate: files.current,
    deadlineMs: options.deadlineMs ?? 2000,
    clock: () => performance.now(),
    isDraining: options.isDraining ?? (() => false),
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const address = app.server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const { port } = address;
  const client = new WebhookClient(port, ca);
  return {
    app,
    port,
    client,
    ca,
    async stop() {
      client.close();
      await app.close();
      await rm(folder, { recursive: true });
    },
  };
}
