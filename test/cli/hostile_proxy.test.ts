import { expect, it, vi } from "vitest";
import { runCommand, startCommand } from "../support/command.js";
import { type LogServer, rowOf, useLogServers } from "../support/log_server.js";

const startServer = useLogServers();

const KEY = "sk-very-secret-key";

/** A part of each secret. */
const SECRET = "hush-hush";

const envOf = (server: LogServer) => ({ LITELLM_BASE_URL: server.url, LITELLM_API_KEY: KEY });

/** What proxies and providers put into error messages. */
const LEAKS = [
  `Received API Key = ${KEY}`,
  `Incorrect API key provided: sk-${SECRET}.`,
  `Authorization: Bearer ${SECRET}-${SECRET}`,
  `can't connect to postgresql://litellm:${SECRET}@db:5432/litellm`,
  `password=${SECRET}`,
].join("; ");

it.each([[], ["--html", "-"], ["--json"]])("show %j prints no key, token or password of a row", async (...options) => {
  const server = await startServer();
  const metadata = { error_information: { error_class: "AuthenticationError", error_message: LEAKS } };
  const names = { model: KEY, model_group: `gpt ${KEY}`, call_type: KEY, custom_llm_provider: KEY };
  server.rows = [rowOf("1.106.0", KEY, 0, { ...names, metadata, status: "failure", session_id: "s" })];
  const { code, stdout, stderr } = await runCommand(["show", "s", ...options.flat()], envOf(server));
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("Received API Key");
  expect(stdout + stderr).not.toContain(KEY);
  expect(stdout + stderr).not.toContain(SECRET);
});

it("show prints no secret of an error response", async () => {
  const server = await startServer();
  server.reply = () => ({ status: 500, body: { error: { message: LEAKS } } });
  const { code, stdout, stderr } = await runCommand(["show", "s"], envOf(server));
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("failed (HTTP 500): Received API Key = …");
  expect(stderr).not.toMatch(new RegExp(`${KEY}|${SECRET}`));
});

it("doctor prints no secret, and cuts long names", async () => {
  const server = await startServer();
  server.sessionIn = ({ body }) => body.litellm_session_id;
  const model = `${KEY} ${"m".repeat(1e6)}`;
  server.reply = ({ path, body }) => {
    if (path === "/health/readiness") return { status: 200, body: { litellm_version: `${KEY} ${"1".repeat(1e6)}` } };
    if (path === "/v1/models") return { status: 200, body: { data: [{ id: model }] } };
    return body.metadata ? { status: 400, body: { error: { message: LEAKS } } } : undefined;
  };
  const { code, stdout, stderr } = await runCommand(["doctor", "--wait", "1"], envOf(server));
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toContain("version … 111");
  expect(stdout).toContain("Received API Key = …");
  expect(stdout + stderr).not.toMatch(new RegExp(`${KEY}|${SECRET}`));
  for (const line of (stdout + stderr).split("\n")) expect(line.length, line.slice(0, 50)).toBeLessThan(400);
});

it("the command does not show a key or a password that was put into the URL", async () => {
  for (const url of [`http://user:${SECRET}@localhost`, `user:${SECRET}@localhost`, `sk-${SECRET}`]) {
    const { code, stdout, stderr } = await runCommand(["show", "s", "--base-url", url]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain('Invalid field "baseURL"');
    expect(stderr).not.toContain(SECRET);
  }
});

it("show --watch asks at most twice a second, whatever the proxy answers", async () => {
  const server = await startServer();
  server.rows = [rowOf("1.106.0", "a", 0)];
  // A total that is larger than the rows, and grows.
  server.reply = () => ({
    status: 200,
    body: { data: server.rows, total: server.requests.length + 5, page: 1, page_size: 100, total_pages: 1 },
  });
  const watching = startCommand(["show", "s", "--watch"], envOf(server));
  await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(0), 15_000);
  const startedMs = performance.now();
  const countBefore = server.requests.length;
  // One reading takes three requests: a pass for each page size.
  await vi.waitFor(() => expect(server.requests.length).toBeGreaterThan(8), { timeout: 25_000, interval: 20 });
  const seconds = (performance.now() - startedMs) / 1_000;
  expect(server.requests.length - countBefore).toBeLessThanOrEqual(2 * seconds + 3);
  watching.interrupt();
  expect(await watching.ended).toMatchObject({ code: 0, stderr: "" });
});

it.each([["show", "s"], ["doctor"]])(
  "%s ends with one line at an answer that is nested 100,000 deep",
  async (...args) => {
    const server = await startServer();
    server.reply = () => ({ status: 200, html: `${"[".repeat(100_000)}${"]".repeat(100_000)}` });
    const { code, stdout, stderr } = await runCommand(args, envOf(server));
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/answered with JSON of more than 64 levels\.\n/);
  },
);
