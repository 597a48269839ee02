import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { AppError } from "../errors.ts";
import { textAt } from "../wire/shape.ts";
import { type Impersonation, impersonationHeaders } from "./impersonation.ts";
import { contextOf, type KubeconfigChoice, loadKubeconfig } from "./load-kubeconfig.ts";
import { pathOf, type ResourceType, type Verb } from "./resource-type.ts";

/** Body of the largest answer taken: 500 pods of 100 kB each, which is far beyond any real page. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Longest line of a watch. The API server takes objects up to 3 MiB; escaping may double that. */
const MAX_LINE_LENGTH = 8 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 30_000;
/**
 * Idle connections are closed after this, before the API server does it (Go: 90 s); otherwise a request would
 * now and then meet a connection that is just being closed.
 */
const AGENT_OPTIONS = { keepAlive: true, keepAliveMsecs: 30_000, timeout: 60_000 };

/** One request for a resource, in RBAC's words. Times in milliseconds. */
export interface ApiRequest {
  readonly verb: Verb;
  readonly type: ResourceType;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** For the whole answer; of a watch, until its first byte. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ClientOptions extends KubeconfigChoice {
  readonly impersonate?: Impersonation;
  /** For requests without a time of their own. */
  readonly timeoutMs?: number;
}

/** What an error answer says about trying again. */
interface RetryAdvice {
  /** Milliseconds to wait, by `Retry-After`. */
  readonly retryAfterMs: number | null;
  /** For a list whose version is gone: the `continue` with which to go on by what there is now. */
  readonly continueFrom: string | null;
}

/** An error answer, or no answer at all. */
export class ApiError extends AppError implements RetryAdvice {
  /** The HTTP status, null where the API server gave none: unreachable, cut off, too slow. */
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  readonly continueFrom: string | null;

  constructor(
    status: number | null,
    message: string,
    options: ErrorOptions & Partial<RetryAdvice> = {},
  ) {
    super(status === 403 ? "NP_E_FORBIDDEN" : "NP_E_API_SERVER", message, options);
    this.name = "ApiError";
    this.status = status;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.continueFrom = options.continueFrom ?? null;
  }
}

/** Report whether the API server answered with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof ApiError && statuses.includes(error.status ?? 0);
}

/** For a `catch`: null for one of these statuses; any other error is thrown again. */
export function nullOn(...statuses: readonly number[]): (error: unknown) => null {
  return (error) => {
    if (hasStatus(error, ...statuses)) return null;
    throw error;
  };
}

/** An answer that was cut off because of its size; a smaller part can be asked for. */
export class TooLargeError extends ApiError {
  constructor(what: string, maxBytes: number) {
    super(null, `cannot ${what}: the answer is larger than ${maxBytes} bytes`);
    this.name = "TooLargeError";
  }
}

/** There was no whole answer in the time that the request had; a smaller part may come sooner. */
export class SlowError extends ApiError {
  constructor(what: string, cause: unknown) {
    super(null, `cannot ${what}: no answer in time`, { cause });
    this.name = "SlowError";
  }
}

/**
 * The API server over raw JSON: what is sent is what was given, byte for byte. (The typed models of
 * client-node rename `ingress[].from`, and a policy sent through them allows everybody; only its
 * KubeConfig is used, for credentials.)
 *
 * - Every failure is an `ApiError` that names the verb and the resource.
 * - Credentials are read again after a 401; tokens of a pod's ServiceAccount once a minute as well.
 */
export class ApiClient {
  readonly #options: ClientOptions;
  readonly #agents = {
    http: new HttpAgent(AGENT_OPTIONS),
    https: new HttpsAgent(AGENT_OPTIONS),
  };
  #credentials: Promise<KubeConfig> | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Send one request and return the answer's JSON. Throws `ApiError`. */
  async send(request: ApiRequest): Promise<unknown> {
    const signal = deadline(request, this.#options);
    const response = await this.#open(request, signal);
    const text = await readText(response, MAX_ANSWER_BYTES, describe(request), signal);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new ApiError(null, `cannot ${describe(request)}: the answer is not JSON`, { cause });
    }
  }

