import { execFile, execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { missing } from "../support/installed-control-plane.ts";

const program = fileURLToPath(new URL("../../bench/run.ts", import.meta.url));

/** Benchmarks that start a control plane of their own. */
const WITH_CONTROL_PLANE = ["apiserver", "baseline", "replicas"];

const names = execFileSync(process.execPath, [program, "--help"], { encoding: "utf8" })
  .replace(/.*there are /, "")
  .trim()
  .split(", ");

/** A figure that is not a number is null in JSON. */
const rowsSchema = z.array(z.object({ name: z.string(), value: z.number() })).min(1);

describe("a benchmark", () => {
  it.for(names)("%s runs to its end, as a toy", { timeout: 120_000 }, async (name, context) => {
    const lacks = WITH_CONTROL_PLANE.includes(name) && missing !== "";
    context.skip(lacks && process.env["CI"] !== "true", missing);
    const { stdout } = await promisify(execFile)(process.execPath, [program, name, "--json"], {
      env: { ...process.env, BENCH_TOY: "1" },
      timeout: 110_000,
    });
    expect(() => rowsSchema.parse(JSON.parse(stdout))).not.toThrow();
  });
});
