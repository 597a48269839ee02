import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { field } from "../src/wire/shape.ts";

const ROOT = join(import.meta.dirname, "..");
/** Our own licence is the Apache License 2.0 in full. */
const APACHE = readFileSync(join(ROOT, "LICENSE"), "utf8").trim();
const FOLDER = join(ROOT, "dist/plugin");

/**
 * Write the kubectl plugin to `folder` (emptied first), with everything it needs inside: loading
 * hundreds of modules one by one takes longer than any answer does (docs/adr/0012). Beside it go the
 * licences of what went in.
 */
export async function bundlePlugin(folder: string): Promise<void> {
  const bundle = await rolldown({
    input: {
      main: join(ROOT, "src/cli/main.ts"),
      complete: join(ROOT, "src/cli/complete.ts"),
    },
    platform: "node",
  });
  const { output } = await bundle.write({ dir: folder, format: "esm", cleanDir: true });
  await bundle.close();
  const modules = output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
  writeFileSync(join(folder, "LICENSES.txt"), licensesOf(modules));
}

/** A plugin in a folder of its own, with what its package has around it. */
export interface StagedPlugin {
  /** The path of its binary. */
  readonly program: string;
  remove(): void;
}

/** Bundle the plugin into a temporary folder, for who wants to run it and leave `dist` alone. */
export async function stagePlugin(): Promise<StagedPlugin> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-plugin-"));
  await bundlePlugin(join(folder, "dist/plugin"));
  cpSync(join(ROOT, "bin"), join(folder, "bin"), { recursive: true });
  cpSync(join(ROOT, "package.json"), join(folder, "package.json"));
  return {
    program: join(folder, "bin/kubectl-network_policy"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The licence of every package that some of `modules` are of, in full, as all of them ask for. */
function licensesOf(modules: readonly string[]): string {
  const folders = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []);
  const texts = [...new Set(folders)].toSorted().map((folder) => {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const name = `${String(field(manifest, "name"))} ${String(field(manifest, "version"))}`;
    const file = readdirSync(folder).find((entry) => /^(?:un)?licen[cs]e/i.test(entry));
    if (file !== undefined)
      return `${name}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
    const license = field(manifest, "license");
    if (typeof license !== "string" || !license.includes("Apache-2.0")) {
      throw new Error(`${name} has no licence to hand on`);
    }
    const notices = noticesIn(modules.filter((id) => id.startsWith(`${folder}/`)));
    return `${name}\n\n${[license, ...notices, APACHE].join("\n\n")}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

/** The notices at the top of a package's files, for one that ships its licence nowhere else. */
function noticesIn(modules: readonly string[]): readonly string[] {
  const notices = modules.flatMap((id) => {
    const [comment = ""] = /^(?:\/\/[^\n]*\n)+|^\/\*[^]*?\*\//.exec(readFileSync(id, "utf8")) ?? [];
    return /copyright/i.test(comment) ? [comment.trim()] : [];
  });
  return [...new Set(notices)];
}

if (import.meta.main) await bundlePlugin(FOLDER);
