import type { ChildProcess } from "node:child_process";

/** See to it that a test process that ends early leaves `child` not running. */
export function endWithTest(child: ChildProcess): void {
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}
