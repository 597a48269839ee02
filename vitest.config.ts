import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
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
