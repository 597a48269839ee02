import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { CertificateFiles } from "../test/support/certificates.ts";
import type { Question, Reply, ServerKind } from "./admission-server.ts";

/** A server in a process of its own. */
export class BenchServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(kind: ServerKind, pem: CertificateFiles): Promise<BenchServer> {
    const file = fileURLToPath(new URL("admission-server.ts", import.meta.url));
    const child = spawn(process.execPath, ["--expose-gc", file, kind, pem.certificate, pem.key], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    return new BenchServer(child, (await replyOf(child, "port")).port);
  }

  /** How long decisions took, in ms, since this was asked last. */
  async durations(): Promise<readonly number[]> {
    this.#ask("durations");
    return (await replyOf(this.#child, "durations")).durations;
  }

  /** Bytes in use after a collection. */
  async heap(): Promise<number> {
    this.#ask("heap");
    return (await replyOf(this.#child, "heap")).heap;
  }

  /** Microseconds of CPU that the process has used so far, on all its threads. */
  async cpu(): Promise<number> {
    this.#ask("cpu");
    return (await replyOf(this.#child, "cpu")).cpu;
  }

  stop(): void {
    this.#child.kill();
  }

  #ask(question: Question): void {
    this.#child.send(question);
  }
}

async function replyOf<K extends Reply["kind"]>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<Reply, { readonly kind: K }>> {
  const [reply] = (await once(child, "message")) as [Reply];
  if (reply.kind !== kind) throw new Error(`asked for ${kind}, got ${reply.kind}`);
  return reply as Extract<Reply, { readonly kind: K }>;
}
