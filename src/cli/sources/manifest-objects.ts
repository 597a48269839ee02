import { documentAt, parseYaml, type YamlDocument } from "../../config/yaml-documents.ts";
import { type Problem, type Result, success } from "../../errors.ts";
import { capped } from "../../rules/phrases.ts";
import { itemsOf } from "../../wire/document.ts";
import { foreignPolicy } from "../../wire/policy-kind.ts";
import { field, joinPaths, jsonKeys } from "../../wire/shape.ts";
import { InputError, usageError } from "../input-error.ts";
import type { Report } from "../report.ts";
import { JsonPlaces } from "./json-places.ts";
import { parseJsonStream } from "./json-stream.ts";
import { type ManifestFile, readManifestFiles } from "./manifest-files.ts";
import type { SourceObject } from "./source-object.ts";

/**
 * The Kubernetes objects of files, folders and standard input. Documents of other tools in a folder
 * are passed over with a note; where a file is named itself, they are a problem. Throws an InputError.
 */
export async function readManifests(
  paths: readonly string[],
  report: Report,
): Promise<readonly SourceObject[]> {
  const files = await readManifestFiles(paths);
  const objects: SourceObject[] = [];
  const problems: Problem[] = [];
  const foreign: string[] = [];
  for (const file of files) {
    const documents = parseText(file);
    if (!documents.ok) problems.push(...documents.error.map((it) => withHint(it, file.text)));
    for (const document of documents.ok ? documents.value : []) {
      for (const { raw, path } of itemsOf(document.value)) {
        if (isKubernetes(raw)) objects.push(objectOf(raw, path, document, file));
        else if (file.named) problems.push(document.locate({ ...NOT_KUBERNETES, path }));
        else foreign.push(document.locate({ ...NOT_KUBERNETES, path }).path);
      }
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  if (foreign.length > 0) report.note(passedOver(foreign));
  noteForeignPolicies(objects, report);
  if (objects.length === 0) {
    const names = paths.map((path) => (path === "-" ? "standard input" : path));
    throw usageError(`${names.join(", ")}: no Kubernetes object in there`);
  }
  return objects;
}

const NOT_KUBERNETES: Problem = {
  code: "NP_E_SCHEMA",
  path: "",
  message: "is not a Kubernetes object: it needs `apiVersion` and `kind`",
};

function noteForeignPolicies(objects: readonly SourceObject[], report: Report): void {
  const unread = new Set(objects.flatMap(({ raw }) => foreignPolicy(raw) ?? []));
  if (unread.size === 0) return;
  report.note(`not read, though it may open or close ways: ${[...unread].join(", ")}`);
}

function isKubernetes(raw: unknown): boolean {
  return typeof field(raw, "apiVersion") === "string" && typeof field(raw, "kind") === "string";
}

function objectOf(
  raw: unknown,
  path: string,
  document: YamlDocument,
  { path: file, text }: ManifestFile,
): SourceObject {
  return {
    raw,
    origin: {
      locate: (problem) => document.locate({ ...problem, path: joinPaths(path, problem.path) }),
      place: (at) => ({ file, ...document.position(joinPaths(path, at)) }),
      written: { file, text, path },
    },
  };
}

/** The documents of a file. PERF: JSON is left to the runtime, which is fifty times as fast. */
function parseText({
  path,
  text,
}: ManifestFile): Result<readonly YamlDocument[], readonly Problem[]> {
  const parts = parseJsonStream(text);
  if (parts === null) return parseYaml(text, path);
  return success(
    parts.map(({ value, start }) => {
      const places = new JsonPlaces(text, start);
      return documentAt(value, path, (at) => places.position(jsonKeys(at)));
    }),
  );
}

function withHint(problem: Problem, text: string): Problem {
  if (!text.includes("{{")) return problem;
  return { ...problem, message: `${problem.message} (a Helm template? pipe \`helm template\` in)` };
}

function passedOver(places: readonly string[]): string {
  return `passed over what is not a Kubernetes object: ${capped(places, 3)}`;
}
