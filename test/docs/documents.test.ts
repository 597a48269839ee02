import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readResources } from "../../src/config/resource-folder.ts";
import { customRulesFor } from "../../src/rules/load-custom-rules.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import { RuleBook } from "../../src/rules/rule-book.ts";
import { VALIDATORS } from "../../src/validators/index.ts";
import { succeed } from "../wire/describe-policy.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const documents = [
  ...namesIn(".", false),
  ...["docs", "examples"].flatMap((folder) => namesIn(folder, true)),
];

describe("the documents", () => {
  it("are found", () => {
    expect(documents).toContain("README.md");
    expect(documents.length).toBeGreaterThan(15);
  });

  it.each(documents)("%s points to files that exist", (document) => {
    const text = read(document);
    const links = Array.from(text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g), ([, target = ""]) =>
      join(dirname(document), target),
    );
    const paths = Array.from(
      text.matchAll(/`((?:src|test|scripts|manifests|examples|docs)\/[\w./-]+)`/g),
      ([, path = ""]) => path,
    );
    const missing = [...links, ...paths].filter((path) => !existsSync(join(root, path)));
    // The folder that a script makes and git ignores.
    expect(missing.filter((path) => !path.startsWith("manifests/generated"))).toEqual([]);
  });

  it("point to headings that exist", () => {
    const pointers = documents.flatMap((document) =>
      Array.from(
        read(document).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g),
        ([, path = "", heading = ""]) => ({
          target: path === "" ? document : join(dirname(document), path),
          heading,
        }),
      ),
    );
    expect(pointers).not.toEqual([]);
    for (const { target, heading } of pointers) expect(anchorsOf(target)).toContain(heading);
  });

  it("name npm scripts that exist", () => {
    const { scripts } = z
      .looseObject({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read("package.json")));
    const named = documents.flatMap((document) =>
      Array.from(read(document).matchAll(/npm run ([\w:]+)/g), ([, script = ""]) => script),
    );
    expect(named).not.toEqual([]);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it("start with one that is short enough to be read", () => {
    expect(read("README.md").split("\n").length).toBeLessThanOrEqual(150);
  });
});

describe("the decision records", () => {
  const records = documents.filter((name) => dirname(name) === join("docs", "adr")).toSorted();

  it("are numbered without a gap", () => {
    expect(records.map((name) => basename(name).slice(0, 5))).toEqual(
      records.map((_, index) => `${String(index + 1).padStart(4, "0")}-`),
    );
  });

  it.each(records)("%s has its number as title and the four parts, on one page", (record) => {
    const text = read(record);
    const headings = Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = ""]) => heading);
    expect(headings[0]).toMatch(new RegExp(`^${basename(record).slice(0, 4)}: \\S`));
    expect(headings.slice(1)).toEqual(["Context", "Decision", "Consequences", "Alternatives"]);
    expect(text.split("\n").length).toBeLessThanOrEqual(60);
  });
});

function read(document: string): string {
  return readFileSync(join(root, document), "utf8");
}

/** The headings as links name them: small letters, hyphens for spaces, nothing else. */
function anchorsOf(document: string): readonly string[] {
  return Array.from(read(document).matchAll(/^#+ (.*)$/gm), ([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function namesIn(folder: string, recursive: boolean): readonly string[] {
  return readdirSync(join(root, folder), { recursive, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

describe("documents of Ringfence's own kinds", () => {
  const shown = documents.flatMap((document) =>
    Array.from(read(document).matchAll(/```yaml\n(.*?)```/gs), ([, text = ""]) => text)
      .filter((text) => text.includes("ringfence.dev/v1alpha1"))
      .map((text) => ({ document, text })),
  );

  it("that are shown can be used as they stand", async () => {
    expect(shown.length).toBeGreaterThan(4);
    for (const { document, text } of shown) {
      const resources = succeed(readResources([{ path: document, text }]));
      const registry = createRegistry(VALIDATORS);
      const ruleBook = new RuleBook({
        registry,
        ownNamespace: "ringfence-system",
        compileCustomRule: await customRulesFor(resources),
      });
      expect(ruleBook.replaceFiles(resources)).toEqual([]);
    }
  });
});
