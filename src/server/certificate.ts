import { createPrivateKey, X509Certificate } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createSecureContext } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { AppError, failure, messageOf, type Problem, type Result, success } from "../errors.ts";

/** Polled even without an event: mounted folders may lose some, and the kubelet updates a Secret late anyway. */
const POLL_MS = 10_000;

/** Where the PEM files are. */
export interface CertificatePaths {
  readonly certificatePath: string;
  readonly keyPath: string;
  /** File of the authorities whose clients are answered; empty: everybody is. */
  readonly clientCaPath: string;
}

/** PEM text of a certificate chain and its key, known to belong together. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
  /** The authorities whose clients are answered; null: everybody is. */
  readonly clientCa: string | null;
  /** When the leaf begins and ends to be valid. */
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface CertificateListener {
  replaced(pair: CertificatePair): void;
  /** What is in the files now cannot be used, or is not valid (any more, or yet). Once per change. */
  refused(problem: Problem): void;
}

/**
 * A certificate and its key in files, followed through renewals. A kubelet renews by swapping a
 * symlink, which a watch on the files would lose track of: folders are watched, contents compared.
 */
export class CertificateFiles {
  readonly #paths: CertificatePaths;
  readonly #now: () => number;
  #current: CertificatePair;
  #problem: Problem | null = null;
  #watchers: readonly FSWatcher[] = [];
  #timer: NodeJS.Timeout | null = null;

  private constructor(paths: CertificatePaths, current: CertificatePair, now: () => number) {
    this.#paths = paths;
    this.#current = current;
    this.#now = now;
  }

  /**
   * Read the pair. Throws an AppError that names the file where it cannot be used. `now`: milliseconds
   * since 1970.
   */
  static async open(paths: CertificatePaths, now = Date.now): Promise<CertificateFiles> {
    const pair = await readPair(paths);
    if (!pair.ok)
      throw new AppError("NP_E_CERTIFICATE", `${pair.error.path}: ${pair.error.message}`);
    return new CertificateFiles(paths, pair.value, now);
  }

  get current(): CertificatePair {
    return this.#current;
  }

  /** Why the content of the files is not in use, or why nobody accepts it; null where all is well. */
  get problem(): Problem | null {
    return this.#problem;
  }

  /** Tell `listener` of every change from now on. */
  follow(listener: CertificateListener, pollMs = POLL_MS): void {
    let checking = Promise.resolve();
    const check = (): void => {
      checking = checking.then(() => this.#check(listener));
    };
    const folders = new Set(pathsOf(this.#paths).map((path) => dirname(path)));
    this.#watchers = [...folders].flatMap((folder) => watchFolder(folder, check));
    this.#timer = setInterval(check, pollMs).unref();
  }

  stop(): void {
    for (const watcher of this.#watchers) watcher.close();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async #check(listener: CertificateListener): Promise<void> {
    const pair = await readPair(this.#paths);
    const now = this.#now();
    const why = pair.ok ? whyInvalid(pair.value, now) : null;
    const before = this.#problem;
    this.#problem = problemIn(pair, why, this.#paths);
    if (this.#problem !== null && !isDeepStrictEqual(this.#problem, before)) {
      listener.refused(this.#problem);
    }
    // One that nobody would accept is no reason to give up one that is accepted.
    const isWorse = why !== null && whyInvalid(this.#current, now) === null;
    if (!pair.ok || isWorse || isDeepStrictEqual(pair.value, this.#current)) return;
    this.#current = pair.value;
    listener.replaced(pair.value);
  }
}

function problemIn(
  pair: Result<CertificatePair, Problem>,
  why: string | null,
  { certificatePath }: CertificatePaths,
): Problem | null {
  if (!pair.ok) return pair.error;
  return why === null ? null : problemOf(certificatePath, why);
}

/** Why a certificate is not valid at `now` (milliseconds since 1970), null if it is. */
export function whyInvalid(
  { notBefore, notAfter }: Pick<CertificatePair, "notBefore" | "notAfter">,
  now: number,
): string | null {
  if (now > notAfter.getTime()) return `the certificate expired at ${notAfter.toISOString()}`;
  if (now >= notBefore.getTime()) return null;
  return `the certificate is not valid before ${notBefore.toISOString()}`;
}

/** A folder that cannot be watched, because it is gone or the node has no watches left, is only polled. */
function watchFolder(folder: string, check: () => void): readonly FSWatcher[] {
  try {
    return [watch(folder, { persistent: false }, check).on("error", check)];
  } catch {
    return [];
  }
}

function pathsOf({ certificatePath, keyPath, clientCaPath }: CertificatePaths): readonly string[] {
  return [certificatePath, keyPath, ...(clientCaPath === "" ? [] : [clientCaPath])];
}

async function readPair({
  certificatePath,
  keyPath,
  clientCaPath,
}: CertificatePaths): Promise<Result<CertificatePair, Problem>> {
  const certificate = await readText(certificatePath);
  if (!certificate.ok) return certificate;
  const key = await readText(keyPath);
  if (!key.ok) return key;
  const clientCa = clientCaPath === "" ? success(null) : await readAuthorities(clientCaPath);
  if (!clientCa.ok) return clientCa;
  const leaf = read(certificatePath, () => new X509Certificate(certificate.value));
  if (!leaf.ok) return leaf;
  const privateKey = read(keyPath, () => createPrivateKey(key.value));
  if (!privateKey.ok) return privateKey;
  // The two are read at different instants: in the middle of a renewal they may not be a pair.
  const pair = { cert: certificate.value, key: key.value };
  const context = read(certificatePath, () => createSecureContext(pair));
  if (!context.ok) return context;
  return success({
    certificate: certificate.value,
    key: key.value,
    clientCa: clientCa.value,
    notBefore: new Date(leaf.value.validFrom),
    notAfter: new Date(leaf.value.validTo),
  });
}

/** What `make` makes of the file's content; a problem of the file where it throws. */
function read<T>(path: string, make: () => T): Result<T, Problem> {
  try {
    return success(make());
  } catch (error) {
    return failure(problemOf(path, error));
  }
}

/** SECURITY: TLS takes a file without a certificate for an empty list, and then silently refuses everybody. */
async function readAuthorities(path: string): Promise<Result<string, Problem>> {
  const text = await readText(path);
  if (!text.ok) return text;
  const certificate = read(path, () => new X509Certificate(text.value));
  if (!certificate.ok) return certificate;
  return certificate.value.ca
    ? text
    : failure(problemOf(path, "the certificate is not an authority's"));
}

async function readText(path: string): Promise<Result<string, Problem>> {
  try {
    return success(await readFile(path, "utf8"));
  } catch (error) {
    return failure(problemOf(path, error));
  }
}

function problemOf(path: string, error: unknown): Problem {
  return { code: "NP_E_CERTIFICATE", path, message: messageOf(error).replaceAll(/\s+/g, " ") };
}
