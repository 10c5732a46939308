import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Tests that start child processes or a browser. */
const PROCESSES = [
  "test/cli/*.test.ts",
  "test/render/html_in_browser.test.ts",
  "test/runnables/langgraph_server.test.ts",
  "test/conversation/postgres_checkpointer.test.ts",
  "test/examples/express_chat.test.ts",
];

/** Tests that run the code of the README and the guides, and the demo. */
const DOCS = ["test/docs/*.test.ts", "test/examples/demo.test.ts"];

/** Tests of the packed tarball. */
const PACKAGE = ["test/package/*.test.ts"];

/** Random chains and ids, and the heap after many sessions. */
const PROPERTIES = ["test/properties/*.test.ts"];

const SLOW = [...PROCESSES, ...DOCS, ...PACKAGE, ...PROPERTIES];

/** A directory for the JSON reports whose counts CI adds up. */
const reports = process.env.TEST_REPORTS;

export default defineConfig({
  resolve: {
    alias: {
      "langchain-litellm-session/middleware": join(import.meta.dirname, "src/middleware/session_middleware.ts"),
      "langchain-litellm-session": join(import.meta.dirname, "src/index.ts"),
    },
  },
  test: {
    // The tests wait more than they compute. Vitest's default is one worker on a machine with two cores, and twice the time.
    maxWorkers: Math.max(4, availableParallelism()),
    slowTestThreshold: 2_000,
    reporters: reports ? ["default", ["json", { outputFile: join(reports, "vitest.json") }]] : ["default"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: SLOW,
          setupFiles: ["test/support/setup.ts"],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: "processes",
          include: PROCESSES,
          setupFiles: ["test/support/setup.ts"],
          testTimeout: 30_000,
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
