import { expect, it, vi } from "vitest";
import { runCommand, startCommand } from "../support/command.js";
import { type LogRequest, type LogServer, RECORDED_VERSIONS, recorded, useLogServers } from "../support/log_server.js";

const startServer = useLogServers();

const KEY = "sk-very-secret-key";

const envOf = (server: LogServer) => ({ LITELLM_BASE_URL: server.url, LITELLM_API_KEY: KEY });

const callsOf = (server: LogServer) => server.requests.filter(({ path }) => path === "/v1/chat/completions");

/** Places by which these versions group: older ones only by the body. */
const bodyOnly = ({ body }: LogRequest) => body.litellm_session_id;
const bodyOrHeader = ({ body, headers }: LogRequest) => headers["x-litellm-session-id"] ?? body.litellm_session_id;

/** The rows of the table: transport, calls found, verdict. */
const tableOf = (stdout: string) =>
  [...stdout.matchAll(/^(litellm|body|headers|metadata) +(\d of 2) +(.*)$/gm)].map(([, ...cells]) => cells);

it.each(RECORDED_VERSIONS)(
  "doctor reports which transports LiteLLM %s groups by",
  async (version) => {
    const server = await startServer(version);
    server.sessionIn = version === "1.106.0" ? bodyOrHeader : bodyOnly;
    const { code, stdout, stderr } = await runCommand(["doctor", "--wait", "2"], envOf(server));
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain(`The proxy at ${server.url}\n`);
    expect(stdout).toContain(version);
    expect(stdout).toContain("The key works: 2 models.");
    expect(stdout).toContain("The key may read logs.");
    expect(stdout).toContain("Sends 8 calls of at most one token each to gpt-4o. Your provider bills them.");
    expect(tableOf(stdout)).toEqual([
      ["litellm", "2 of 2", "groups"],
      ["body", "2 of 2", "groups"],
      version === "1.106.0" ? ["headers", "2 of 2", "groups"] : ["headers", "0 of 2", "does not group (as expected)"],
      ["metadata", "0 of 2", "does not group (as expected)"],
    ]);
    expect(stdout).toContain('Sessions group. Use the default, sessionTransport: "litellm".');
    expect(stdout).toContain("The calls cost $0.00060, by what the proxy said of 8 of 8.");
    expect(stdout).toContain("Not checked: streamed calls");
    expect(stderr).toBe("");
    expect(stdout + stderr).not.toContain(KEY);
    expect(stdout + stderr).not.toContain("\u001b");
    expect(callsOf(server)).toHaveLength(8);
    for (const { body, key } of callsOf(server)) expect([body.max_tokens, body.model, key]).toEqual([1, "gpt-4o", KEY]);
  },
  60_000,
);

it("doctor recommends a transport if the proxy does not group by the default one", async () => {
  const server = await startServer();
  // A gateway before the proxy removes unknown body fields if the request has a session header.
  server.sessionIn = ({ body, headers }) => (headers["x-litellm-session-id"] ? undefined : body.litellm_session_id);
  const { code, stdout } = await runCommand(["doctor", "--wait", "1"], envOf(server));
  expect(code).toBe(1);
  expect(stdout).toContain('Sessions do not group by default here. Set sessionTransport: "body".');
});

const transportOf = ({ body, headers }: LogRequest) =>
  headers["x-litellm-session-id"]
    ? body.litellm_session_id
      ? "litellm"
      : "headers"
    : body.metadata
      ? "metadata"
      : "body";

it("doctor waits for the rows of each transport", async () => {
  const server = await startServer();
  server.sessionIn = bodyOrHeader;
  // Two workers write their logs at different times.
  server.lateMs = (request) => ({ litellm: 0, body: 0, headers: 7_000, metadata: 7_500 })[transportOf(request)];
  const { code, stdout } = await runCommand(["doctor", "--wait", "30"], envOf(server));
  expect(tableOf(stdout)).toEqual([
    ["litellm", "2 of 2", "groups"],
    ["body", "2 of 2", "groups"],
    ["headers", "2 of 2", "groups"],
    ["metadata", "0 of 2", "does not group (as expected)"],
  ]);
  expect(code).toBe(0);
}, 60_000);

