import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, vi } from "vitest";
import {
  type Manifest,
  manifestsFolder,
  parseManifests,
  webhookConfigurations,
} from "../manifests/rendered-manifests.ts";
import { Balancer } from "./balancer.ts";
import { issueCertificate } from "./certificates.ts";
import type { ControlPlane } from "./control-plane.ts";
import { endWithTest } from "./end-with-test.ts";
import { FaultyProxy } from "./faulty-proxy.ts";
import { freePort } from "./free-port.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const shiftedClock = new URL("./shifted-clock.ts", import.meta.url).href;
const ownNamespace = "ringfence-system";

interface Ports {
  readonly webhook: number;
  readonly health: number;
  readonly metrics: number;
}

/**
 * Ringfence as its manifests install it on a real API server, except that it runs as a process here:
 * its RBAC, its ServiceAccount's token, its webhook configurations pointed at this process by URL.
 */
export class Ringfence {
  readonly ports: Ports;
  /** Everything Ringfence says to the API server passes through here. */
  readonly proxy: FaultyProxy;
  /** The folder of the Kustomization that was installed. */
  readonly kustomization: string;
  readonly #plane: ControlPlane;
  /** The webhook configurations, for a webhook on that port. */
  readonly #webhooks: (port: number) => readonly object[];
  readonly #certificates: string;
  readonly #kubeconfig: string;
  #process: ChildProcess | null = null;
  #log = "";
  #clockFile: string | null = null;
  #replica: Ringfence | null = null;
  #balancer: Balancer | null = null;

  private constructor(parts: {
    readonly plane: ControlPlane;
    readonly ports: Ports;
    readonly proxy: FaultyProxy;
    readonly kustomization: string;
    readonly webhooks: (port: number) => readonly object[];
    readonly certificates: string;
    readonly kubeconfig: string;
  }) {
    this.#plane = parts.plane;
    this.ports = parts.ports;
    this.proxy = parts.proxy;
    this.kustomization = parts.kustomization;
    this.#webhooks = parts.webhooks;
    this.#certificates = parts.certificates;
    this.#kubeconfig = parts.kubeconfig;
  }

  /** Apply the manifests with these components, start the process, and return once the API server asks it. */
  static async install(
    plane: ControlPlane,
    optional: readonly string[] = [],
    webhookPort?: number,
  ): Promise<Ringfence> {
    const ports = {
      webhook: webhookPort ?? (await freePort()),
      health: await freePort(),
      metrics: await freePort(),
    };
    const kustomization = await writeKustomization(plane, optional);
    const objects = await renderManifests(plane, kustomization);
    const authority = await readFile(plane.authority.certificate);
    const webhooks = (port: number): readonly object[] =>
      webhookConfigurations(objects).map((configuration) => ({
        ...configuration,
        webhooks: configuration.webhooks.map((webhook) => ({
          ...webhook,
          clientConfig: {
            url: `https://127.0.0.1:${port}${webhook.clientConfig.service.path}`,
            caBundle: authority.toString("base64"),
          },
        })),
      }));
    const rest = objects.filter(({ kind }) => !kind.endsWith("WebhookConfiguration"));
    // The namespace comes first, as the other objects are in it.
    await applyAll(
      plane,
      rest.filter(({ kind }) => kind === "Namespace"),
    );
    await applyAll(plane, rest);

    const proxy = await FaultyProxy.start(plane);
    const token = await plane.serviceAccountToken(ownNamespace, "ringfence");
    const kubeconfig = await plane.kubeconfig({ server: proxy.url, token });
    const certificates = await mkdtemp(join(plane.folder, "certificates-"));
    const ringfence = new Ringfence({
      plane,
      ports,
      proxy,
      kustomization,
      webhooks,
      certificates,
      kubeconfig,
    });
    try {
      await ringfence.rotateCertificate();
      await ringfence.start();
      await ringfence.untilReady();
      await ringfence.configureWebhooks();
    } catch (error) {
      await ringfence.stop();
      throw error;
    }
    return ringfence;
  }

  /** All the process has written so far. */
  get log(): string {
    return this.#log;
  }

