import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
const SHOP = join(ROOT, "examples/shop/cluster");
const packTimeoutMs = 120_000;

/** What `npm pack` gives, unpacked in a clean folder beside the dependencies. */
describe("the package", () => {
  let folder = "";
  let program = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ringfence-package-"));
    await run("npm", ["pack", "--pack-destination", folder], { cwd: ROOT });
    const [archive = ""] = await readdir(folder);
    await run("tar", ["-xzf", archive], { cwd: folder });
    await symlink(join(ROOT, "node_modules"), join(folder, "package/node_modules"));
    program = join(folder, "package/bin/kubectl-network_policy");
  }, packTimeoutMs);
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  it("holds what runs, and nothing else", async () => {
    const names = await readdir(join(folder, "package"));
    expect(names.toSorted()).toEqual(
      ["LICENSE", "README.md", "bin", "dist", "node_modules", "package.json"].toSorted(),
    );
  });

  it("answers from any folder", async () => {
    const args = ["simulate", "--manifests", SHOP, "--src-pod", "shop/web"];
    const flow = [...args, "--dst-pod", "shop/api", "--port", "8080"];
    const result = await runCli(flow, { program, cwd: folder });
    expect(result).toMatchObject({ code: 0, stderr: "" });
  });

  it("is a plugin of kubectl, which passes its exit code on", async () => {
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
    ]);
    for (const verb of verbs) {
      const { code, stdout } = await runCli([verb, "--help"], { program });
      expect(code).toBe(0);
      expect(stdout).toContain(`kubectl network-policy ${verb}`);
      expect(stdout).toContain("Examples:");
    }
    const traced = await runCli(["--help"], { program, env: { NODE_DEBUG: "esm" } });
    expect(traced.stderr).not.toMatch(/node_modules\/(?:zod|yaml|@kubernetes)/);
  });

  it.each([
    ["simulat", "(Did you mean simulate?)"],
    ["check --profle x", "(Did you mean --profile?)"],
  ])("`%s` gets a suggestion", async (line, message) => {
    const result = await runCli(line.split(" "), { program });
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});
