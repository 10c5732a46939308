/**
 * Runs tests on the lowest peers that package.json allows, in a temporary copy of the project.
 * Arguments are vitest's, in place of the usual tests: `npm run test:peers -- test/session`.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { npm } from "../test/support/pack.js";
import { PEERS } from "../test/support/versions.js";

const ROOT = join(import.meta.dirname, "..");

/** Packages of the tests, in versions that accept the lowest peers. */
const TEST_PACKAGES = { "@langchain/classic": "1.0.0" };

/** Packages that no test of the copy needs. Some ask for a newer core than the lowest. */
const LEFT_OUT_PACKAGES = [
  "@anthropic-ai/sdk",
  "@arethetypeswrong/cli",
  "@biomejs/biome",
  "@langchain/anthropic",
  "@langchain/cohere",
  "@langchain/google-genai",
  "@langchain/langgraph-api",
  "@langchain/langgraph-checkpoint-postgres",
  "@langchain/langgraph-sdk",
  "@langchain/mcp-adapters",
  "@modelcontextprotocol/sdk",
  "cohere-ai",
  "concurrently",
  "deepagents",
  "esbuild",
  "pg",
  "publint",
  "tsdown",
  "typescript",
];

/** The tests without arguments: every scenario, and behaviour that is the same on all peers. */
const TESTS = [
  "test/every_path",
  "test/like_chat_openai/calls",
  "test/like_chat_openai/cache",
  "test/chat_models/call_options",
  "test/context/get_session_id",
  "test/conversation/persisted_messages",
  "test/conversation/rejected",
  "test/callbacks/session_callback_handler",
  "test/callbacks/failures",
  "test/callbacks/calls_and_summary",
  "test/openai_client/proxy_variables",
  "test/runnables/events",
  "test/runnables/retry_and_fallbacks",
  "test/session/run_metadata",
  "test/session/runtime_context",
];

/** Parts of the titles of tests that the lowest peers can't pass. */
const NOT_THERE = [
  // ChatOpenAI of @langchain/openai 1.2.0 throws too.
  "'/responses' 'withStructuredOutput jsonMode",
  "'/responses' 'withStructuredOutput jsonSchema, stre",
  // @langchain/openai below 1.5 drops the response's id from events: the next turn sends the whole history.
  "'(invoke under a handler of events|streamEvents v3)' ",
  // @langchain/langgraph 1.0.0 has events v1 and v2, and drops the outer configurable.
  "graph in streamEvents v3",
  "events v3 of a graph",
  "streamEvents v3 of a wrapper around a graph",
  "with another thread_id sends the session from configurable: invoke",
  // @langchain/core below 1.2.18 drops the context of a tool from the calls that it makes.
  "(a tool that calls the model.*|another agent as a tool|own invoke in a lambda.*) sends the session from context",
];

const project = await realpath(await mkdtemp(join(tmpdir(), "session-peers-")));
process.on("SIGINT", () => undefined); // vitest ends by it, and then this process cleans up.
try {
  for (const name of ["src", "test", "tsconfig.json", "vitest.config.ts"]) {
    await cp(join(ROOT, name), join(project, name), { recursive: true });
  }
  const devDependencies = Object.fromEntries(
    Object.entries({ ...packageJson.devDependencies, ...PEERS.lowest, ...TEST_PACKAGES }).filter(
      ([name]) => !LEFT_OUT_PACKAGES.includes(name),
    ),
  );
  await writeFile(join(project, "package.json"), JSON.stringify({ ...packageJson, scripts: {}, devDependencies }));
  console.log("On the lowest peers:", PEERS.lowest);
  console.log("Left out, as the peers cannot do it:", NOT_THERE);
  await npm(["install", "--prefer-offline"], project);
  const tests = process.argv.length > 2 ? process.argv.slice(2) : TESTS;
  process.exitCode = await vitest(["run", "--project", "unit", "-t", `^(?!.*(${NOT_THERE.join("|")}))`, ...tests]);
} finally {
  await rm(project, { recursive: true, force: true });
}

/** Runs vitest in the copy. Returns its exit code. */
function vitest(args: readonly string[]): Promise<number> {
  const command = join(project, "node_modules", "vitest", "vitest.mjs");
  const tests = spawn(process.execPath, [command, ...args], { cwd: project, stdio: "inherit" });
  return new Promise((resolve, reject) => {
    tests.on("error", reject);
    tests.on("exit", (code) => resolve(code ?? 1));
  });
}
