import { Agent, request } from "node:https";
import { TLSSocket } from "node:tls";

export interface WebhookReply {
  readonly status: number;
  readonly connection: string | undefined;
  readonly body: string;
  /** Serial number of the certificate the server showed. */
  readonly serial: string;
}

/** A client like the API server: HTTP/1.1 with connections kept alive. */
export class WebhookClient {
  readonly #agent: Agent;
  readonly #port: number;

  /** `own`: the client's own certificate and key as PEM text, if it presents one. */
  constructor(port: number, ca: string, own: { cert?: string; key?: string } = {}) {
    this.#port = port;
    this.#agent = new Agent({ ca, keepAlive: true, ...own });
  }

  async post(path: string, body: string | Buffer): Promise<WebhookReply> {
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json" };
      const options = { host: "127.0.0.1", port: this.#port, path, method: "POST", headers };
      const outgoing = request({ ...options, agent: this.#agent }, (incoming) => {
        const { socket } = incoming;
        const serial = socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : "";
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () =>
          resolve({
            status: incoming.statusCode ?? 0,
            connection: incoming.headers.connection,
            body: Buffer.concat(chunks).toString(),
            serial,
          }),
        );
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
