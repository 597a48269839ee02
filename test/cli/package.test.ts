import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { packageVersion } from "../../src/cli/package-version.ts";
import { missing } from "../support/installed-control-plane.ts";
import { runCli } from "./run-cli.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
const SHOP = join(ROOT, "examples/shop/cluster");
const PROFILES = join(ROOT, "test/cli/fixtures/custom-profile.yaml");
const packTimeoutMs = 120_000;

/** What `npm pack` gives, unpacked in a clean folder and with no dependency beside it. */
describe("the package", () => {
  let folder = "";
  let program = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ringfence-package-"));
    await run("npm", ["pack", "--pack-destination", folder], { cwd: ROOT });
    const [archive = ""] = await readdir(folder);
    await run("tar", ["-xzf", archive], { cwd: folder });
    program = join(folder, "package/bin/kubectl-network_policy");
  }, packTimeoutMs);
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  it("holds what runs, and nothing else", async () => {
    const names = await readdir(join(folder, "package"));
    expect(names.toSorted()).toEqual(
      ["LICENSE", "README.md", "bin", "dist", "package.json"].toSorted(),
    );
    expect(await readdir(join(folder, "package/dist"))).toEqual(["plugin"]);
  });

  it("hands on the licences of what is inside", async () => {
    const text = await readFile(join(folder, "package/dist/plugin/LICENSES.txt"), "utf8");
    for (const name of ["zod", "yaml", "commander", "@kubernetes/client-node", "undici"]) {
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.`, "m"));
    }
  });

  it("answers from any folder", async () => {
    const args = ["simulate", "--manifests", SHOP, "--src-pod", "shop/web"];
    const flow = [...args, "--dst-pod", "shop/api", "--port", "8080"];
    const result = await runCli(flow, { program, cwd: folder });
    expect(result).toMatchObject({ code: 0, stderr: "" });
  });

  it("is a plugin of kubectl, which passes its exit code on", async (context) => {
    context.skip(missing !== "", missing);
    const path = [
      join(folder, "package/bin"),
      dirname(process.execPath),
      process.env["PATH"] ?? "",
    ];
    const env = { PATH: path.join(delimiter), HOME: folder };
    const flow = ["--src-pod", "shop/web", "--dst-pod", "shop/mysql", "--port", "3306"];
    const args = ["network-policy", "simulate", "--manifests", SHOP, ...flow];
    const failed: unknown = await run("kubectl", args, { env }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 1, stderr: "" });
  });

  it.each([
    { words: ["sim"], answer: ["simulate\t", ":4"] },
    {
      words: ["simulate", "--dst-"],
      answer: ["--dst-pod\t", "--dst-ip\t", "--dst-service\t", ":4"],
    },
    { words: ["check", "-o", "s"], answer: ["sarif", ":4"] },
    { words: ["check", "--output=s"], answer: ["sarif", ":4"] },
    { words: ["check", "--profile", ""], answer: ["baseline", "restricted", ":4"] },
    {
      words: ["check", "nowhere", "--config", PROFILES, "--profile", ""],
      answer: ["baseline", "house", "restricted", ":4"],
    },
    { words: ["check", PROFILES, "--profile", "h"], answer: ["house", ":4"] },
    {
      words: ["explain", "--manifests", SHOP, "--dst-pod", "shop/a"],
      answer: ["shop/api", ":4"],
    },
    { words: ["audit", "--manifests", SHOP, "-n", "sta"], answer: ["staging", ":4"] },
    {
      words: ["simulate", "--manifests", SHOP, "--dst-service", "kube"],
      answer: ["kube-system/kube-dns", ":4"],
    },
    { words: ["simulate", "--manifests", "nowhere", "--dst-pod", ""], answer: [":4"] },
    { words: ["simulate", "-n", ""], answer: [":4"] },
    { words: ["check", "--config", ""], answer: [":0"] },
    { words: ["check", "k8"], answer: [":0"] },
  ])("completes $words", async ({ words, answer }) => {
    const complete = join(folder, "package/bin/kubectl_complete-network_policy");
    const { stdout } = await runCli(words, { program: complete });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/\t.*/, "\t"))).toEqual(answer);
  });

  it("prints help for each verb with examples, and loads nothing slow for it", async () => {
    const help = await runCli(["--help"], { program });
    expect(help).toMatchObject({ code: 0, stderr: "" });
    const verbs = [...help.stdout.matchAll(/^ {2}([a-z]+) \[/gm)].map(([, verb = ""]) => verb);
    expect(verbs).toEqual([
      "simulate",
      "explain",
      "connectivity",
      "diff",
      "check",
      "audit",
      "doctor",
      "help",
    ]);
    for (const verb of verbs.filter((name) => name !== "help")) {
      const { code, stdout } = await runCli([verb, "--help"], { program });
      expect(code).toBe(0);
      expect(stdout).toContain(`kubectl network-policy ${verb}`);
      expect(stdout).toContain("Examples:");
    }
    const traced = await runCli(["--help"], { program, env: { NODE_DEBUG: "esm" } });
    const loaded = new Set(traced.stderr.match(/\/dist\/plugin\/[^"' ]+\.js/g));
    const sizes = [...loaded].map((path) => statSync(join(folder, "package", path)).size);
    // Commander and our own words; the YAML library alone is twice as large.
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150_000);
  });

  it.each([
    ["simulat", "(Did you mean simulate?)\nSee `kubectl network-policy --help`"],
    ["check --profle x", "(Did you mean --profile?)\nSee `kubectl network-policy check --help`"],
    ["check -o sarfi", "github. (Did you mean sarif?)"],
    ["check --fail-on worning", "never. (Did you mean warning?)"],
    ["diff --dataplane calcio", "antrea. (Did you mean calico?)"],
    ["diff --dataplane flannel", "Allowed choices are generic, calico, cilium, antrea.\n"],
    ["-n shop simulate", "flags come after the verb"],
  ])("`%s` gets a suggestion", async (line, message) => {
    const result = await runCli(line.split(" "), { program });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });

  it("says its version, and the help of a verb by `help` too", async () => {
    const version = await runCli(["--version"], { program });
    expect(version).toEqual({ code: 0, stdout: `${packageVersion()}\n`, stderr: "" });
    const help = await runCli(["help", "check"], { program });
    expect(help).toEqual(await runCli(["check", "--help"], { program }));
  });
});

const BASE = "https://downloads.example.com/ringfence";
const manifestSchema = z.strictObject({
  apiVersion: z.literal("krew.googlecontainertools.github.com/v1alpha2"),
  kind: z.literal("Plugin"),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    version: z.string(),
    // krew lists it in one line.
    shortDescription: z.string().max(50),
    description: z.string(),
    caveats: z.string(),
    platforms: z.tuple([
      z.strictObject({
        selector: z.looseObject({}),
        uri: z.url(),
        sha256: z.string(),
        files: z.tuple([z.strictObject({ from: z.literal("package/*"), to: z.literal(".") })]),
        bin: z.string(),
      }),
    ]),
  }),
});

describe("the release for krew", () => {
  let folder = "";
  let manifest: z.output<typeof manifestSchema>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ringfence-krew-"));
    await run(join(ROOT, "manifests/krew/pack.sh"), [BASE, folder]);
    const text = await readFile(join(folder, "network-policy.yaml"), "utf8");
    expect(text.replace(/^#.*\n/, "")).not.toContain("@");
    manifest = manifestSchema.parse(parse(text));
  }, packTimeoutMs);
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  it("names this version, and the archive by where it will be", () => {
    const { version, platforms } = manifest.spec;
    expect(version).toBe(`v${packageVersion()}`);
    expect(platforms[0].uri).toBe(`${BASE}/kubectl-network-policy-${version}.tar.gz`);
  });

  it("has the checksum of the archive", async () => {
    const { uri, sha256 } = manifest.spec.platforms[0];
    const archive = await readFile(join(folder, basename(uri)));
    expect(sha256).toBe(createHash("sha256").update(archive).digest("hex"));
  });

  it("runs as krew installs it, and brings its licence", async () => {
    const { uri, bin } = manifest.spec.platforms[0];
    const installed = join(folder, "installed");
    await mkdir(installed);
    const archive = join(folder, basename(uri));
    await run("tar", ["-xzf", archive, "-C", installed, "--strip-components", "1"]);
    await readFile(join(installed, "LICENSE"));
    const { code, stdout } = await runCli(["--help"], { program: join(installed, bin) });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: kubectl network-policy/);
  });
});
