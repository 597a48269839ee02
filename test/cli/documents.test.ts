import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesUnder } from "../wire/corpus.ts";
import { runCli } from "./run-cli.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGES = [
  join(ROOT, "README.md"),
  ...["docs/how-to", "docs/tutorial", "docs/explanation"].flatMap((folder) =>
    filesUnder(join(ROOT, folder)),
  ),
];

/** Calls of the plugin as they stand in blocks of code, up to what a shell does with the answer. */
const CALLS = PAGES.flatMap((page) => {
  const blocks = readFileSync(page, "utf8").matchAll(/^```(?:sh|yaml)\n(.*?)^```$/gms);
  return Array.from(blocks, ([, block = ""]) =>
    Array.from(block.matchAll(/kubectl[ -]network[-_]policy +([^\n|>#)]+)/g), ([, words = ""]) =>
      words.trim(),
    ),
  ).flat();
});

describe("what the documents tell people to type", () => {
  it("is found", () => {
    expect(CALLS.length).toBeGreaterThan(15);
  });

  it.each([...new Set(CALLS)])("is understood: %s", async (words) => {
    const args = Array.from(
      words.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g),
      ([, a, b, c]) => a ?? b ?? c ?? "",
    );
    const { code, stderr } = await runCli(args);
    // There is no cluster here and none of the files, which is all that may be wrong.
    expect(stderr).not.toMatch(/unknown|argument|invalid|usage|give |needs|See `kubectl/i);
    if (code !== 0)
      expect(stderr).toMatch(/there is no (?:kubeconfig|such file)|no Kubernetes object/);
  });
});
