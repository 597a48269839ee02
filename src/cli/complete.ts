import type { Command, Option } from "commander";
import { BUILT_IN_PROFILES } from "../rules/names.ts";
import { fromPflagStyle } from "./pflag-style.ts";
import { createProgram } from "./program.ts";
import type { SourceFlags } from "./sources/load-world.ts";

/** cobra's ShellCompDirective: what the shell may add of its own. */
const DIRECTIVE = { files: 0, noFiles: 4 } as const;

/**
 * What kubectl asks of `kubectl_complete-network_policy`: one candidate per line, with its description
 * after a tab, for the last of `words`, which is not finished; then what else the shell may offer.
 */
export async function complete(words: readonly string[]): Promise<string> {
  const program = createProgram(() => undefined);
  // `--output=j` is a flag and the beginning of its value; shells add the flag again.
  const typed = fromPflagStyle(words, program);
  const last = typed.at(-1) ?? "";
  const before = typed.slice(0, -1);
  const verb = program.commands.find((command) => command.name() === before[0]);
  if (verb === undefined) {
    const found = program.commands.map((command) => [command.name(), command.summary()] as const);
    return lines(before.length === 0 ? found : [], last, DIRECTIVE.noFiles);
  }
  const option = verb.options.find((one) => isFlag(one, before.at(-1) ?? ""));
  if (option !== undefined && (option.required || option.optional)) {
    const values = option.argChoices ?? (await namesAfter(option, verb, before.slice(1, -1), last));
    const takesPath = option.flags.includes("<path");
    const candidates = [...new Set(values)].toSorted().map((value) => [value, ""] as const);
    return lines(candidates, last, takesPath ? DIRECTIVE.files : DIRECTIVE.noFiles);
  }
  if (!last.startsWith("-")) return lines([], last, DIRECTIVE.files);
  return lines(flagsOf(verb), last, DIRECTIVE.noFiles);
}

/** Names of objects for a flag that takes one, by what the flags before it say. PERF: nothing is loaded for others. */
async function namesAfter(
  { long }: Option,
  verb: Command,
  words: readonly string[],
  last: string,
): Promise<readonly string[]> {
  if (long === undefined || long === null || !NAMED.has(long)) return [];
  let paths: readonly string[];
  try {
    paths = verb.parseOptions([...words]).operands;
  } catch {
    return []; // a value that will be refused when the command is run
  }
  const { namesFor, profilesFor } = await import("./complete-values.ts");
  const flags = verb.opts<SourceFlags>();
  if (long === "--profile") return [...BUILT_IN_PROFILES, ...(await profilesFor(flags, paths))];
  const [namespace = "", name] = last.split("/");
  if (name === undefined || flags.manifests !== undefined || flags.allNamespaces === true) {
    return namesFor(long, flags);
  }
  const names = await namesFor(long, { ...flags, namespace });
  return names.map((one) => `${namespace}/${one}`);
}

const NAMED: ReadonlySet<string> = new Set([
  "--namespace",
  "--src-pod",
  "--dst-pod",
  "--dst-service",
  "--policy",
  "--profile",
  "--context",
  "--cluster",
  "--user",
]);

function isFlag({ long, short }: Option, word: string): boolean {
  return word !== "" && (word === long || word === short);
}

function flagsOf(verb: Command): readonly (readonly [string, string])[] {
  return verb.options.map(({ long, flags, description }) => [long ?? flags, description] as const);
}

function lines(
  candidates: readonly (readonly [string, string])[],
  prefix: string,
  directive: number,
): string {
  const fitting = candidates.filter(([value]) => value.startsWith(prefix));
  const rows = fitting.map(([value, about]) => (about === "" ? value : `${value}\t${about}`));
  return `${[...rows, `:${directive}`].join("\n")}\n`;
}
