import { readFileSync } from "node:fs";
import { field } from "../wire/shape.ts";

/** The version of the package that this file is part of, from its package.json. */
export function packageVersion(): string {
  // Two folders up, from `src/cli` as from `dist/cli`.
  const url = new URL("../../package.json", import.meta.url);
  return String(field(JSON.parse(readFileSync(url, "utf8")), "version"));
}
