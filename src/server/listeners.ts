import type { AddressInfo } from "node:net";
import { type CertificateFiles, type CertificateListener, whyInvalid } from "./certificate.ts";
import { createServer, type ServerOptions, secureContextOf } from "./create-server.ts";
import { createMetricsServer, createProbes, type MetricsSource } from "./probes.ts";
import { drain } from "./shutdown.ts";

/** Well inside the pod's `terminationGracePeriodSeconds` of 45 s, of which preStop takes 10 s. */
const HARD_CUT_MS = 20_000;

/** Where to listen. */
interface Addresses {
  readonly listenAddress: string;
  readonly webhookPort: number;
  readonly healthPort: number;
  readonly metricsPort: number;
}

export interface ListenersOptions
  extends Pick<ServerOptions, "admission" | "deadlineMs" | "clock"> {
  readonly addresses: Addresses;
  readonly certificate: CertificateFiles;
  /** Told of renewals, once they are served. */
  readonly certificateListener: CertificateListener;
  readonly metrics: MetricsSource;
  /** Why nothing can be judged at the moment; null if it can. */
  readonly unready: () => string | null;
}

/** The three ports: the webhook over TLS, probes and metrics over plain HTTP. */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #webhook;
  readonly #probes = createProbes(() => this.#unready());
  readonly #metrics;
  #draining = false;

  constructor(options: ListenersOptions) {
    this.#options = options;
    const { certificate, metrics } = options;
    const isDraining = (): boolean => this.#draining;
    this.#webhook = createServer({ ...options, certificate: certificate.current, isDraining });
    this.#metrics = createMetricsServer(metrics);
  }

  /** Listen on all three, the webhook last, and follow the certificate from now on; the ports, chosen ones too. */
  async listen(): Promise<Omit<Addresses, "listenAddress">> {
    const { addresses, certificate, certificateListener } = this.#options;
    const { listenAddress: host, webhookPort, healthPort, metricsPort } = addresses;
    certificate.follow({
      replaced: (pair) => {
        this.#webhook.server.setSecureContext(secureContextOf(pair));
        certificateListener.replaced(pair);
      },
      refused: (problem) => certificateListener.refused(problem),
    });
    await this.#probes.listen({ host, port: healthPort });
    await this.#metrics.listen({ host, port: metricsPort });
    await this.#webhook.listen({ host, port: webhookPort });
    return {
      webhookPort: portOf(this.#webhook, webhookPort),
      healthPort: portOf(this.#probes, healthPort),
      metricsPort: portOf(this.#metrics, metricsPort),
    };
  }

  /** Be unready and answer what is under way; settles when the webhook is closed. */
  async drain(): Promise<void> {
    this.#draining = true;
    await drain(this.#webhook, HARD_CUT_MS);
  }

  /** Close the rest, after `drain`. */
  async close(): Promise<void> {
    this.#options.certificate.stop();
    await Promise.all([this.#probes.close(), this.#metrics.close()]);
  }

  #unready(): string | null {
    const { certificate, unready } = this.#options;
    if (this.#draining) return "stopping";
    return whyInvalid(certificate.current, Date.now()) ?? unready();
  }
}

/** A port of 0 is another by now. */
function portOf(
  server: { readonly addresses: () => readonly (AddressInfo | string)[] },
  asked: number,
): number {
  const [address] = server.addresses();
  return typeof address === "object" ? address.port : asked;
}
