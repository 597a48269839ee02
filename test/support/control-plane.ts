import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type CertificateFiles, createAuthority, issueCertificate } from "./certificates.ts";
import { endWithTest } from "./end-with-test.ts";
import { freePort } from "./free-port.ts";

const adminToken = "admin-of-this-test";
const startTimeoutMs = 60_000;
const responseEvent = z.tuple([z.instanceof(IncomingMessage)]);
const tokenRequest = z.object({ status: z.object({ token: z.string() }) });

/** What a finished kubectl left behind. */
export interface KubectlResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The API server's answer to a raw request; `body` is parsed JSON where it is JSON, else the text. */
export interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
}

interface Processes {
  readonly etcd: ChildProcess;
  readonly apiServer: ChildProcess;
}

interface ApiRequest {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly token?: string;
}

/** The user and the address of a kubeconfig; by default the admin, and the API server itself. */
interface KubeconfigOptions {
  readonly server?: string;
  readonly token?: string;
  /** Of the context. */
  readonly namespace?: string;
  /** Impersonated by the admin; RBAC and webhooks see this user. */
  readonly user?: { readonly name: string; readonly groups?: readonly string[] };
}

interface KubectlOptions {
  readonly kubeconfig?: string;
  readonly input?: string | object;
}

export interface PlaneOptions {
  /** `host:port` of a webhook that the API server presents its client certificate to. */
  readonly presentsItselfTo?: string;
}

/**
 * A real etcd and kube-apiserver on free loopback ports, RBAC on.
 *
 * - No controller manager: EndpointSlices, ServiceAccounts of new namespaces and the end of a deleted
 *   namespace (`finalizeNamespace`) are up to the test.
 * - No kubelet: pods stay as the test writes them, status included.
 */
export class ControlPlane {
  /** Like `[1, 20]`. */
  readonly version: readonly [major: number, minor: number];
  readonly url: string;
  readonly authority: CertificateFiles;
  /** For anything else a test serves on 127.0.0.1. */
  readonly serving: CertificateFiles;
  /** Scratch space that `stop` removes. */
  readonly folder: string;
  readonly adminKubeconfig: string;
  readonly #path: string;
  readonly #ca: string;
  readonly #etcdUrl: string;
  readonly #boot: () => Processes;
  #processes: Processes;
  #kubeconfigs = 0;

  private constructor(parts: {
    readonly version: readonly [number, number];
    readonly url: string;
    readonly folder: string;
    readonly binaries: string;
    readonly authority: CertificateFiles;
    readonly serving: CertificateFiles;
    readonly ca: string;
    readonly etcdUrl: string;
    readonly boot: () => Processes;
  }) {
    this.version = parts.version;
    this.url = parts.url;
    this.folder = parts.folder;
    this.authority = parts.authority;
    this.serving = parts.serving;
    this.adminKubeconfig = join(parts.folder, "admin.kubeconfig");
    this.#path = `${parts.binaries}:${process.env["PATH"] ?? ""}`;
    this.#ca = parts.ca;
    this.#etcdUrl = parts.etcdUrl;
    this.#boot = parts.boot;
    this.#processes = parts.boot();
  }

