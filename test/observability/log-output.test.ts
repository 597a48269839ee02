import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { LogOutput } from "../../src/observability/log-output.ts";

it("goes on while the disk is full, and loses what was to be written", async () => {
  const descriptor = openSync("/dev/full", "w");
  const output = new LogOutput(descriptor);
  for (const line of ["one\n", "two\n"]) {
    output.write(line);
    // oxlint-disable-next-line no-await-in-loop -- one failing write after the other
    await sleep(20);
  }
  expect(output.lost).toBe(2);
  output.flushSync("three\n");
  closeSync(descriptor);
});

it("holds a bounded amount for a reader that has stopped, and says how much was lost", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-output-"));
  const pipe = join(folder, "pipe");
  expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
  const descriptor = openSync(pipe, "r+");
  const output = new LogOutput(descriptor);
  const megabyte = `${"x".repeat(1024 * 1024 - 1)}\n`;
  // The first is being written, four wait.
  for (let count = 0; count < 8; count += 1) output.write(megabyte);
  let received = "";
  await vi.waitFor(
    () => {
      // As long as the writer is at it there is something to read.
      if (!received.includes("lost")) received += readChunk(descriptor);
      expect(received).toContain('"lines":3,"msg":"log lines were lost"');
    },
    { timeout: 10_000, interval: 0 },
  );
  expect(output.lost).toBe(3);
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

it("writes in order, and everything before `flushSync` returns", () => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-output-"));
  const descriptor = openSync(join(folder, "log"), "w");
  new LogOutput(descriptor).flushSync("one\ntwo\n");
  expect(readFileSync(join(folder, "log"), "utf8")).toBe("one\ntwo\n");
  closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

function readChunk(descriptor: number): string {
  const chunk = Buffer.alloc(64 * 1024);
  return chunk.toString("utf8", 0, readSync(descriptor, chunk));
}
