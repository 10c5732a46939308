import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { sessionOf, sessions, useGateway } from "../support/sessions.js";

/**
 * Each ```typescript block of the README is a module that begins with its own name, as in
 * `// model.ts`. It is written to a file under that name, so that others can import it, and run.
 */
const ROOT = join(import.meta.dirname, "..", "..");
const DIRECTORY = join(ROOT, "test", ".readme");
const README = await readFile(join(ROOT, "README.md"), "utf8");
const BLOCKS = [...README.matchAll(/^```typescript\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => ({
  file: code.match(/^\/\/ (\S+\.ts)/)?.[1] ?? `a block without a name: ${code.slice(0, 40)}`,
  code,
}));

/** A new id: a UUIDv7. */
const NEW = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);

/** The sessions of the requests of each block, in order, and a function that calls the block's exports. */
const EXPECTED: Record<string, { sessions: unknown[]; run?: (module: never) => Promise<void> }> = {
  "model.ts": { sessions: ["conversation-42"] },
  "handler.ts": { sessions: [NEW] },
  "wrapper.ts": { sessions: [NEW, NEW, "conversation-42", "conversation-42"] },
  "route.ts": {
    sessions: ["alice:7"],
    async run({ POST }: { POST(request: Request): Promise<Response> }) {
      const body = JSON.stringify({ conversation: 7, message: "Hello" });
      const response = await POST(new Request("http://localhost/api/chat", { method: "POST", body }));
      expect(await response.text()).toBe("reply to 1 messages");
    },
  },
  "script.ts": { sessions: [NEW, NEW] },
  "agent.ts": { sessions: ["conversation-42", "conversation-42", "conversation-42"] },
  "gateway.ts": { sessions: [[undefined, undefined, "nightly-report"]] },
  "tags.ts": { sessions: ["conversation-42"] },
  "tracing.ts": { sessions: ["conversation-42"] },
  "conversation.ts": {
    sessions: ["conversation-42", "conversation-42", "conversation-43", "conversation-43"],
    async run() {
      const sent = gateway.current.requests.map(({ body }) => [body.previous_response_id, (body.input as []).length]);
      const id = expect.stringMatching(/^resp_/);
      expect(sent).toEqual([
        [undefined, 1],
        [id, 1],
        [undefined, 1],
        [id, 1],
      ]);
    },
  },
  "costs.ts": { sessions: ["conversation-42"] },
  "budget.ts": { sessions: ["conversation-42"] },
  "retrieval.ts": { sessions: [undefined, "conversation-42", "conversation-42"] },
  "fetch.ts": { sessions: ["conversation-42", "conversation-42"] },
};

/** A module that the README leaves to the reader. */
const LOGIN = 'export const userOf = async (_request: Request) => ({ id: "alice" });\n';

const gateway = useGateway();

beforeAll(async () => {
  await rm(DIRECTORY, { recursive: true, force: true });
  await mkdir(DIRECTORY);
  await writeFile(join(DIRECTORY, "login.ts"), LOGIN);
  await writeFile(join(DIRECTORY, "tsconfig.json"), '{ "extends": "../../tsconfig.json", "include": ["*.ts"] }');
  for (const { file, code } of BLOCKS) await writeFile(join(DIRECTORY, file), code);
});

beforeEach(() => {
  vi.stubEnv("LITELLM_BASE_URL", gateway.current.url);
  vi.stubEnv("LITELLM_API_KEY", "sk-test");
  vi.spyOn(console, "log").mockImplementation(() => undefined);
});

afterAll(() => rm(DIRECTORY, { recursive: true, force: true }));

it("each block of the README has a name and an expectation", () => {
  expect(BLOCKS.map(({ file }) => file)).toEqual(Object.keys(EXPECTED));
});

it.each(BLOCKS)("the README's block $file runs and sends its sessions", async ({ file }) => {
  // Other blocks import the model's module: its requests are not theirs.
  await import(join(DIRECTORY, "model.ts"));
  if (file !== "model.ts") gateway.current.requests.length = 0;
  const { run, sessions: expected } = EXPECTED[file] ?? { sessions: [] };
  const module = await import(join(DIRECTORY, file));
  await run?.(module as never);
  expect(sessions(gateway.current)).toEqual(expected);
});

it("the README's blocks generate as many ids as the text says", async () => {
  const ids = async (file: string) => {
    await import(`${join(DIRECTORY, file)}?again`);
    return gateway.current.requests.splice(0).map(sessionOf);
  };
  const [first, second] = await ids("script.ts");
  expect(first).toBe(second);
  const [pro, contra, other] = await ids("wrapper.ts");
  expect(pro).toBe(contra);
  expect(other).not.toBe(pro);
});

it("the README's blocks typecheck", async () => {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const result = await promisify(execFile)(process.execPath, [tsc, "-p", DIRECTORY]).catch((error) => error);
  expect(result.stdout).toBe("");
});