  /** Start both from the folder `binaries`; ready for requests when this returns, in about 4 seconds. */
  static async start(binaries: string, options: PlaneOptions = {}): Promise<ControlPlane> {
    const folder = await mkdtemp(join(tmpdir(), "ringfence-control-plane-"));
    const authority = await createAuthority(join(folder, "pki"));
    const serving = await issueCertificate(authority, join(folder, "pki"));
    const tokens = join(folder, "tokens.csv");
    await writeFile(tokens, `${adminToken},admin,admin,system:masters\n`);
    const version = await readVersion(join(binaries, "kube-apiserver"));

    // At once: one after the other the same port could be found twice.
    const [etcdPort, peerPort, apiPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    const etcdFlags = {
      "data-dir": join(folder, "etcd"),
      "listen-client-urls": etcdUrl,
      "advertise-client-urls": etcdUrl,
      "listen-peer-urls": `http://127.0.0.1:${peerPort}`,
      // Durability is not needed in a test.
      "unsafe-no-fsync": "true",
    };
    const apiServerFlags = {
      "etcd-servers": etcdUrl,
      "secure-port": String(apiPort),
      "bind-address": "127.0.0.1",
      "advertise-address": "127.0.0.1",
      // The API server may not list loopback as an endpoint of itself.
      "endpoint-reconciler-type": "none",
      "service-cluster-ip-range": "10.96.0.0/16",
      "cert-dir": folder,
      "tls-cert-file": serving.certificate,
      "tls-private-key-file": serving.key,
      "client-ca-file": authority.certificate,
      "token-auth-file": tokens,
      "authorization-mode": "RBAC",
      // Without the controller manager no namespace gets the ServiceAccount that this plugin insists on.
      "disable-admission-plugins": "ServiceAccount",
      "service-account-issuer": "https://kubernetes.default.svc",
      "service-account-key-file": serving.certificate,
      "service-account-signing-key-file": serving.key,
      ...(options.presentsItselfTo === undefined
        ? {}
        : {
            "admission-control-config-file": await writeAdmissionConfiguration(
              folder,
              options.presentsItselfTo,
              serving,
            ),
          }),
    };

    const plane = new ControlPlane({
      version,
      url: `https://127.0.0.1:${apiPort}`,
      folder,
      binaries,
      authority,
      serving,
      ca: await readFile(authority.certificate, "utf8"),
      etcdUrl,
      boot: () => ({
        etcd: startProcess(folder, join(binaries, "etcd"), etcdFlags),
        apiServer: startProcess(folder, join(binaries, "kube-apiserver"), apiServerFlags),
      }),
    });
    await writeFile(plane.adminKubeconfig, plane.#renderKubeconfig({}));
    await plane.#waitUntilReady();
    return plane;
  }

  /** Report whether the API server is at least Kubernetes 1.`minor`. */
  atLeast(minor: number): boolean {
    return this.version[0] > 1 || this.version[1] >= minor;
  }

  /** Run the real kubectl, as admin unless told otherwise; `input` goes to its stdin, objects as JSON. */
  async kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    return this.#run("kubectl", args, options);
  }

  /** Run shell commands that call kubectl, in `folder`, as somebody who has this kubeconfig. */
  async shell(commands: string, options: KubectlOptions = {}): Promise<KubectlResult> {
    return this.#run("sh", ["-euc", commands], { ...options, cwd: this.folder });
  }

  async #run(
    command: string,
    args: readonly string[],
    { kubeconfig = this.adminKubeconfig, input = "", cwd }: KubectlOptions & { cwd?: string },
  ): Promise<KubectlResult> {
    const child = spawn(command, args, {
      // HOME holds kubectl's discovery cache.
      env: { PATH: this.#path, HOME: this.folder, KUBECONFIG: kubeconfig },
      cwd,
      stdio: "pipe",
    });
    // kubectl may end without reading its input, and says why on stderr.
    child.stdin.on("error", () => undefined);
    child.stdin.end(typeof input === "string" ? input : JSON.stringify(input));
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    return { code: child.exitCode, stdout, stderr };
  }

  /** Send one raw request, as admin unless a token is given. Throws only where there is no answer. */
  async request(method: string, path: string, options: ApiRequest = {}): Promise<ApiResponse> {
    const headers = {
      authorization: `Bearer ${options.token ?? adminToken}`,
      "content-type": options.contentType ?? "application/json",
    };
    const outgoing = request(`${this.url}${path}`, { method, headers, ca: this.#ca });
    outgoing.end(options.body === undefined ? undefined : JSON.stringify(options.body));
    const [incoming] = responseEvent.parse(await once(outgoing, "response"));
    return { status: incoming.statusCode ?? 0, body: parseIfJson(await text(incoming)) };
  }

  /** Create one object by POST to a collection's path. Throws with the API server's words when it refuses. */
  async create(path: string, object: object): Promise<void> {
    const response = await this.request("POST", path, { body: object });
    if (response.status >= 300) {
      throw new Error(`POST ${path}: ${response.status} ${JSON.stringify(response.body)}`);
    }
  }

  /** Write a kubeconfig and return its path. */
  async kubeconfig(options: KubeconfigOptions): Promise<string> {
    this.#kubeconfigs += 1;
    const file = join(this.folder, `${this.#kubeconfigs}.kubeconfig`);
    await writeFile(file, this.#renderKubeconfig(options));
    return file;
  }

  /** Ask for a token of a ServiceAccount that exists (TokenRequest, valid for an hour). */
  async serviceAccountToken(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const response = await this.request("POST", path, {
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
    });
    return tokenRequest.parse(response.body).status.token;
  }

  /** Have etcd forget all versions before that of this object, as it does every few minutes. */
  async compact(resourceVersion: string): Promise<void> {
    const body = JSON.stringify({ revision: resourceVersion, physical: true });
    const response = await fetch(`${this.#etcdUrl}/v3/kv/compaction`, { method: "POST", body });
    if (!response.ok) throw new Error(`cannot compact: ${await response.text()}`);
  }

  /** Keep a copy of etcd's data for `restore`. Both processes are stopped for it, and ready again when this returns. */
  async backUp(): Promise<void> {
    await this.#end();
    await cp(join(this.folder, "etcd"), join(this.folder, "backup"), { recursive: true });
    await this.#begin();
  }

  /** Put that copy in the place of the present data: versions go back, which no API server does by itself. */
  async restore(): Promise<void> {
    await this.#end();
    await rm(join(this.folder, "etcd"), { recursive: true });
    await cp(join(this.folder, "backup"), join(this.folder, "etcd"), { recursive: true });
    await this.#begin();
  }

  /** Do what the namespace controller does last: let a deleted, emptied namespace go. */
  async finalizeNamespace(name: string): Promise<void> {
    await this.request("PUT", `/api/v1/namespaces/${name}/finalize`, {
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name }, spec: { finalizers: [] } },
    });
  }

  /** Kill both and remove their data. */
  async stop(): Promise<void> {
    await this.#end();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #begin(): Promise<void> {
    this.#processes = this.#boot();
    await this.#waitUntilReady();
  }

  async #end(): Promise<void> {
    for (const child of [this.#processes.apiServer, this.#processes.etcd]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }

  #renderKubeconfig({ server, token, user, namespace }: KubeconfigOptions): string {
    const impersonation = user && { as: user.name, "as-groups": user.groups ?? [] };
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: "test",
          cluster: {
            server: server ?? this.url,
            "certificate-authority-data": Buffer.from(this.#ca).toString("base64"),
          },
        },
      ],
      users: [{ name: "test", user: { token: token ?? adminToken, ...impersonation } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace } }],
      "current-context": "test",
    });
  }

  /** The namespace `default` is created a moment after /readyz says yes. */
  async #hasNamespaces(): Promise<boolean> {
    return (await this.request("GET", "/api/v1/namespaces/default")).status === 200;
  }

  /** So is the range of Service addresses, from Kubernetes 1.33 on; no Service can be created before. */
  async #hasAddresses(): Promise<boolean> {
    const body = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "first" },
      spec: { ports: [{ port: 1 }] },
    };
    const path = "/api/v1/namespaces/default/services?dryRun=All";
    return (await this.request("POST", path, { body })).status === 201;
  }

  async #waitUntilReady(): Promise<void> {
    const deadline = Date.now() + startTimeoutMs;
    for (;;) {
      const ready = await this.request("GET", "/readyz").then(
        ({ status }) => status === 200,
        () => false,
      );
      if (ready && (await this.#hasNamespaces()) && (await this.#hasAddresses())) return;
      const { etcd, apiServer } = this.#processes;
      const ended = [etcd, apiServer].find((child) => child.exitCode !== null);
      if (ended !== undefined || Date.now() > deadline) {
        const logs = await Promise.all(
          ["etcd", "kube-apiserver"].map((name) =>
            readFile(join(this.folder, `${name}.log`), "utf8"),
          ),
        );
        await this.stop();
        throw new Error(
          `control plane did not start:\n${logs.map((log) => log.slice(-2000)).join("\n")}`,
        );
      }
      await sleep(50);
    }
  }
}

