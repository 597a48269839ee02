import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { parseShape } from "../../src/wire/shape.ts";
import { succeed } from "./describe-policy.ts";

const BESIDE = fileURLToPath(new URL("../../../shared/corpus/", import.meta.url));

/** Test cases of other projects, kept beside the repository. `RINGFENCE_CORPUS` names another folder. */
export const CORPUS = process.env["RINGFENCE_CORPUS"] ?? BESIDE;

/** Whether it is the standard corpus, whose files and names are known. */
export const IS_USUAL_CORPUS = CORPUS === BESIDE;

/**
 * `describe` over the cases of a file of the corpus. Where the file is missing a test is skipped with the
 * reason. With `CI=true` it fails, unless another folder is named, which may hold only some of the files.
 */
export function describeWithCorpus<S extends z.ZodType>(
  name: string,
  { file, schema }: { readonly file: string; readonly schema: S },
  define: (cases: z.output<S>) => void,
): void {
  const path = join(CORPUS, file);
  const missing = existsSync(path) ? "" : `there is no ${path}`;
  it(`${name}: finds the corpus`, (context) => {
    const partial = !IS_USUAL_CORPUS && existsSync(CORPUS);
    const required = process.env["CI"] === "true" && !partial;
    context.skip(missing !== "" && !required, missing);
    expect(missing).toBe("");
  });
  // oxlint-disable-next-line vitest/no-conditional-tests -- there are no cases to name without a file
  if (missing === "") {
    const raw: unknown = JSON.parse(readFileSync(path, "utf8"));
    const cases = succeed(parseShape(schema, raw));
    describe(name, () => define(cases));
  }
}

/** All files under a folder, in order. */
export function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder)
    .toSorted()
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesUnder(path) : [path]));
}
