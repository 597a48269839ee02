import {
  createReadStream,
  readdirSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf, type Problem } from "../../errors.ts";
import { field } from "../../wire/shape.ts";
import { InputError } from "../input-error.ts";

/** The text of one file, by the name people know it by. */
export interface ManifestFile {
  readonly path: string;
  readonly text: string;
  /** Named on the command line, not found in a folder: it has to be what was promised. */
  readonly named: boolean;
}

// PERF: files are read one after the other, and nothing else happens meanwhile. Asked for in the background
// each of three calls for a file costs more than the call does (`bench -- cli`).

/** A whole cluster in one `kubectl get -o json` is some tens of MB; beyond that it is not a manifest. */
const MAX_FILE_MIB = 64;
const MAX_FILE_BYTES = MAX_FILE_MIB * 1024 * 1024;
const MANIFEST = /\.(?:ya?ml|json)$/;
/** As deep as no tree of manifests is: a guard against folders mounted into themselves. */
const MAX_DEPTH = 40;

/**
 * The texts behind `paths`: files as they are, folders with all `*.yaml`, `*.yml` and `*.json` under
 * them in the order of their names, `-` for standard input. Every folder is read once, however many
 * links lead to it; names that start with a dot are left out. Throws an InputError that names
 * everything that cannot be read.
 */
export async function readManifestFiles(
  paths: readonly string[],
): Promise<readonly ManifestFile[]> {
  const walk = new Walk();
  for (const path of paths) await walk.enter(path, true, 0);
  if (walk.problems.length > 0) throw new InputError(walk.problems);
  return walk.files;
}

class Walk {
  readonly files: ManifestFile[] = [];
  readonly problems: Problem[] = [];
  readonly #seen = new Set<string>();

  async enter(path: string, named: boolean, depth: number): Promise<void> {
    if (path === "-") {
      const bytes = await readSome(process.stdin);
      if (bytes === null) this.#complain("standard input", `is more than ${MAX_FILE_MIB} MiB`);
      else this.#take("standard input", bytes, named);
      return;
    }
    try {
      const stats = statSync(path);
      // A pipe has no place that a link could lead to: `<(helm template .)` is `/dev/fd/63`.
      const real = stats.isDirectory() || stats.isFile() ? realpathSync.native(path) : path;
      if (this.#seen.has(real)) return;
      this.#seen.add(real);
      if (stats.isDirectory()) await this.#enterFolder(path, named, depth);
      // In a folder a pipe or a socket is nobody's manifest, and reading it may never end.
      else if (named || stats.isFile()) await this.#readFile(path, stats, named);
    } catch (error) {
      this.#complain(path, reasonOf(error, named));
    }
  }

  async #enterFolder(path: string, named: boolean, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) {
      this.#complain(path, `is more than ${MAX_DEPTH} folders deep`);
      return;
    }
    const before = this.files.length + this.problems.length;
    const entries = readdirSync(path, { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const isFolder =
        entry.isDirectory() || (entry.isSymbolicLink() && !MANIFEST.test(entry.name));
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      if (isFolder || MANIFEST.test(entry.name)) {
        await this.#enterEntry(join(path, entry.name), isFolder, depth + 1);
      }
    }
    const found = this.files.length + this.problems.length > before;
    if (named && !found) this.#complain(path, "holds no `*.yaml`, `*.yml` or `*.json` file");
  }

  /** A link that is no manifest by its name counts only if it leads to a folder. */
  async #enterEntry(path: string, isFolder: boolean, depth: number): Promise<void> {
    if (isFolder && !leadsToFolder(path)) return;
    await this.enter(path, false, depth);
  }

  async #readFile(path: string, stats: Stats, named: boolean): Promise<void> {
    const tooLarge = (size: string): void =>
      this.#complain(path, `has ${size} MiB; files of up to ${MAX_FILE_MIB} are read`);
    if (stats.size > MAX_FILE_BYTES) {
      tooLarge(String(Math.round(stats.size / 1024 / 1024)));
      return;
    }
    // A pipe, such as that of `<(helm template .)`, does not say how much is coming.
    const bytes = stats.isFile() ? readFileSync(path) : await readSome(createReadStream(path));
    if (bytes === null) tooLarge(`more than ${MAX_FILE_MIB}`);
    else this.#take(path, bytes, named);
  }

  #take(path: string, bytes: Buffer, named: boolean): void {
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      this.files.push({ path, text, named });
    } catch {
      // The only thing that it throws for: kubectl does not read such a file either.
      this.#complain(path, "is not text in UTF-8");
    }
  }

  #complain(path: string, message: string): void {
    this.problems.push({ code: "NP_E_USAGE", path, message });
  }
}

/** No link to something else does, nor one that dangles or leads to itself. */
function leadsToFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** What comes, up to the limit; null if it is more. */
async function readSome(stream: AsyncIterable<Buffer>): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > MAX_FILE_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "may not be read by you",
  ELOOP: "is a symbolic link that leads to itself",
  EISDIR: "is a folder",
};

function reasonOf(error: unknown, named: boolean): string {
  const code = String(field(error, "code"));
  if (code === "ENOENT") {
    return named ? "there is no such file or folder" : "is a symbolic link that leads nowhere";
  }
  return REASONS[code] ?? `cannot be read: ${messageOf(error)}`;
}