it("doctor gives no verdict on a transport whose calls are not in the log in time", async () => {
  const server = await startServer();
  server.sessionIn = bodyOrHeader;
  server.lateMs = (request) => (transportOf(request) === "body" ? 0 : Number.POSITIVE_INFINITY);
  const { code, stdout } = await runCommand(["doctor", "--wait", "1"], envOf(server));
  const unchecked = "could not check (not in the log after 1 s)";
  expect(tableOf(stdout)).toEqual([
    ["litellm", "0 of 2", unchecked],
    ["body", "2 of 2", "groups"],
    ["headers", "0 of 2", unchecked],
    ["metadata", "0 of 2", unchecked],
  ]);
  expect(stdout).toContain(
    'The default, sessionTransport: "litellm", could not be checked: try again, or wait longer with --wait. What groups for certain is sessionTransport: "body".',
  );
  expect(stdout).not.toContain("do not group");
  expect(code).toBe(1);
});

it("doctor reports what groups without reading single rows", async () => {
  const server = await startServer();
  server.sessionIn = bodyOrHeader;
  server.reply = ({ path }) => (path === "/spend/logs" ? recorded("1.106.0", "session as virtual") : undefined);
  const { code, stdout } = await runCommand(["doctor", "--wait", "2"], envOf(server));
  expect(tableOf(stdout).map(([, , verdict]) => verdict)).toEqual([
    ...["groups", "groups", "groups", "could not check (not in the log after 2 s)"],
  ]);
  expect(code).toBe(0);
});

it("doctor continues to wait after an error of the proxy", async () => {
  const server = await startServer();
  server.sessionIn = bodyOrHeader;
  let failures = 0;
  server.reply = ({ path }) => {
    if (callsOf(server).length < 8 || path.endsWith("completions") || failures === 2) return undefined;
    failures += 1;
    return { status: 502, html: "<h1>Bad Gateway</h1>" };
  };
  const { code, stdout } = await runCommand(["doctor", "--wait", "10"], envOf(server));
  expect([code, failures], stdout).toEqual([0, 2]);
});

it("doctor gives no verdict on a transport whose call failed", async () => {
  const server = await startServer();
  server.reply = (request) =>
    request.path.endsWith("completions") && transportOf(request) === "body"
      ? { status: 503, body: { error: { message: "busy" } } }
      : undefined;
  const { stdout } = await runCommand(["doctor", "--wait", "1"], envOf(server));
  expect(tableOf(stdout)[1]).toEqual(["body", "0 of 2", "could not check (HTTP 503: busy)"]);
});

it("doctor reports that nothing groups, and the message of an error response", async () => {
  const server = await startServer();
  server.sessionIn = () => undefined;
  server.reply = ({ path, body }) =>
    path === "/v1/chat/completions" && body.metadata
      ? { status: 400, body: { error: { message: `no metadata for ${KEY}\nTraceback` } } }
      : undefined;
  const { code, stdout, stderr } = await runCommand(["doctor", "--wait", "1"], envOf(server));
  expect(code).toBe(1);
  expect(tableOf(stdout).at(-1)).toEqual(["metadata", "0 of 2", "does not group (HTTP 400: no metadata for …)"]);
  expect(stdout).toContain("No transport was seen to group here");
  expect(stdout + stderr).not.toContain(KEY);
});

it("doctor stops after one call to a model that does not answer", async () => {
  const server = await startServer();
  const message = "/chat/completions: Invalid model name passed in model=nope.";
  server.reply = ({ path }) =>
    path === "/v1/chat/completions" ? { status: 400, body: { error: { message } } } : undefined;
  const { code, stdout } = await runCommand(["doctor", "--model", "text-embedding-3-small"], envOf(server));
  expect(code).toBe(1);
  expect(stdout).toContain(
    `failed  text-embedding-3-small did not answer: HTTP 400: ${message}\nNot checked: whether sessions group.`,
  );
  expect(callsOf(server)).toHaveLength(1);
});

