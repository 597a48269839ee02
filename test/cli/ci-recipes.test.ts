import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { sarifComplaints } from "./sarif-complaints.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

const githubSchema = z.object({
  jobs: z.object({
    check: z.object({
      steps: z.array(z.object({ name: z.string().optional(), run: z.string().optional() })),
    }),
  }),
});
const gitlabSchema = z.object({ "network-policies": z.object({ script: z.array(z.string()) }) });

/** The jobs of docs/how-to/check-in-ci.md, carried out in a checkout with a branch that opens a hole. */
describe("the CI jobs of the documentation", () => {
  let folder = "";
  let checkout = "";
  let recipes: readonly string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ringfence-ci-"));
    checkout = join(folder, "work/checkout");
    const page = await readFile(join(ROOT, "docs/how-to/check-in-ci.md"), "utf8");
    recipes = Array.from(page.matchAll(/^```yaml\n(.*?)^```$/gms), ([, text = ""]) => text);
    await createRepository(folder, checkout);
    await run("cp", ["-r", join(dirname(inject("plugin")), ".."), join(folder, "package")]);
    await run("tar", ["-czf", "package.tgz", "package"], { cwd: folder });
    await writeStub(
      "curl",
      'case "$*" in *POST*) printf "%s\\n" "$@" > "$SAID";; *) cat "$RINGFENCE_PACKAGE";; esac',
    );
    await writeStub("gh", 'printf "%s\\n" "$@" > "$SAID"');
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  /** What a job tells others, kept for the test to see. */
  async function writeStub(name: string, script: string): Promise<void> {
    const path = join(folder, "bin", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }

  async function shell(script: string, env: object): Promise<number> {
    const path = [join(folder, "bin"), dirname(process.execPath), process.env["PATH"] ?? ""];
    const given = {
      PATH: path.join(delimiter),
      HOME: folder,
      RINGFENCE_PACKAGE: join(folder, "package.tgz"),
      SAID: join(folder, "said"),
      ...env,
    };
    return run("bash", ["-eo", "pipefail", "-c", script], { cwd: checkout, env: given }).then(
      () => 0,
      (error: unknown) => z.object({ code: z.number() }).parse(error).code,
    );
  }

  it("GitHub: finds, annotates, compares and comments", async () => {
    const { steps } = githubSchema.parse(parse(recipes[0] ?? "")).jobs.check;
    const scripts = new Map(steps.map(({ name = "", run: script = "" }) => [name, script]));
    const temporary = join(folder, "temporary");
    await mkdir(temporary);
    const github = join(folder, "path");
    const step = async (name: string): Promise<number> => {
      const added = (await readFile(github, "utf8").catch(() => "")).trim();
      const prefix = added === "" ? "" : `export PATH="${added}:$PATH"\n`;
      return shell(`${prefix}${scripts.get(name) ?? "exit 99"}`, {
        RUNNER_TEMP: temporary,
        GITHUB_PATH: github,
        GITHUB_BASE_REF: "main",
        NUMBER: "7",
      });
    };
    expect(await step("install")).toBe(0);
    expect(await step("rules")).toBe(1);
    const sarif = await readFile(join(checkout, "ringfence.sarif"), "utf8");
    expect(await sarifComplaints(sarif)).toEqual([]);
    expect(sarif).toContain('"uri": "k8s/debug.yaml"');
    expect(await step("what the branch changes")).toBe(0);
    await expectDifference();
    expect(await step("say so")).toBe(0);
    expect(await readFile(join(folder, "said"), "utf8")).toContain(
      "comment\n7\n--body-file\ndiff.md\n",
    );
  });

  it("GitLab: compares, comments and reports", async () => {
    const { script } = gitlabSchema.parse(parse(recipes[1] ?? ""))["network-policies"];
    const status = await shell(script.join("\n").replaceAll("/tmp", folder), {
      CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main",
      CI_API_V4_URL: "https://gitlab.example.com/api/v4",
      CI_PROJECT_ID: "3",
      CI_MERGE_REQUEST_IID: "9",
      COMMENT_TOKEN: "t",
    });
    expect(status).toBe(1);
    await expectDifference();
    expect(await readFile(join(folder, "said"), "utf8")).toContain(
      "body=<diff.md\nhttps://gitlab.example.com/api/v4/projects/3/merge_requests/9/notes\n",
    );
    const report = await readFile(join(checkout, "ringfence.xml"), "utf8");
    expect(report).toContain('<failure type="allow-all"');
  });

  async function expectDifference(): Promise<void> {
    const text = await readFile(join(checkout, "diff.md"), "utf8");
    expect(text).toMatch(/^### Who can reach whom\n\n\*\*22 connections opened\*\*/);
    expect(text).toContain("all ports ❌ allow-all");
    await rm(join(checkout, "diff.md"));
  }
});

/** A clone of a repository with manifests on `main`, and a branch checked out that adds a policy. */
async function createRepository(folder: string, checkout: string): Promise<void> {
  const origin = join(folder, "origin");
  const git = async (cwd: string, ...args: readonly string[]): Promise<void> => {
    const author = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    await run("git", [...author, ...args], { cwd });
  };
  await mkdir(origin);
  await git(origin, "init", "--quiet", "--initial-branch", "main");
  await cp(join(ROOT, "examples/shop/cluster"), join(origin, "k8s"), { recursive: true });
  await git(origin, "add", ".");
  await git(origin, "commit", "--quiet", "-m", "what there is");
  await mkdir(dirname(checkout), { recursive: true });
  await git(folder, "clone", "--quiet", origin, checkout);
  await git(checkout, "checkout", "--quiet", "-b", "change");
  const change = join(ROOT, "examples/shop/changes/04-allow-all.yaml");
  await cp(change, join(checkout, "k8s/debug.yaml"));
}
