import { Command } from "commander";
import { isOfKubectl } from "./flags.ts";
import type { Outcome } from "./outcome.ts";
import { packageVersion } from "./package-version.ts";
import { VERBS, type Verb } from "./verbs.ts";

/** Receives the answer of a verb. */
export type Answer = (outcome: Outcome) => void;

/**
 * Every verb and flag, and nothing that is slow to load: what a verb needs it imports when it runs,
 * so that help and completion answer at once.
 */
export function createProgram(answer: Answer): Command {
  const program = new Command("kubectl network-policy")
    .description("Ask who can reach whom under the NetworkPolicies of a cluster or of manifests.")
    .version(packageVersion(), "--version", "display the version")
    .exitOverride()
    .enablePositionalOptions()
    .helpCommand("help [verb]", "display help for a verb")
    .showHelpAfterError("See `kubectl network-policy --help`; flags come after the verb.")
    .addHelpText("after", EXIT_CODES);
  for (const verb of VERBS) program.addCommand(createVerb(verb, answer));
  return program;
}

const EXIT_CODES = `
Exit codes:
  0  allowed, or nothing found     1  denied, or something found
  2  bad usage, unreadable input   3  a fault, or a cluster that does not answer
  4  cannot be decided`;

function createVerb(
  { name, summary, description, examples, define, run }: Verb,
  answer: Answer,
): Command {
  const command = define(
    new Command(name)
      .summary(summary)
      .description(description)
      .exitOverride()
      .showHelpAfterError(`See \`kubectl network-policy ${name} --help\`.`),
  ).addHelpText("after", `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}`);
  return command.action(async () => {
    const paths = command.args;
    for (const option of command.options.filter(isOfKubectl)) {
      const flag = option.attributeName();
      // Scripts pass on what they were not given.
      if (command.getOptionValue(flag) === "") command.setOptionValue(flag, undefined);
    }
    answer(await run(command.opts<never>(), paths));
  });
}
