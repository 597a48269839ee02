import type { TestProject } from "vitest/node";
import { stagePlugin } from "../../scripts/bundle-plugin.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The program, as it is packed. */
    plugin: string;
  }
}

/** Build the plugin once for all tests of it. */
export default async function providePlugin(project: TestProject): Promise<() => void> {
  const staged = await stagePlugin();
  project.provide("plugin", staged.program);
  return () => staged.remove();
}
