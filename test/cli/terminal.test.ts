import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { createShop } from "../e2e/shop.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { endWithTest } from "../support/end-with-test.ts";
import { FaultyProxy } from "../support/faulty-proxy.ts";
import { type CliResult, runCli } from "./run-cli.ts";

type Env = Readonly<Record<string, string>>;

const FLOW = "--src-pod shop/web --dst-pod shop/api --port 8080";
const SIMULATE = `simulate --manifests examples/shop/cluster ${FLOW}`;
const ESCAPE = "\u001B";

/** What a terminal shows: `script` of util-linux runs the plugin on one of its own. */
async function onTerminal(args: string, env: Env = {}): Promise<CliResult> {
  const command = `${process.execPath} ${inject("plugin")} ${args}`;
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", TERM: "xterm", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  endWithTest(child);
  const [stdout] = await Promise.all([text(child.stdout), once(child, "close")]);
  return { code: child.exitCode, stdout: stdout.replaceAll("\r\n", "\n"), stderr: "" };
}

describe("colour", () => {
  it.each([
    { args: SIMULATE, code: 0, says: `${ESCAPE}[32mallowed${ESCAPE}[0m: shop/web` },
    {
      args: "check examples/shop/changes/04-allow-all.yaml",
      code: 1,
      says: `${ESCAPE}[31merror${ESCAPE}[0m ${ESCAPE}[1mallow-all${ESCAPE}[0m`,
    },
    {
      args: "doctor --manifests examples/shop/cluster",
      code: 0,
      says: `${ESCAPE}[32m✓ selection`,
    },
  ])("is there on a terminal: $args", async ({ args, code, says }) => {
    const result = await onTerminal(args);
    expect(result.code).toBe(code);
    expect(result.stdout).toContain(says);
  });

  it.each([
    { name: "NO_COLOR", env: { NO_COLOR: "1" }, args: SIMULATE },
    { name: "a terminal that knows none", env: { TERM: "dumb" }, args: SIMULATE },
    { name: "data", env: {}, args: `${SIMULATE} -o json` },
  ])("is not there with $name", async ({ env, args }) => {
    const { code, stdout } = await onTerminal(args, env);
    expect(code).toBe(0);
    expect(stdout).toContain("allowed");
    expect(stdout).not.toContain(ESCAPE);
  });

  it("is there again where NO_COLOR is empty, and never in a pipe", async () => {
    expect((await onTerminal(SIMULATE, { NO_COLOR: "" })).stdout).toContain(ESCAPE);
    const piped = await runCli(SIMULATE.split(" "), { env: { TERM: "xterm" } });
    expect(piped.stdout).not.toContain(ESCAPE);
  });

  it("does not widen what is explained", async () => {
    const { stdout } = await onTerminal(SIMULATE.replace("simulate", "explain"));
    // oxlint-disable-next-line no-control-regex -- it is what is looked for
    const lines = stdout.replaceAll(/\u001B\[\d*m/g, "").split("\n");
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });
});

describe("the progress of what takes long", () => {
  const items = Array.from({ length: 600 }, (_, index) => {
    const metadata = { name: "web", namespace: `team-${index}`, labels: { app: "web" } };
    const peer = { namespaceSelector: { matchLabels: { team: "a" } } };
    return [
      { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [] } },
      {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata,
        spec: { podSelector: {}, ingress: [{ from: [peer], ports: [{ port: 80 + index }] }] },
      },
    ];
  }).flat();
  let file = "";

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "ringfence-progress-"));
    file = join(folder, "many.json");
    await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    return async () => rm(folder, { recursive: true });
  });

  it("is shown on a terminal, and taken away again", async () => {
    const { stdout } = await onTerminal(`check ${file} -o json`);
    const [before, ...shown] = stdout.split(`\r${ESCAPE}[K`);
    expect(before).toBe("");
    expect(shown.length).toBeGreaterThan(2);
    const isProgress = (line: string): boolean => /^checking object \d+ of 600$/.test(line);
    expect(shown.slice(0, -1).filter((line) => !isProgress(line))).toEqual([]);
    expect(shown.at(-1)).toMatch(/^\{/);
  });

  it("is not shown in a pipe", async () => {
    expect((await runCli(["check", file])).stderr).toBe("");
  });
});

describeWithControlPlane("the progress of lists", (plane) => {
  const args = "connectivity -n shop -o csv";
  beforeAll(async () => createShop(plane()));

  /** A kubeconfig of an API server that takes its time to list pods. */
  const slow = async (delayMs: number): Promise<string> => {
    const proxy = await FaultyProxy.start(plane());
    onTestFinished(async () => proxy.stop());
    proxy.inject({ kind: "delay", delayMs }, ({ path }) => path.startsWith("/api/v1/pods"), 10);
    return plane().kubeconfig({ server: proxy.url });
  };

  it("is shown on a terminal while they are slow, and taken away again", async () => {
    const { code, stdout } = await onTerminal(args, { KUBECONFIG: await slow(1500) });
    expect(code).toBe(0);
    const [before, ...shown] = stdout.split(`\r${ESCAPE}[K`);
    expect(before).toBe("");
    expect(shown.at(0)).toMatch(/^reading [a-z.]+: \d+ objects so far$/);
    expect(shown.at(-1)).toMatch(/^from,to,allowed,unknown\r*\n/);
  });

  it("is not shown where they are quick", async () => {
    const { code, stdout } = await onTerminal(args, { KUBECONFIG: plane().adminKubeconfig });
    expect(code).toBe(0);
    expect(stdout).not.toContain(ESCAPE);
  });

  it("is not shown in a pipe", async () => {
    const env = { KUBECONFIG: await slow(1500) };
    expect(await runCli(args.split(" "), { env })).toMatchObject({ code: 0, stderr: "" });
  });
});
