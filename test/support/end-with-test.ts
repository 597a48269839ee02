import type { ChildProcess } from "node:child_process";

/** Stop `child` when the test process ends, even early. */
export function endWithTest(child: ChildProcess): void {
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}