  /**
   * Open a watch; the promise settles when the API server has accepted it. Yields its lines, ends
   * when the API server ends it or `idleMs` pass in silence, and throws `ApiError` when the connection
   * breaks.
   */
  async watch(request: ApiRequest, idleMs: number): Promise<AsyncGenerator<string, void>> {
    // The deadline is for the headers alone; after them the watchdog takes over.
    const opening = new AbortController();
    const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timer = setTimeout(
      () => opening.abort(new Error(`no answer in ${timeoutMs} ms`)),
      timeoutMs,
    );
    const signals = [opening.signal, ...(request.signal === undefined ? [] : [request.signal])];
    try {
      const response = await this.#open(request, AbortSignal.any(signals));
      return readLines(response, idleMs, describe(request));
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The namespace that the kubeconfig's context names, null where it names none. Throws an `AppError`
   * `NP_E_CONFIG` where there is no kubeconfig, no such context, or neither can be read.
   */
  async contextNamespace(): Promise<string | null> {
    const { namespace = "" } = contextOf(await this.#load());
    return namespace === "" ? null : namespace;
  }

  /** Let go of idle connections. Running requests are ended by their own signals. */
  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  async #open(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const what = describe(request);
    const response = await this.#transmit(request, signal).catch((cause: unknown) => {
      throw unanswered(what, cause, signal);
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    if (status === 401) this.#credentials = null;
    const text = await readText(response, MAX_ANSWER_BYTES, what, signal);
    const answer = parseIfJson(text);
    throw new ApiError(status, `cannot ${what}: ${status} ${reasonIn(answer, text)}`, {
      retryAfterMs: parseRetryAfter(response.headers["retry-after"]),
      continueFrom: textAt(answer, "metadata", "continue") || null,
    });
  }

  async #transmit(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { server, options } = await this.#connection();
    const url = new URL(`${server}${pathOf(request)}`);
    const secure = url.protocol === "https:";
    const body = request.body === undefined ? null : JSON.stringify(request.body);
    const outgoing = (secure ? httpsRequest : httpRequest)(url, {
      ...options,
      agent: options.agent ?? (secure ? this.#agents.https : this.#agents.http),
      method: METHODS[request.verb],
      signal,
    });
    outgoing.setHeader("accept", "application/json");
    outgoing.setHeader("user-agent", "ringfence");
    for (const [name, value] of impersonationHeaders(this.#options.impersonate)) {
      outgoing.setHeader(name, value);
    }
    if (body !== null) outgoing.setHeader("content-type", contentType(request.verb));
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    outgoing.on("response", resolve);
    // After the headers this does nothing: whoever reads the answer sees the error as well.
    outgoing.on("error", reject);
    outgoing.end(body ?? undefined);
    return promise;
  }

  async #connection(): Promise<{ readonly server: string; readonly options: RequestOptions }> {
    const config = await this.#load();
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new AppError("NP_E_API_SERVER", "the kubeconfig names no cluster");
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    // client-node's agent keeps no connection alive and keeps its first CA for ever; only a proxy needs it.
    const usesProxy = cluster.proxyUrl !== undefined && cluster.proxyUrl !== "";
    return {
      server: cluster.server,
      options: usesProxy ? options : { ...options, agent: undefined },
    };
  }

  async #load(): Promise<KubeConfig> {
    this.#credentials ??= loadKubeconfig(this.#options);
    const loading = this.#credentials;
    return loading.catch((error: unknown) => {
      // A kubeconfig that is not there yet may be there the next time.
      if (this.#credentials === loading) this.#credentials = null;
      throw error;
    });
  }
}

const METHODS: Readonly<Record<Verb, string>> = {
  get: "GET",
  list: "GET",
  watch: "GET",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
};

/** JSON is YAML: server-side apply takes it under this type, and nothing else that we patch with. */
function contentType(verb: Verb): string {
  return verb === "patch" ? "application/apply-patch+yaml" : "application/json";
}

function deadline(
  request: ApiRequest,
  { timeoutMs = DEFAULT_TIMEOUT_MS }: ClientOptions,
): AbortSignal {
  const timeout = AbortSignal.timeout(request.timeoutMs ?? timeoutMs);
  return request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
}

async function readText(
  response: IncomingMessage,
  maxBytes: number,
  what: string,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new TooLargeError(what, maxBytes);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof TooLargeError) throw cause;
    throw unanswered(what, cause, signal);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function* readLines(
  response: IncomingMessage,
  idleMs: number,
  what: string,
): AsyncGenerator<string, void> {
  let rest = "";
  let silent = false;
  const watchdog = setTimeout(() => {
    silent = true;
    response.destroy();
  }, idleMs);
  try {
    for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) {
      watchdog.refresh();
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE_LENGTH)
        throw new Error(`a line is longer than ${MAX_LINE_LENGTH}`);
      yield* lines.filter((line) => line !== "");
    }
    if (rest !== "") yield rest;
  } catch (cause) {
    if (!silent) throw new ApiError(null, `cannot ${what}: ${reasonOf(cause)}`, { cause });
  } finally {
    clearTimeout(watchdog);
    response.destroy();
  }
}

/** `list pods`, `patch networkpolicies.networking.k8s.io shop/default-deny`. */
function describe({ verb, type, namespace, name, subresource }: ApiRequest): string {
  const plain = type.group === "" ? type.resource : `${type.resource}.${type.group}`;
  const resource = subresource === undefined ? plain : `${plain}/${subresource}`;
  const object = [namespace, name].filter((part) => part !== undefined && part !== "").join("/");
  return object === "" ? `${verb} ${resource}` : `${verb} ${resource} ${object}`;
}

function unanswered(what: string, cause: unknown, signal: AbortSignal): ApiError {
  const error: unknown = signal.aborted ? signal.reason : cause;
  return error instanceof Error && error.name === "TimeoutError"
    ? new SlowError(what, cause)
    : new ApiError(null, `cannot ${what}: ${reasonOf(error)}`, { cause });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Refused on every address of a host: Node's own message is empty, its code is not.
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return error.message === "" ? code : error.message;
}

function parseIfJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function reasonIn(answer: unknown, text: string): string {
  // It may be a load balancer's page or a plain-text refusal: its first words are all there is to say.
  return textAt(answer, "message") || text.trim().slice(0, 200);
}

/** Seconds, as the API server writes it, or a date, as a proxy in front of it may. */
function parseRetryAfter(header: string | undefined): number | null {
  if (header === undefined) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return ms > 0 ? ms : null;
}
