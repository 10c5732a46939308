import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { renderSession, renderSessionHtml, type SessionLogRow, SessionLogs } from "../../src/index.js";
import { runCommand, startCommand } from "../support/command.js";
import { type LogServer, type Reply, recorded, rowOf, useLogServers } from "../support/log_server.js";

const startServer = useLogServers();

const KEY = "sk-very-secret-key";

async function serverWithCalls(count: number): Promise<{ server: LogServer; env: Record<string, string> }> {
  const server = await startServer();
  server.rows = Array.from({ length: count }, (_, index) => rowOf("1.106.0", `row-${index}`, index * 100));
  return { server, env: { LITELLM_BASE_URL: `${server.url}/v1`, LITELLM_API_KEY: KEY } };
}

async function rowsOf(server: LogServer): Promise<SessionLogRow[]> {
  const rows: SessionLogRow[] = [];
  for await (const row of new SessionLogs({ baseURL: server.url }).list("s")) rows.push(row);
  return rows;
}

it("show prints the session without colours in a pipe, and its URL in LiteLLM's UI", async () => {
  const { server, env } = await serverWithCalls(3);
  const result = await runCommand(["show", "s"], env);
  expect(new Set(server.requests.map(({ key }) => key))).toEqual(new Set([KEY]));
  const expected = `${renderSession(await rowsOf(server))}\n${server.url}/ui/logs/?session_id=s\n`;
  expect(result).toEqual({ code: 0, stdout: expected, stderr: "" });
});

it("--base-url overrides the environment", async () => {
  const { server, env } = await serverWithCalls(1);
  const { code } = await runCommand(["show", "s", "--base-url", server.url], {
    ...env,
    LITELLM_BASE_URL: "http://nowhere",
  });
  expect(code).toBe(0);
});

it("show --json prints one line per call, without the raw row", async () => {
  const { server, env } = await serverWithCalls(250);
  const { code, stdout, stderr } = await runCommand(["show", "s", "--json"], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const printed = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const rows = (await rowsOf(server)).map(({ raw: _, ...row }) => JSON.parse(JSON.stringify(row)));
  expect(printed).toEqual(rows);
});

it("show --html writes a page to a file or to stdout", async () => {
  const directory = await mkdtemp(join(tmpdir(), "session-cli-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const { server, env } = await serverWithCalls(2);
  const file = join(directory, "session.html");
  const page = renderSessionHtml(await rowsOf(server));
  expect(await runCommand(["show", "s", "--html", file], env)).toEqual({
    ...{ code: 0, stdout: `Wrote ${file}: 2 calls.\n`, stderr: "" },
  });
  expect(await readFile(file, "utf8")).toBe(page);
  expect(await runCommand(["show", "s", "--html", "-"], env)).toEqual({ code: 0, stdout: page, stderr: "" });
});

it("show --html exits with 1 and one line if the file can't be written", async () => {
  const directory = await mkdtemp(join(tmpdir(), "session-cli-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const { env } = await serverWithCalls(1);
  const cases = [
    [directory, "illegal operation on a directory"],
    [join(directory, "no", "such"), "no such file or directory"],
    [join(import.meta.filename, "page.html"), "not a directory"],
  ] as const;
  for (const [file, why] of cases) {
    expect(await runCommand(["show", "s", "--html", file], env)).toEqual({
      ...{ code: 1, stdout: "", stderr: `litellm-session: The page can't be written to ${file}: ${why}.\n` },
    });
  }
});

it.each([[], ["--json"]])("show %j exits with 1 for a session without calls", async (...options) => {
  const { env } = await serverWithCalls(1);
  const { code, stdout, stderr } = await runCommand(["show", "other", ...options.flat()], env);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^The log has no calls of session other\. .*\n$/);
});

it("show exits with 1 and one line without the key if the log can't be read", async () => {
  const { server, env } = await serverWithCalls(1);
  server.reply = () => recorded("1.81.12", "session as virtual");
  const { code, stdout, stderr } = await runCommand(["show", "s"], env);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^litellm-session: \S+ does not let this key read logs\. .*\n$/);
  expect(stderr).not.toContain(KEY);
});

it("show --watch follows a session until it is interrupted", async () => {
  const { server, env } = await serverWithCalls(0);
  const watching = startCommand(["show", "s", "--watch"], env);
  await vi.waitFor(() => expect(watching.stdout()).toContain("No calls of session s yet."), 15_000);
  for (const count of [1, 2]) {
    server.rows.push(rowOf("1.106.0", `row-${count}`, count));
    await vi.waitFor(
      () => expect(watching.stdout()).toContain(`\n${count} ${count === 1 ? "call" : "calls"} · `),
      15_000,
    );
  }
  watching.interrupt();
  const { code, stderr } = await watching.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

const TRANSIENT: [string, Reply][] = [
  ["a gateway's 502", { status: 502, html: "<h1>Bad Gateway</h1>" }],
  ["too many requests", { status: 429, body: { error: { message: "slow down" } } }],
  ["a connection that breaks", "drop"],
  ["a database that is away", recorded("1.106.0", "no database: session")],
];

it.each(TRANSIENT)("show --watch continues after %s and reports it once", async (_, reply) => {
  const { server, env } = await serverWithCalls(1);
  const watching = startCommand(["show", "s", "--watch"], env);
  await vi.waitFor(() => expect(watching.stdout()).toContain("\n1 call · "), 15_000);
  let failures = 0;
  server.reply = () => {
    failures += 1;
    return failures > 2 ? undefined : reply;
  };
  await vi.waitFor(() => expect(failures).toBeGreaterThan(2), 15_000);
  server.rows.push(rowOf("1.106.0", "row-1", 100));
  await vi.waitFor(() => expect(watching.stdout()).toContain("\n2 calls · "), 15_000);
  watching.interrupt();
  const { code, stdout, stderr } = await watching.ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/^Trying again: http:\S+ .*\n$/);
  expect(stdout.match(/1 call · /g)).toHaveLength(1);
});

it.each<[string, Reply]>([
  ["a key that is refused", recorded("1.106.0", "session as wrong")],
  ["something that is no LiteLLM", { status: 404, html: "<h1>404</h1>" }],
  ["a request that is refused", { status: 422, body: { detail: "no" } }],
])("show --watch stops at %s", async (_, reply) => {
  const { server, env } = await serverWithCalls(1);
  const watching = startCommand(["show", "s", "--watch"], env);
  await vi.waitFor(() => expect(watching.stdout()).toContain("\n1 call · "), 15_000);
  server.reply = () => reply;
  const { code, stderr } = await watching.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^litellm-session: http:.*\n$/);
});

it("show --watch exits if it can't reach the proxy at the start", async () => {
  const { server, env } = await serverWithCalls(1);
  server.reply = () => ({ status: 502, html: "<h1>Bad Gateway</h1>" });
  const { code, stderr } = await runCommand(["show", "s", "--watch"], env);
  expect([code, stderr]).toEqual([1, `litellm-session: ${server.url} failed (HTTP 502)\n`]);
});

it("show exits with 130 if it is interrupted while it reads", async () => {
  const { server, env } = await serverWithCalls(1);
  server.reply = () => "hang";
  const reading = startCommand(["show", "s"], env);
  await vi.waitFor(() => expect(server.requests).toHaveLength(1), 15_000);
  reading.interrupt();
  expect(await reading.ended).toEqual({ code: 130, stdout: "", stderr: "" });
});