it.each([
  { what: "a web page", says: /is not a LiteLLM proxy/, reply: () => ({ status: 200, html: "<h1>Hello</h1>" }) },
  {
    what: "a key that is refused",
    says: /ok +It is a LiteLLM\.\nfailed +\S+ refuses the API key\./,
    reply: ({ key }: LogRequest) => (key ? recorded("1.106.0", "models as wrong") : undefined),
  },
  {
    what: "no database",
    says: /failed +\S+ keeps no logs: it has no database\.[\s\S]*No calls were sent\./,
    reply: ({ query }: LogRequest) =>
      query.has("session_id") ? recorded("1.106.0", "no database: session") : undefined,
  },
])("doctor sends no calls with $what", async ({ says, reply }) => {
  const server = await startServer();
  server.reply = reply;
  const { code, stdout, stderr } = await runCommand(["doctor"], envOf(server));
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(stdout).toMatch(says);
  expect(stdout).not.toContain(KEY);
  expect(callsOf(server)).toEqual([]);
});

it("doctor uses LITELLM_MODEL, else the first chat model", async () => {
  const server = await startServer();
  const data = ["*", "text-embedding-3-small", "whisper-1", "claude"].map((id) => ({ id }));
  const refusal = { status: 400, body: { error: { message: "no" } } };
  server.reply = ({ path }) =>
    path === "/v1/models" ? { status: 200, body: { data } } : path.endsWith("completions") ? refusal : undefined;
  await runCommand(["doctor"], envOf(server));
  await runCommand(["doctor"], { ...envOf(server), LITELLM_MODEL: "mine" });
  expect(callsOf(server).map(({ body }) => body.model)).toEqual(["claude", "mine"]);
  data.length = 2;
  const { code, stdout } = await runCommand(["doctor"], envOf(server));
  expect([code, stdout]).toEqual([1, expect.stringContaining("name one with --model")]);
});

it("doctor exits with 130 if it is interrupted while it waits", async () => {
  const server = await startServer();
  server.lateMs = () => Number.POSITIVE_INFINITY;
  const waiting = startCommand(["doctor"], envOf(server));
  await vi.waitFor(() => expect(callsOf(server)).toHaveLength(8), 15_000);
  await vi.waitFor(() => expect(server.pages.length).toBeGreaterThan(4), 15_000);
  waiting.interrupt();
  expect(await waiting.ended).toMatchObject({ code: 130 });
});

it("doctor sends its calls with a key that may not read logs, and prints their sessions for an admin", async () => {
  const server = await startServer();
  server.reply = ({ path }) => (path.startsWith("/spend") ? recorded("1.106.0", "session as virtual") : undefined);
  const { code, stdout } = await runCommand(["doctor"], envOf(server));
  expect(code).toBe(1);
  expect(stdout).toContain("does not let this key read logs");
  expect(stdout).toContain("Could not check whether sessions group.");
  const ids = callsOf(server).map(({ body, headers }) => body.litellm_session_id ?? headers["x-litellm-session-id"]);
  expect(ids).toHaveLength(8);
  expect(stdout).toContain(`litellm   ${server.url}/ui/logs/?session_id=${ids[0]}\n`);
});

it("doctor names a model that the key does not have before it announces a bill", async () => {
  const server = await startServer();
  const { code, stdout } = await runCommand(["doctor", "--model", "nope"], envOf(server));
  expect(code).toBe(1);
  expect(stdout).toMatch(/failed {2}The key has no model nope\. It has .*gpt-4o/);
  expect(stdout).not.toContain("bills");
  expect(callsOf(server)).toEqual([]);
});
