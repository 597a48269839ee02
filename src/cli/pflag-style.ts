import type { Command } from "commander";

/**
 * A command line for commander, with the other forms that kubectl's flags may take rewritten: `-n=shop`,
 * `--all-namespaces=true`.
 */
export function fromPflagStyle(argv: readonly string[], program: Command): readonly string[] {
  const options = program.commands.find((command) => command.name() === argv[0])?.options ?? [];
  const end = argv.indexOf("--");
  return argv.flatMap((word, index) => {
    const { flag, value } = /^(?<flag>-[A-Za-z]|--[a-z-]+)=(?<value>.*)$/s.exec(word)?.groups ?? {};
    const option = options.find(({ short, long }) => flag === short || flag === long);
    const isOver = end >= 0 && index > end;
    if (flag === undefined || value === undefined || option === undefined || isOver) return [word];
    if (!option.isBoolean()) return [flag, value];
    return value === "true" ? [flag] : value === "false" ? [] : [word];
  });
}
