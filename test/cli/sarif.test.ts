import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { runCli } from "./run-cli.ts";
import { sarifComplaints } from "./sarif-complaints.ts";

const SHOP = ["--manifests", "examples/shop/cluster"];
const CHANGES = ["01-layered-defence", "03-typo", "04-allow-all"].flatMap((name) => [
  "-f",
  `examples/shop/changes/${name}.yaml`,
]);

const logSchema = z.object({
  runs: z.array(
    z.object({
      results: z.array(
        z.object({
          locations: z.array(
            z.object({
              physicalLocation: z.object({ artifactLocation: z.object({ uri: z.string() }) }),
            }),
          ),
        }),
      ),
    }),
  ),
});

describe("a SARIF log, by the schema that OASIS has published,", () => {
  it.each([
    { name: "is valid with findings", args: [...SHOP, ...CHANGES], code: 1 },
    { name: "is valid with nothing found", args: SHOP, code: 0 },
    { name: "is valid with conflicts", args: ["test/cli/fixtures/wasteful.yaml"], code: 0 },
  ])("$name", async ({ args, code }) => {
    const result = await runCli(["check", "-o", "sarif", ...args]);
    expect(result.code).toBe(code);
    expect(await sarifComplaints(result.stdout)).toEqual([]);
  });

  it("would not be valid with a level of our own", async () => {
    const { stdout } = await runCli(["check", "-o", "sarif", ...SHOP, ...CHANGES]);
    const broken = stdout.replaceAll('"level": "error"', '"level": "Deny"');
    expect(await sarifComplaints(broken)).not.toEqual([]);
  });

  it("names files from where it was run, as code scanning finds them in a checkout", async () => {
    const cwd = "examples/shop";
    const run = await runCli(
      ["check", "-o", "sarif", "changes/04-allow-all.yaml", "--manifests", "cluster"],
      { cwd },
    );
    expect(await sarifComplaints(run.stdout)).toEqual([]);
    const { runs } = logSchema.parse(JSON.parse(run.stdout));
    const places = runs.flatMap(({ results }) => results.flatMap(({ locations }) => locations));
    const uris = places.map(({ physicalLocation }) => physicalLocation.artifactLocation.uri);
    expect(uris).toContain("changes/04-allow-all.yaml");
    expect(uris.filter((uri) => !existsSync(join(cwd, uri)))).toEqual([]);
  });
});
