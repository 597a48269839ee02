import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CORPUS, IS_USUAL_CORPUS } from "../wire/corpus.ts";
import { SKIPPED_CASES } from "./skipped-cases.ts";

it.for(SKIPPED_CASES)("$name of $file is a case, and skipped for a reason", (one, context) => {
  const readme = join(CORPUS, "README.md");
  const missing = !existsSync(readme) && process.env["CI"] !== "true";
  context.skip(!IS_USUAL_CORPUS || missing, "the corpus is not there, or another one");
  // Cases that are kept elsewhere are told of only where there is something to say about them.
  const known = [one.file, "README.md"].map((file) => readFileSync(join(CORPUS, file), "utf8"));
  expect(known.some((text) => new RegExp(`["\`]${one.name}["\`]`).test(text))).toBe(true);
  expect(one.reason).toMatch(/"[^"]{20,}"/);
});