/** The API server's own configuration of how it calls a webhook: with the client certificate `identity`. */
async function writeAdmissionConfiguration(
  folder: string,
  webhook: string,
  identity: CertificateFiles,
): Promise<string> {
  const kubeConfigFile = join(folder, "webhooks.kubeconfig");
  const user = { "client-certificate": identity.certificate, "client-key": identity.key };
  await writeFile(
    kubeConfigFile,
    JSON.stringify({ apiVersion: "v1", kind: "Config", users: [{ name: webhook, user }] }),
  );
  const apiVersion = "apiserver.config.k8s.io/v1";
  const file = join(folder, "admission.json");
  await writeFile(
    file,
    JSON.stringify({
      apiVersion,
      kind: "AdmissionConfiguration",
      plugins: ["ValidatingAdmissionWebhook", "MutatingAdmissionWebhook"].map((name) => ({
        name,
        configuration: { apiVersion, kind: "WebhookAdmissionConfiguration", kubeConfigFile },
      })),
    }),
  );
  return file;
}

function startProcess(
  folder: string,
  binary: string,
  flags: Readonly<Record<string, string>>,
): ChildProcess {
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  const log = createWriteStream(join(folder, `${binary.split("/").at(-1) ?? ""}.log`));
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  endWithTest(child);
  return child;
}

async function readVersion(apiServer: string): Promise<readonly [number, number]> {
  const child = spawn(apiServer, ["--version"], { stdio: ["ignore", "pipe", "inherit"] });
  const output = await text(child.stdout);
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(output) ?? [];
  if (major === undefined || minor === undefined) throw new Error(`no version: ${output}`);
  return [Number(major), Number(minor)];
}

function parseIfJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
