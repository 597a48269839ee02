import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { failure, messageOf, type Problem, type Result, success } from "../errors.ts";
import { parseResource, type Resource, resourceKey } from "../resources/resource.ts";
import { resourceProblem } from "../resources/resource-problem.ts";
import { field } from "../wire/shape.ts";
import { parseYaml } from "./yaml-documents.ts";

interface ResourceFile {
  readonly path: string;
  readonly text: string;
}

export interface ResourceFolderOptions {
  readonly folder: string;
  /**
   * Receives what the folder holds, at the start and whenever that changes, and returns why it refuses that;
   * what was in force then stays so. A refused content is offered again at every look, since the reason may
   * have gone.
   */
  readonly receive: (resources: readonly Resource[]) => readonly Problem[];
  /** Called with every set of problems once, and with none when the folder is good again. */
  readonly report: (problems: readonly Problem[]) => void;
  readonly pollMs: number;
}

/**
 * A folder of documents of Ringfence's own kinds (`*.yaml`, `*.yml`, `*.json`), read again when its content changes.
 * It is polled and compared by content: a kubelet swaps the symlink of a mounted ConfigMap, which
 * watchers of single files never see. A folder that does not exist holds none.
 */
export class ResourceFolder {
  readonly #options: ResourceFolderOptions;
  #last: string | null = null;
  #taken: string | null = null;
  /** What the receiver did not take. */
  #refused: readonly Resource[] | null = null;
  #told: readonly Problem[] | null = null;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: ResourceFolderOptions) {
    this.#options = options;
  }

  /** Read the folder, then keep looking. */
  async start(): Promise<void> {
    await this.#look();
    await this.#look();
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#look().then(() => this.#wait()); // never rejects: failures are problems
    }, this.#options.pollMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { folder } = this.#options;
    const files = await readFiles(folder);
    const content = JSON.stringify(files);
    // Files that are being written, or swapped between two reads, are left until they look the same twice.
    const isSettled = content === this.#last;
    this.#last = content;
    if (!isSettled) return;
    if (content === this.#taken) {
      if (this.#refused !== null) this.#hand(this.#refused);
      return;
    }
    this.#taken = content;
    this.#refused = null;
    const resources = files.ok ? readResources(files.value) : files;
    if (resources.ok) this.#hand(resources.value);
    else this.#tell(resources.error);
  }

  #hand(resources: readonly Resource[]): void {
    const problems = this.#options.receive(resources);
    this.#refused = problems.length > 0 ? resources : null;
    this.#tell(problems);
  }

  #tell(problems: readonly Problem[]): void {
    if (isDeepStrictEqual(problems, this.#told)) return;
    this.#told = problems;
    this.#options.report(problems);
  }
}

/** The resources in `files`. Two of one kind and name are a problem, and so is whatever is no resource. */
export function readResources(
  files: readonly ResourceFile[],
): Result<readonly Resource[], readonly Problem[]> {
  const resources = new Map<string, Resource>();
  const problems: Problem[] = [];
  for (const { path, text } of files) {
    const documents = parseYaml(text, path);
    if (!documents.ok) {
      problems.push(...documents.error);
      continue;
    }
    for (const { value, locate } of documents.value) {
      const read = parseResource(value);
      if (!read.ok) {
        problems.push(...read.error.map(locate));
        continue;
      }
      const key = resourceKey(read.value);
      if (resources.has(key)) {
        problems.push(locate(resourceProblem("metadata.name", `a second \`${key}\``)));
      } else resources.set(key, read.value);
    }
  }
  return problems.length > 0 ? failure(problems) : success([...resources.values()]);
}

/** The files of a folder, in order. Names that start with a dot are the kubelet's own. */
async function readFiles(
  folder: string,
): Promise<Result<readonly ResourceFile[], readonly Problem[]>> {
  try {
    const names = (await readdir(folder)).filter((name) => /^[^.].*\.(ya?ml|json)$/.test(name));
    const paths = names.toSorted().map((name) => join(folder, name));
    return success(
      await Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, "utf8") }))),
    );
  } catch (error) {
    const isGone = error instanceof Error && field(error, "code") === "ENOENT";
    if (isGone && field(error, "path") === folder) return success([]);
    return failure([resourceProblem(folder, `cannot be read: ${messageOf(error)}`)]);
  }
}
