import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

const FOLDER = join(import.meta.dirname, "golden");
const isUpdating = (process.env["UPDATE_GOLDEN"] ?? "") !== "";

/** Hold `text` against the golden file `name`; `UPDATE_GOLDEN=1` writes it, but never in CI. */
export function expectGolden(name: string, text: string): void {
  const file = join(FOLDER, name);
  if (isUpdating) {
    if (process.env["CI"] === "true") throw new Error("golden files are not updated in CI");
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(existsSync(file) ? readFileSync(file, "utf8") : `there is no ${file}`);
}

/** Golden files whose name starts with `prefix`, to find those that no case writes any more. */
export function goldenFiles(prefix: string): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.startsWith(prefix))
    .toSorted();
}
