import { X509Certificate } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { AppError, failure, type Problem, type Result, success } from "../errors.ts";

/** File names of a Secret of type `kubernetes.io/tls`. */
const CERTIFICATE_FILE = "tls.crt";
const KEY_FILE = "tls.key";

/** Also without an event: what is mounted may lose some, and a Secret is read late anyway. */
const POLL_MS = 10_000;

/** PEM text of a certificate chain and its key, known to belong together. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
  /** When the leaf expires. */
  readonly notAfter: Date;
}

export interface CertificateListener {
  replaced(pair: CertificatePair): void;
  /** What is in the folder now cannot be used; the pair before stays in use. Once per change. */
  refused(problem: Problem): void;
}

/**
 * A certificate in a folder, followed through its renewals. A kubelet renews by swapping a symlink,
 * which a watch on the files would lose track of: the folder is watched, and contents are compared.
 */
export class CertificateFolder {
  readonly #folder: string;
  #current: CertificatePair;
  #complaint = "";
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;

  private constructor(folder: string, current: CertificatePair) {
    this.#folder = folder;
    this.#current = current;
  }

  /** Read the pair in `folder`. Throws an AppError that names the file where it cannot be used. */
  static async open(folder: string): Promise<CertificateFolder> {
    const read = await readPair(folder);
    if (!read.ok)
      throw new AppError("NP_E_CERTIFICATE", `${read.error.path}: ${read.error.message}`);
    return new CertificateFolder(folder, read.value);
  }

  get current(): CertificatePair {
    return this.#current;
  }

  /** Tell `listener` of every change from now on. */
  follow(listener: CertificateListener, pollMs = POLL_MS): void {
    let checking = Promise.resolve();
    const check = (): void => {
      checking = checking.then(() => this.#check(listener));
    };
    this.#watcher = watch(this.#folder, { persistent: false }, check);
    // The folder itself went: the poll goes on, and finds it when it is back.
    this.#watcher.on("error", check);
    this.#timer = setInterval(check, pollMs).unref();
  }

  stop(): void {
    this.#watcher?.close();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async #check(listener: CertificateListener): Promise<void> {
    const read = await readPair(this.#folder);
    if (!read.ok) {
      const complaint = `${read.error.path}: ${read.error.message}`;
      if (complaint !== this.#complaint) listener.refused(read.error);
      this.#complaint = complaint;
      return;
    }
    this.#complaint = "";
    const { certificate, key } = read.value;
    if (certificate === this.#current.certificate && key === this.#current.key) return;
    this.#current = read.value;
    listener.replaced(read.value);
  }
}

async function readPair(folder: string): Promise<Result<CertificatePair, Problem>> {
  const certificate = await readText(join(folder, CERTIFICATE_FILE));
  if (!certificate.ok) return certificate;
  const key = await readText(join(folder, KEY_FILE));
  if (!key.ok) return key;
  try {
    // Certificate and key are read at different instants: of a renewal, they may not be a pair.
    createSecureContext({ cert: certificate.value, key: key.value });
    const notAfter = new Date(new X509Certificate(certificate.value).validTo);
    return success({ certificate: certificate.value, key: key.value, notAfter });
  } catch (error) {
    return failure(problemOf(join(folder, CERTIFICATE_FILE), error));
  }
}

async function readText(path: string): Promise<Result<string, Problem>> {
  try {
    return success(await readFile(path, "utf8"));
  } catch (error) {
    return failure(problemOf(path, error));
  }
}

function problemOf(path: string, error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  return { code: "NP_E_CERTIFICATE", path, message: message.replaceAll(/\s+/g, " ") };
}
