import { parseYaml } from "../../config/yaml-documents.ts";
import type { Problem } from "../../errors.ts";
import { InputError } from "../input-error.ts";
import { readManifestFiles } from "./manifest-files.ts";
import type { Origin, SourceObject } from "./source-object.ts";

/** The documents of `--config`, readable as resources or not. Throws an InputError for what is no YAML. */
export async function readConfig(files: readonly string[] = []): Promise<readonly SourceObject[]> {
  const objects: SourceObject[] = [];
  const problems: Problem[] = [];
  for (const { path: file, text } of await readManifestFiles(files)) {
    const documents = parseYaml(text, file);
    if (!documents.ok) problems.push(...documents.error);
    for (const { value, locate, position } of documents.ok ? documents.value : []) {
      const place = (path: string): ReturnType<Origin["place"]> => ({ file, ...position(path) });
      objects.push({ raw: value, origin: { locate, place, written: { file, text, path: "" } } });
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  return objects;
}
