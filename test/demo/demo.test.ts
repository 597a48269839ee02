import { execFile, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import type { Answer } from "../../scripts/demo/ask.ts";
import { readChange, readChanges } from "../../scripts/demo/change.ts";
import { complaints } from "../../scripts/demo/expectation.ts";
import { ReviewClient, type ReviewResponse } from "../../scripts/demo/review-client.ts";
import { createSelfSignedCertificate } from "../../scripts/demo/self-signed-certificate.ts";
import { readBase, webhookConfigurations } from "../manifests/rendered-manifests.ts";
import { freePort } from "../support/free-port.ts";

const script = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));
const changes = await readChanges(
  fileURLToPath(new URL("../../examples/shop/changes", import.meta.url)),
);
// Rejects where the exit code is not 0, and where it takes as long as nobody would wait.
const { stdout, stderr } = await promisify(execFile)(process.execPath, [script], {
  timeout: 30_000,
});

describe("npm run demo", () => {
  it("gets the answers that the example expects, and says so", () => {
    expect(stdout).toContain(`All ${changes.length} answers are the expected ones.`);
    expect(stderr).toBe("");
  });

  it("counts as the tutorial does, which adds a change of the reader's own", async () => {
    const page = new URL("../../docs/tutorial/first-policy.md", import.meta.url);
    const tutorial = await readFile(page, "utf8");
    const next = changes.length + 1;
    expect(tutorial).toContain(`Put this into a file \`${next}-mine.yaml\``);
    expect(tutorial).toContain(`1 of ${next} answers are not what the example expects`);
  });

  it("is plain text where there is no terminal", () => {
    expect(stdout).not.toContain("\u001B");
  });

  it.each(changes)("shows the command and the answer of $file", ({ user, run, title }) => {
    expect(stdout).toContain(title);
    expect(stdout).toContain(`${user}$ ${run}\n`);
  });

  it("names webhooks that the manifests register", async () => {
    const registered = webhookConfigurations(await readBase()).flatMap(({ webhooks }) =>
      webhooks.map(({ name }) => name),
    );
    const named = Array.from(stdout.matchAll(/admission webhook "([^"]+)"/g), ([, name]) => name);
    expect(named.length).toBeGreaterThan(1);
    expect(registered).toEqual(expect.arrayContaining(named));
  });

  it("prints the denial and the warning that the README shows", async () => {
    const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
    const [, denial = ""] = /```text\n((?:Warning|Error from server)\b.*?)```/s.exec(readme) ?? [];
    expect(denial).not.toBe("");
    expect(stdout.replaceAll(/^ {3}/gm, "")).toContain(denial);
    const [, warning = ""] = /`(opens [^`]*)`/.exec(readme) ?? [];
    expect(stdout).toContain(`Warning: ${warning}`);
  });

  it("says of a typo what was meant, and how to look", () => {
    expect(stdout).toMatch(
      /selects-nothing: .* did you mean `app: mysql`\? \(help: compare with .*\)/,
    );
  });

  it("shows a change of each kind: denied, warned, allowed, deleted, a namespace's label", () => {
    const kinds = changes.map(({ expect: { outcome }, run }) =>
      [outcome, run.split(" ")[1]].join(),
    );
    expect(kinds).toEqual(
      expect.arrayContaining(["denied,apply", "warned,apply", "allowed,delete", "allowed,label"]),
    );
  });
});

describe("npm start", () => {
  it("keeps serving, answers the review that it says to send, and ends when told to", async () => {
    const server = spawn(process.execPath, [
      script,
      "--serve",
      `--webhook-port=${await freePort()}`,
    ]);
    let said = "";
    server.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await vi.waitFor(() => expect(said).toContain("Stop with Ctrl-C."), 10_000);
    const [, ca = "", url = ""] = /--cacert (\S+) .* (https:\S+)\/validate/.exec(said) ?? [];
    const client = new ReviewClient(url, await readFile(ca, "utf8"));
    const review: unknown = JSON.parse(
      await readFile(new URL("../../examples/shop/review.json", import.meta.url), "utf8"),
    );
    const answer = await client.send("/validate", review);
    client.close();
    expect(answer).toMatchObject({ allowed: false, status: { code: 403 } });
    server.kill("SIGTERM");
    expect((await once(server, "exit"))[0]).toBe(0);
  });
});

describe("what the demo complains about", () => {
  const allowed: ReviewResponse = { uid: "1", allowed: true, warnings: [], auditAnnotations: {} };
  const status = { code: 403, reason: "Forbidden", message: "denied: it is open" };
  const object = "apiVersion: v1\nkind: Namespace\nmetadata: { name: a }";
  const denied = { ...allowed, allowed: false, status, auditAnnotations: { rules: "a,b" } };

  it.each([
    {
      of: "nothing, where all is as expected",
      expected: "denied a",
      says: "it is open",
      response: denied,
      count: 0,
    },
    { of: "an admission", expected: "denied", response: allowed, count: 1 },
    { of: "a denial", expected: "allowed", response: denied, count: 1 },
    { of: "a rule that is missing", expected: "denied a c", response: denied, count: 1 },
    { of: "a warning that is missing", expected: "warned", response: allowed, count: 1 },
    { of: "missing words", expected: "denied", says: "shut", response: denied, count: 1 },
  ])("$of", ({ expected, says = "", response, count }) => {
    const change = readChange(
      "change.yaml",
      `# title: a\n# user: b\n# run: c\n# expect: ${expected}\n# says: ${says}\n${object}`,
    );
    const situation = { change, operation: "CREATE" as const, oldObject: null };
    const answer: Answer = { situation, webhook: "", patch: [], response, stored: null };
    expect(complaints(answer)).toHaveLength(count);
  });
});

describe("the demo's certificate", () => {
  it("is one that TLS clients accept for 127.0.0.1", () => {
    const certificate = new X509Certificate(createSelfSignedCertificate("demo").certificate);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now());
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now());
  });
});