  /** Start the process, with these flags added or replaced; it is not ready yet when this returns. */
  async start(overrides: Readonly<Record<string, string>> = {}): Promise<void> {
    const flags = {
      "listen-address": "127.0.0.1",
      "webhook-port": this.ports.webhook,
      "health-port": this.ports.health,
      "metrics-port": this.ports.metrics,
      "certificate-path": join(this.#certificates, "tls.crt"),
      "key-path": join(this.#certificates, "tls.key"),
      kubeconfig: this.#kubeconfig,
      ...overrides,
    };
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    const clock = this.#clockFile === null ? [] : ["--import", shiftedClock];
    const child = spawn(process.execPath, [...clock, main, ...args], {
      env: { PATH: process.env["PATH"] ?? "", CLOCK_AHEAD_FILE: this.#clockFile ?? "" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const remember = (chunk: Buffer): void => {
      this.#log += chunk.toString();
    };
    child.stdout.on("data", remember);
    child.stderr.on("data", remember);
    endWithTest(child);
    await once(child, "spawn");
    this.#process = child;
  }

  /**
   * Put the process's clock ahead by so many milliseconds. The first call restarts it; from then on it sees
   * changes at once. Certificates stay valid for 30 days.
   */
  async setClockAhead(ms: number): Promise<void> {
    const file = join(this.#certificates, "clock-ahead");
    await writeFile(`${file}.new`, String(ms));
    await rename(`${file}.new`, file);
    if (this.#clockFile !== null) return;
    this.#clockFile = file;
    await this.end("SIGTERM");
    await this.start();
    await this.untilReady();
  }

  /** Wait for `/readyz`, and fail with the process's log. */
  async untilReady(): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!(await this.isReady())) {
      if (Date.now() > deadline || this.#process?.exitCode !== null) {
        throw new Error(`Ringfence is not ready:\n${this.#log.slice(-4000)}`);
      }
      await sleep(25);
    }
  }

  /** Report whether `/readyz` says yes. */
  async isReady(): Promise<boolean> {
    return this.#probe("readyz");
  }

  /** Report whether the process is alive, by `/healthz`. */
  async isAlive(): Promise<boolean> {
    return this.#probe("healthz");
  }

  /** Wait for a process that ends by itself and return its exit code. */
  async untilEnded(): Promise<number | null> {
    const child = this.#process;
    if (child !== null && child.exitCode === null) await once(child, "exit");
    this.#process = null;
    return child?.exitCode ?? null;
  }

  /** Send the process a signal that need not end it. */
  signal(name: "SIGTERM" | "SIGINT"): void {
    this.#process?.kill(name);
  }

  /** End the process with a signal and return its exit code, null when the signal ended it. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    const child = this.#process;
    if (child === null) return null;
    this.#process = null;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  /**
   * Start another replica of the same installation on ports of its own, with the API server's calls spread over
   * both. It is stopped with this one.
   */
  async addReplica(): Promise<Ringfence> {
    const replica = new Ringfence({
      plane: this.#plane,
      proxy: this.proxy,
      kustomization: this.kustomization,
      webhooks: this.#webhooks,
      certificates: this.#certificates,
      kubeconfig: this.#kubeconfig,
      ports: {
        webhook: await freePort(),
        health: await freePort(),
        metrics: await freePort(),
      },
    });
    this.#replica = replica;
    await replica.start({ identity: "another" });
    await replica.untilReady();
    this.#balancer = await Balancer.start([this.ports.webhook, replica.ports.webhook]);
    await this.configureWebhooks(this.#balancer.port);
    return replica;
  }

  /** Register the webhooks and wait until the API server calls the mutating and the validating ones. */
  async configureWebhooks(port = this.ports.webhook): Promise<void> {
    await applyAll(this.#plane, this.#webhooks(port));
    const called = vi.waitFor(async () => {
      expect(await this.#dryRunNamespace("no-such-profile")).toContain("denied the request");
      expect(await this.#dryRunNamespace("restricted")).toContain("baseline-revision");
    }, 20_000);
    await called.catch((cause: unknown) => {
      throw new Error(`the webhooks do not answer:\n${this.#log.slice(-4000)}`, { cause });
    });
  }

  /** Remove the webhooks, as somebody would to get past them, and wait until none is called. */
  async removeWebhooks(): Promise<void> {
    for (const kind of ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"]) {
      await this.#plane.kubectl(["delete", kind, "ringfence"]);
    }
    await vi.waitFor(async () => {
      expect(await this.#dryRunNamespace("no-such-profile")).toContain('"kind":"Namespace"');
      expect(await this.#dryRunNamespace("restricted")).not.toContain("baseline-revision");
    }, 20_000);
  }

  /** Put a new certificate where the process reads it, by swapping a symlink as a kubelet does. */
  async rotateCertificate(): Promise<void> {
    const folder = this.#certificates;
    const version = `..${String(Date.now())}`;
    await issueCertificate(this.#plane.authority, join(folder, version));
    await symlink(version, join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    for (const file of ["tls.crt", "tls.key"]) {
      await rm(join(folder, file), { force: true });
      await symlink(join("..data", file), join(folder, file));
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.end("SIGKILL"), this.#replica?.end("SIGKILL"), this.#balancer?.stop()]);
    await this.proxy.stop();
  }

  async #probe(name: string): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.ports.health}/${name}`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async #dryRunNamespace(profile: string): Promise<string> {
    const metadata = {
      name: "probe-of-the-webhooks",
      labels: { "ringfence.dev/profile": profile },
    };
    const response = await this.#plane.request("POST", "/api/v1/namespaces?dryRun=All", {
      body: { apiVersion: "v1", kind: "Namespace", metadata },
    });
    return JSON.stringify(response.body);
  }
}

/** The manifests with the optional parts for this version of the API server. */
async function writeKustomization(
  plane: ControlPlane,
  optional: readonly string[],
): Promise<string> {
  const folder = await mkdtemp(join(plane.folder, "kustomize-"));
  await mkdir(folder, { recursive: true });
  const at = (...path: readonly string[]): string =>
    relative(folder, join(manifestsFolder, ...path));
  const components = [
    ...optional.map((name) => at("components", name)),
    ...(plane.atLeast(30) ? [at("components", "match-conditions")] : []),
    ...(plane.atLeast(21) ? [] : [at("components", "kubernetes-1.20")]),
  ];
  const kustomization = { resources: [at("overlays", "plain")], components };
  await writeFile(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
  return folder;
}

async function renderManifests(plane: ControlPlane, folder: string): Promise<readonly Manifest[]> {
  const { code, stdout, stderr } = await plane.kubectl(["kustomize", folder]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return parseManifests(stdout);
}

async function applyAll(plane: ControlPlane, items: readonly object[]): Promise<void> {
  const input = { apiVersion: "v1", kind: "List", items };
  const result = await plane.kubectl(["apply", ...leniency(plane), "-f", "-"], { input });
  expect(result, result.stderr).toMatchObject({ code: 0 });
}

/** From 1.21 to 1.25 API servers do not know all that stands in the manifests, and kubectl would not send it. */
export function leniency(plane: ControlPlane): readonly string[] {
  return plane.atLeast(21) && !plane.atLeast(26) ? ["--validate=false"] : [];
}
