import { defineConfig } from "vitest/config";

/** Random topologies and ids against a reference model of the precedence. A failure prints its seed. */
export default defineConfig({
  test: {
    include: ["test/properties/**/*.test.ts", "test/memory.test.ts"],
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 120_000,
  },
});
