import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { renderSession } from "../../src/index.js";
import { rowOf, useLogServers } from "../support/log_server.js";
import { logRow } from "../support/session_log_rows.js";

const ROOT = join(import.meta.dirname, "..", "..");
const README = await readFile(join(ROOT, "README.md"), "utf8");
const CHAPTER = README.split("\n## ").find((part) => part.startsWith("Look at a session")) ?? "";
const startServer = useLogServers();

it("the README's drawing of a session is renderSession's output", () => {
  const [, picture] = CHAPTER.match(/^```text\n([\s\S]*?)\n```$/m) ?? [];
  expect(picture).toBe(renderSession([logRow(0, { durationMs: 870 }), logRow(1_000, { durationMs: 2_500 })]));
});

it("the README's code prints a session and writes its page", async () => {
  const [, code = ""] = CHAPTER.match(/^```js\n([\s\S]*?)^```$/m) ?? [];
  const directory = join(ROOT, "test", ".readme-logs");
  await mkdir(directory, { recursive: true });
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const page = join(directory, "session.html");
  await writeFile(join(directory, "look.js"), code.replace('"session.html"', JSON.stringify(page)));

  const server = await startServer();
  server.rows = ["a", "b"].map((id, index) => rowOf("1.106.0", id, index, { session_id: "conversation-42" }));
  vi.stubEnv("LITELLM_BASE_URL", server.url);
  vi.stubEnv("LITELLM_API_KEY", "sk-test");
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  onTestFinished(() => log.mockRestore());
  await import(join(directory, "look.js"));
  expect(log.mock.calls).toEqual([[expect.stringMatching(/^Session conversation-42\n[\s\S]*\n2 calls · /)]]);
  expect(await readFile(page, "utf8")).toContain("<title>Session conversation-42</title>");
});
