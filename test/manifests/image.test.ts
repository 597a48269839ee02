import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createSelfSignedCertificate } from "../../scripts/demo/self-signed-certificate.ts";
import { freePort } from "../support/free-port.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Who owns nothing, as in the image; only root can become somebody else. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

describe("what the image holds", () => {
  let folder: string;
  let child: ChildProcess | null = null;
  let log = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ringfence-image-"));
    await layOut(folder);
  }, 120_000);
  afterAll(async () => {
    child?.kill("SIGKILL");
    await run("chmod", ["-R", "u+w", folder]);
    await rm(folder, { recursive: true, force: true });
  });

  it("is what the Dockerfile copies", async () => {
    const dockerfile = await readFile(join(root, "Dockerfile"), "utf8");
    const copied = Array.from(
      dockerfile.matchAll(/^COPY --from=build \/app\/(\S+)/gm),
      ([, path]) => path,
    );
    expect(new Set(copied)).toEqual(new Set(["dist", "node_modules", "package.json"]));
    expect(dockerfile).toMatch(/^CMD \["dist\/main.js"\]$/m);
  });

  it("runs as nobody on a tree that cannot be written, is alive, and says why it is not ready", async () => {
    const health = await freePort();
    const ports = { webhook: await freePort(), health, metrics: await freePort() };
    child = spawn(
      join(folder, "node"),
      [
        "dist/main.js",
        "--listen-address=127.0.0.1",
        ...Object.entries(ports).map(([name, port]) => `--${name}-port=${port}`),
        "--certificate-path=certificate/tls.crt",
        "--key-path=certificate/tls.key",
        "--kubeconfig=no-such-kubeconfig",
      ],
      { cwd: folder, env: {}, stdio: ["ignore", "pipe", "pipe"], ...nobody },
    );
    child.stdout?.on("data", (chunk: Buffer) => (log += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (log += chunk.toString()));
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${health}${path}`);
    await vi.waitFor(async () => expect((await get("/healthz")).status, log).toBe(200), {
      timeout: 20_000,
      interval: 100,
    });
    const readiness = await get("/readyz");
    expect(readiness.status).toBe(503);
    expect(await readiness.text()).toContain("the cluster has not been read");
  }, 30_000);

  it("ends on SIGTERM with exit code 0", async () => {
    const exited = child === null ? [null] : once(child, "exit");
    child?.kill("SIGTERM");
    expect((await exited)[0], log).toBe(0);
  }, 30_000);
});

/** What `docker build` makes: the compiler's output and the production dependencies, read-only. */
async function layOut(folder: string): Promise<void> {
  await run("npx", ["tsc", "-p", "tsconfig.build.json", "--outDir", join(folder, "dist")], {
    cwd: root,
  });
  const { stdout } = await run("npm", ["ls", "--omit=dev", "--all", "--parseable"], { cwd: root });
  for (const path of stdout.trim().split("\n")) {
    const target = relative(root, path);
    if (target === "") continue;
    await mkdir(dirname(join(folder, target)), { recursive: true });
    await cp(path, join(folder, target), { recursive: true });
  }
  await cp(join(root, "package.json"), join(folder, "package.json"));
  await cp(process.execPath, join(folder, "node"));
  const { certificate, key } = createSelfSignedCertificate("image test");
  await mkdir(join(folder, "certificate"));
  await writeFile(join(folder, "certificate", "tls.crt"), certificate);
  await writeFile(join(folder, "certificate", "tls.key"), key);
  await run("chmod", ["-R", "a-w,a+rX", folder]);
  await chmod(folder, 0o555);
}
