import { readFileSync } from "node:fs";

/**
 * The block of shell commands in `docs/how-to/<page>.md` that contains `part`. Throws unless there is exactly
 * one, so that a test notices when the page changes.
 */
export function documentedCommands(page: string, part: string): string {
  const path = new URL(`../../docs/how-to/${page}.md`, import.meta.url);
  const blocks = Array.from(
    readFileSync(path, "utf8").matchAll(/^( *)```sh\n(.*?)^\1```/gms),
    ([, , commands = ""]) => commands,
  ).filter((commands) => commands.includes(part));
  const [only] = blocks;
  if (only === undefined || blocks.length > 1) {
    throw new Error(`${blocks.length} blocks of ${page}.md contain ${part}`);
  }
  return only;
}
