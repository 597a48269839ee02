import type { Command, Option } from "commander";
import { createProgram } from "./program.ts";

/** cobra's ShellCompDirective: what the shell may add of its own. */
const DIRECTIVE = { files: 0, noFiles: 4 } as const;

/**
 * What kubectl asks of `kubectl_complete-network_policy`: one candidate per line, with its description
 * after a tab, for the last of `words`, which is not finished; then what else the shell may offer.
 */
export function complete(words: readonly string[]): string {
  const program = createProgram(() => undefined);
  const last = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const verb = program.commands.find((command) => command.name() === before[0]);
  if (verb === undefined) {
    const found = program.commands.map((command) => [command.name(), command.summary()] as const);
    return lines(before.length === 0 ? found : [], last, DIRECTIVE.noFiles);
  }
  const option = verb.options.find((one) => isFlag(one, before.at(-1) ?? ""));
  if (option !== undefined && (option.required || option.optional)) {
    const choices = (option.argChoices ?? []).map((choice) => [choice, ""] as const);
    const takesPath = option.flags.includes("<path");
    return lines(choices, last, takesPath ? DIRECTIVE.files : DIRECTIVE.noFiles);
  }
  if (!last.startsWith("-")) return lines([], last, DIRECTIVE.files);
  return lines(flagsOf(verb), last, DIRECTIVE.noFiles);
}

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
