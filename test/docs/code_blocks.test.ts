import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { codeBlocks, guides } from "../support/docs_pages.js";
import { answerLikeLiteLLM } from "../support/gateway/litellm_headers.js";
import { useLogServers } from "../support/log_server.js";
import { sessionOf, sessions, useGateway } from "../support/sessions.js";
import { EXPECTED } from "./expected_sessions.js";

/**
 * Each block of code of the README and of a guide is a module that begins with its own name, as in `// model.ts`. It
 * is written to a file of that name in a directory of its page, and run. A page without a `model.ts` has the README's.
 */
const ROOT = join(import.meta.dirname, "..", "..");
const DIRECTORY = join(ROOT, "test", ".docs");
const PAGES = guides().map(({ name, ...page }) => ({ name, blocks: codeBlocks({ name, ...page }) }));
const BLOCKS = PAGES.flatMap(({ blocks }) => blocks);
const MODEL = BLOCKS.find(({ page, file }) => page === "readme" && file === "model.ts");

/** A module that the guides leave to the reader. */
const LOGIN = 'export const userOf = async (_request: Request) => ({ id: "alice" });\n';

const gateway = useGateway();
const startLogServer = useLogServers();
const log = vi.fn();

beforeAll(async () => {
  await rm(DIRECTORY, { recursive: true, force: true });
  for (const { name, blocks } of PAGES) {
    await mkdir(join(DIRECTORY, name), { recursive: true });
    await writeFile(join(DIRECTORY, name, "login.ts"), LOGIN);
    for (const { file, code } of [{ ...MODEL, code: MODEL?.code ?? "" }, ...blocks]) {
      if (file) await writeFile(join(DIRECTORY, name, file), code);
    }
  }
  await writeFile(join(DIRECTORY, "tsconfig.json"), '{ "extends": "../../tsconfig.json", "include": ["*/*.ts"] }');
});

afterAll(async () => {
  process.chdir(ROOT);
  await rm(DIRECTORY, { recursive: true, force: true });
});

beforeEach(() => {
  vi.resetModules(); // The modules of the block before read another environment.
  vi.stubEnv("LITELLM_BASE_URL", gateway.current.url);
  vi.stubEnv("LITELLM_API_KEY", "sk-test");
  answerLikeLiteLLM(gateway.current);
  log.mockClear();
  vi.spyOn(console, "log").mockImplementation(log);
});

it("each block of code has a file name and an expectation", () => {
  const names = Object.fromEntries(
    PAGES.filter(({ blocks }) => blocks.length > 0).map(({ name, blocks }) => [name, blocks.map(({ file }) => file)]),
  );
  const expected = Object.entries(EXPECTED).map(([page, blocks]) => [page, Object.keys(blocks)]);
  expect(names).toEqual(Object.fromEntries(expected));
});

it.each(BLOCKS)("the block $file of $page runs and sends its sessions", async ({ page, file = "" }) => {
  const expected = EXPECTED[page]?.[file];
  if (!expected) throw new Error("no expectation");
  const server = expected.log && (await startLogServer());
  if (server) vi.stubEnv("LITELLM_BASE_URL", `${server.url}/v1`);
  if (server) expected.log?.(server);
  const isTrue = vi.spyOn(console, "assert").mockImplementation((value) => expect(value).toBe(true));

  process.chdir(join(DIRECTORY, page)); // Where it writes files.
  const module = await import(join(DIRECTORY, page, file));
  await expected.run?.(module as never, gateway.current);

  const called = server?.requests.filter(({ method }) => method === "POST").map((request) => sessionOf(request));
  expect(called ?? sessions(gateway.current)).toEqual(expected.sessions);
  if (expected.prints) expect(log.mock.calls).toEqual(expected.prints);
  isTrue.mockRestore();
});

it("blocks generate as many ids as their page says", async () => {
  const ids = async (file: string) => {
    await import(join(DIRECTORY, "choosing-a-session", file));
    return gateway.current.requests.splice(0).map(sessionOf);
  };
  const [first, second] = await ids("script.ts");
  expect(first).toBe(second);
  const [pro, contra, other] = await ids("wrapper.ts");
  expect(pro).toBe(contra);
  expect(other).not.toBe(pro);
});

it("the blocks typecheck", async () => {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const result = await promisify(execFile)(process.execPath, [tsc, "-p", DIRECTORY]).catch((error) => error);
  expect(result.stdout).toBe("");
});
