import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { inject } from "vitest";
import { endWithTest } from "../support/end-with-test.ts";

/** What a finished process left behind. */
export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The note on the example, which goes to stderr where the output format has no room for it. */
export const SHOP_NOTE =
  "note: assuming that Ringfence adds default-deny and allow-dns to namespaces payments, shop\n";

interface CliOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly program?: string;
  readonly cwd?: string;
}

/** Run the built plugin as a process, without a kubeconfig unless `env` names one. */
export async function runCli(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const { input = "", env = {}, program = inject("plugin"), cwd } = options;
  const command = program === "kubectl" ? [] : [program];
  const child = spawn(command.length === 0 ? program : process.execPath, [...command, ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", KUBECONFIG: "", ...env },
    stdio: "pipe",
    ...(cwd === undefined ? {} : { cwd }),
  });
  endWithTest(child);
  child.stdin.on("error", () => undefined); // it may end without reading
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code: child.exitCode, stdout, stderr };
}
