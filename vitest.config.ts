import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Half of the tests wait for processes that they start, so two files at a time do well on two cores as well.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    setupFiles: ["test/support/property-seed.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: { name: "rest", include: ["test/*.test.ts", "test/!(cli)/**/*.test.ts"] },
      },
      // The plugin is built once, and asked as the process that people have.
      {
        extends: true,
        test: {
          name: "cli",
          include: ["test/cli/**/*.test.ts"],
          globalSetup: ["test/cli/stage-plugin.ts"],
        },
      },
    ],
  },
});
