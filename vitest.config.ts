import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** What takes the README, the examples or the packed tarball: the rest is `unit`. */
const DOCS = ["test/demo*.test.ts", "test/readme*.test.ts"];
const PACKAGE = ["test/package*.test.ts"];

/** Random chains and ids, and the heap after many sessions. */
const PROPERTIES = ["test/properties/**/*.test.ts", "test/memory.test.ts"];

/** CI adds up the counts that are left here. */
const reports = process.env.TEST_REPORTS;

export default defineConfig({
  resolve: { alias: { "langchain-litellm-session": join(import.meta.dirname, "src/index.ts") } },
  test: {
    reporters: reports ? ["default", ["json", { outputFile: join(reports, "vitest.json") }]] : ["default"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...DOCS, ...PACKAGE, ...PROPERTIES],
          setupFiles: ["test/support/setup.ts"],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: "properties",
          include: PROPERTIES,
          setupFiles: ["test/support/setup.ts"],
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: { name: "docs", include: DOCS, setupFiles: ["test/support/setup.ts"], testTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: "package",
          include: PACKAGE,
          globalSetup: ["test/support/pack.ts"],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
