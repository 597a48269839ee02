import { CommanderError } from "commander";
import { messageOf } from "../errors.ts";
import { EXIT, exitCodeOf, InputError } from "./input-error.ts";
import { fromPflagStyle } from "./pflag-style.ts";
import { createProgram } from "./program.ts";

/**
 * Carry out a command line and set the exit code of the process. Nothing but the answer goes to
 * standard output, and no stack trace to anybody who did not set RINGFENCE_DEBUG.
 */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that has had enough (`| head`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
  const program = createProgram(({ text, exitCode }) => {
    process.stdout.write(text);
    process.exitCode = exitCode;
  });
  try {
    const words = argv.length === 0 ? ["--help"] : fromPflagStyle(argv, program);
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    process.exitCode = complain(error);
  }
}

/** More is no help to anybody: one mistake is often made in many places. */
const MAX_MESSAGES = 20;

function complain(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong, or has printed the help that was asked for.
    return error.exitCode === 0 ? EXIT.ok : EXIT.input;
  }
  const messages = error instanceof InputError ? error.message.split("\n") : [messageOf(error)];
  for (const message of messages.slice(0, MAX_MESSAGES)) {
    process.stderr.write(`error: ${message}\n`);
  }
  const rest = messages.length - MAX_MESSAGES;
  if (rest > 0) process.stderr.write(`error: and ${rest} more\n`);
  if ((process.env["RINGFENCE_DEBUG"] ?? "") !== "" && error instanceof Error) {
    process.stderr.write(`${error.stack ?? ""}\n`);
  }
  return exitCodeOf(error);
}

// During development: `node src/cli/main.ts`. The package's binary calls `main`.
if (import.meta.main) await main(process.argv.slice(2));
