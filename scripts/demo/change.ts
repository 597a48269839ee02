import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type KubernetesObject, kubernetesObject } from "./example-cluster.ts";

/** What the comments at the top of a file in `changes/` say. */
const header = z.strictObject({
  title: z.string(),
  user: z.string(),
  /** The command that makes this change. */
  run: z.string(),
  /** `denied`, `warned` or `allowed`, and the rules that are the reason. */
  expect: z.string().transform((text) => {
    const [outcome, ...rules] = text.split(" ");
    return { outcome: z.enum(["allowed", "warned", "denied"]).parse(outcome), rules };
  }),
  /** Words that have to be in what the user reads. */
  says: z.string().default(""),
});

/** One change to the example cluster, and the answer that it should get. */
export interface Change extends z.infer<typeof header> {
  readonly file: string;
  /** After the change; of a delete, at least the name. */
  readonly object: KubernetesObject;
  /** The part of the file that is worth a look, comments included. */
  readonly excerpt: readonly string[];
}

/** The changes of `folder`, in the order of their file names. */
export async function readChanges(folder: string): Promise<readonly Change[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).toSorted();
  return Promise.all(
    files.map(async (file) => readChange(file, await readFile(join(folder, file), "utf8"))),
  );
}

/** Read one file. Throws where the comments at its top are not those of a change. */
export function readChange(file: string, text: string): Change {
  const lines = Array.from(text.matchAll(/^# (\w+): (.*)$/gm), ([, key, value]) => [key, value]);
  const excerpt = (/^spec:\n.*/ms.exec(text)?.[0] ?? "").split("\n");
  return {
    file,
    ...header.parse(Object.fromEntries(lines)),
    object: kubernetesObject.parse(parse(text)),
    excerpt: excerpt.filter((line) => line !== ""),
  };
}
