import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Logger } from "../../src/observability/logger.ts";
import { review } from "../admission/review.ts";
import { createWorld, policy } from "../admission/world.ts";

let folder: string;
let descriptor: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ringfence-log-"));
  descriptor = openSync(join(folder, "log"), "w");
});
afterEach(() => {
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

function linesOf(logger: Logger): readonly unknown[] {
  logger.flush();
  const text = readFileSync(join(folder, "log"), "utf8").trim();
  return text === "" ? [] : text.split("\n").map((line): unknown => JSON.parse(line));
}

it("writes one line per reply: what was asked, what was decided and why, how long it took", async () => {
  const world = createWorld();
  const spec = { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] };
  await world.ask(review({ object: policy("shop/x", spec, { labels: { password: "hunter2" } }) }));
  const logger = new Logger("info", descriptor);
  for (const record of world.records) logger.answered(record, 40);
  const lines = linesOf(logger);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    level: 30,
    msg: "request answered",
    uid: "705ab4f5",
    outcome: "denied",
    isAllowed: false,
    snapshotAgeMs: 40,
    request: { kind: "NetworkPolicy", namespace: "shop", name: "x", operation: "CREATE" },
    judged: { profile: "restricted", mode: "enforce", denials: ["open-namespaces"] },
  });
  // No label values and no contents of objects.
  expect(JSON.stringify(lines)).not.toContain("hunter2");
});

it("writes faults as errors, with what failed", () => {
  const logger = new Logger("error", descriptor);
  logger.info("not severe enough");
  logger.failed(new Error("oops"));
  expect(linesOf(logger)).toEqual([
    expect.objectContaining({ level: 60, code: "NP_E_FAULT", msg: "failed" }),
  ]);
});

it("warns of a lease that cannot be had, and tells of whoever leads instead as news", () => {
  const logger = new Logger("warn", descriptor);
  logger.cluster({ kind: "leadership", leading: false, message: "b leads" });
  logger.cluster({ kind: "lease-failed", leading: false, message: "cannot get leases: 403" });
  expect(linesOf(logger)).toEqual([
    expect.objectContaining({ level: 40, kind: "lease-failed", msg: "trouble with the cluster" }),
  ]);
});

it("writes lines in bunches, and the last ones within a moment", async () => {
  const logger = new Logger("info", descriptor);
  for (let line = 0; line < 1000; line += 1) logger.info("one of many", { line });
  await vi.waitFor(() => {
    const lines = readFileSync(join(folder, "log"), "utf8").trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { line: number }).line)).toEqual(
      Array.from({ length: 1000 }, (_, line) => line),
    );
  });
});
