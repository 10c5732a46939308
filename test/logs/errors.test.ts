import { afterEach, describe, expect, it, vi } from "vitest";
import { SessionLogs, SessionLogsError } from "../../src/index.js";
import { RECORDED_VERSIONS, type Reply, recorded, rowOf, useLogServers } from "../support/log_server.js";

const startServer = useLogServers();

afterEach(() => {
  vi.useRealTimers();
});

const KEY = "sk-very-secret-key";

/** The error of reading a session from a proxy with this answer. */
async function errorOf(reply: Reply, fields: { timeoutMs?: number; apiKey?: string } = {}): Promise<SessionLogsError> {
  const server = await startServer();
  server.reply = () => reply;
  const logs = new SessionLogs({ baseURL: server.url, apiKey: KEY, ...fields });
  const error: unknown = await logs.summary("s").catch((thrown) => thrown);
  if (!SessionLogsError.isInstance(error)) throw error;
  expect(error.message.startsWith(`${server.url} `), error.message).toBe(true);
  for (const text of [error.message, error.stack, JSON.stringify(error)]) expect(text).not.toContain(KEY);
  return error;
}

describe.each(RECORDED_VERSIONS)("what LiteLLM %s answered", (version) => {
  it.each([
    { name: "session as wrong", code: "INVALID_KEY", says: "refuses the API key." },
    { name: "session as virtual", code: "FORBIDDEN", says: "does not let this key read logs. The master key" },
    { name: "no database: session", code: "NO_DATABASE", says: "it has no database. Set DATABASE_URL" },
    { name: "no database: session as wrong", code: "NO_DATABASE", says: "it has no database. Set DATABASE_URL" },
  ])("LiteLLM's answer is a SessionLogsError with a code: $name", async ({ name, code, says }) => {
    const answer = recorded(version, name);
    const error = await errorOf(answer);
    expect(error).toMatchObject({ name: "SessionLogsError", code, status: answer.status });
    expect(error.message).toContain(says);
  });

  it("a request without a key throws INVALID_KEY, and says where to set one", async () => {
    const error = await errorOf(recorded(version, "session as nobody"), { apiKey: "" });
    expect(error).toMatchObject({ code: "INVALID_KEY", status: 401 });
    expect(error.message).toContain("wants an API key: set apiKey or LITELLM_API_KEY.");
  });
});

it.each([
  ["1.70.4", "internal_user", "FORBIDDEN"],
  ["1.70.4", "internal_user_viewer", "FORBIDDEN"],
  ["1.81.12", "internal_user", "FORBIDDEN"],
  ["1.81.12", "internal_user_viewer", "FORBIDDEN"],
  ["1.81.12", "proxy_admin_viewer", "FORBIDDEN"],
] as const)("LiteLLM %s does not let an %s read", async (version, role, code) => {
  expect(await errorOf(recorded(version, `session as ${role}`))).toMatchObject({ code });
});

it("an internal_user of LiteLLM 1.106.0 reads their own session, and no rows of other users' sessions", async () => {
  const server = await startServer();
  const logs = new SessionLogs({ baseURL: server.url, apiKey: KEY });
  for (const [name, calls] of [
    ["session as internal_user", 0],
    ["own session as internal_user", 1],
  ] as const) {
    server.reply = () => recorded("1.106.0", name);
    expect(await logs.summary("s")).toMatchObject({ calls });
  }
});

describe("a server that is not LiteLLM", () => {
  it.each<[string, Reply]>([
    ["a web page", { status: 200, html: "<!doctype html><title>Sign in</title>" }],
    ["a web page that is not there", { status: 404, html: "<h1>404</h1>" }],
    ["a page that asks for a password", { status: 401, html: "<h1>Sign in</h1>" }],
    ["an empty answer", { status: 200, html: "" }],
    ["other JSON", { status: 200, body: { hello: "world" } }],
    ["JSON that is no object", { status: 200, body: "hello" }],
    ["null", { status: 200, body: null }],
    ["another list", { status: 200, body: [1, 2, 3] }],
    ["other rows", { status: 200, body: { data: [{ id: 1 }], total: 1, total_pages: 1 } }],
    ["rows without a total", { status: 200, body: { data: [rowOf("1.106.0", "a", 0)] } }],
    ["rows with another total", { status: 200, body: { data: [], total: -1, total_pages: "3" } }],
    ["a row without a time", { status: 200, body: [rowOf("1.70.4", "a", 0, { startTime: "never" })] }],
    ["another API's error", { status: 404, body: { errors: ["no route"] } }],
    ["OpenAI itself", { status: 404, body: { error: { message: "Invalid URL (GET /spend/logs/session/ui)" } } }],
  ])("a server that is not LiteLLM throws NOT_LITELLM: %s", async (_, reply) => {
    const error = await errorOf(reply);
    expect(error.code).toBe("NOT_LITELLM");
    expect(error.message).toContain("is not a LiteLLM proxy: it answered with something else. baseURL is");
  });
});

describe("a server without the endpoint", () => {
  async function errorWhere(alive: Reply): Promise<SessionLogsError> {
    const server = await startServer();
    server.reply = ({ path, key }) => {
      if (path === "/health/liveliness") expect(key).toBeUndefined();
      return path === "/health/liveliness" ? alive : { status: 404, body: { detail: "Not Found" } };
    };
    return new SessionLogs({ baseURL: server.url, apiKey: KEY }).summary("s").then(
      () => expect.unreachable(),
      (error) => error,
    );
  }

  it.each(RECORDED_VERSIONS)(
    "a server without the endpoint is too old if its health endpoint answers like LiteLLM %s",
    async (version) => {
      const error = await errorWhere(recorded(version, "liveliness"));
      expect(error).toMatchObject({ code: "UNSUPPORTED_VERSION", status: 404 });
      expect(error.message).toMatch(
        /^http:\S+ has no session logs \(HTTP 404\): they need LiteLLM 1\.70 or newer\. Update the proxy/,
      );
    },
  );

  it.each<Reply>([
    { status: 404, body: { detail: "Not Found" } },
    { status: 200, html: "<h1>Hello</h1>" },
  ])("a server without the endpoint is not LiteLLM if its health endpoint answers %j", async (alive) => {
    expect(await errorWhere(alive)).toMatchObject({ code: "NOT_LITELLM" });
  });
});

it.each<[string, Reply, string]>([
  [
    "its own format",
    { status: 500, body: { error: { message: "column x is missing\nTraceback" } } },
    "column x is missing",
  ],
  ["those of FastAPI", { status: 422, body: { detail: [{ msg: "bad page" }] } }, '[{"msg":"bad page"}]'],
])("another error of the proxy is shown, in %s", async (_, reply, says) => {
  const error = await errorOf(reply);
  expect(error.code).toBe("PROXY_ERROR");
  expect(error.message).toMatch(/ failed \(HTTP (500|422)\): /);
  expect(error.message).toContain(says);
  expect(error.message).not.toContain("Traceback");
});

it("an error in an unknown format throws PROXY_ERROR", async () => {
  const error = await errorOf({ status: 503, body: { state: "busy" } });
  expect(error).toMatchObject({ code: "PROXY_ERROR", status: 503 });
});

it("an error page of a gateway throws PROXY_ERROR without the page", async () => {
  const error = await errorOf({ status: 502, html: "<h1>Bad Gateway</h1>" });
  expect(error).toMatchObject({ code: "PROXY_ERROR", status: 502 });
  expect(error.message).toMatch(/failed \(HTTP 502\)$/);
});

it("an error never contains the key, even if the proxy's answer does", async () => {
  const message = `No \u001b[31mkey ${KEY}`;
  for (const status of [400, 401, 403, 404, 500]) {
    const error = await errorOf({ status, body: { error: { message } } });
    expect(error.message).not.toMatch(/\p{Cc}/u);
  }
});

it("no answer in time throws TIMEOUT with the time", async () => {
  const error = await errorOf("hang", { timeoutMs: 100.5 });
  expect(error).toMatchObject({ code: "TIMEOUT", status: undefined });
  expect(error.message).toContain("did not answer within 0.101 s.");
});

it("an answer that never ends throws TIMEOUT", async () => {
  const server = await startServer();
  const send: typeof fetch = async (_, init) => {
    const body = new ReadableStream({
      start: (controller) => init?.signal?.addEventListener("abort", () => controller.error(init.signal?.reason)),
    });
    return new Response(body);
  };
  const logs = new SessionLogs({ baseURL: server.url, fetch: send, timeoutMs: 100 });
  await expect(logs.summary("s")).rejects.toMatchObject({ code: "TIMEOUT" });
});

it("a port without a server throws UNREACHABLE with the reason", async () => {
  const server = await startServer();
  const { url } = server;
  const logs = new SessionLogs({ baseURL: url, apiKey: KEY });
  await server.stop();
  const error: unknown = await logs.summary("s").catch((thrown) => thrown);
  expect(SessionLogsError.isInstance(error) && [error.code, error.message]).toEqual([
    "UNREACHABLE",
    `${url} can't be reached (ECONNREFUSED): is the proxy up, and baseURL right?`,
  ]);
});

it("a connection that breaks throws UNREACHABLE", async () => {
  expect(await errorOf("drop")).toMatchObject({ code: "UNREACHABLE" });
});

it("a fetch whose error contains the key throws UNREACHABLE without the key", async () => {
  const send: typeof fetch = async () => {
    throw new TypeError(`bad header Bearer ${KEY}`);
  };
  const error: unknown = await new SessionLogs({ baseURL: "http://localhost", apiKey: KEY, fetch: send })
    .summary("s")
    .catch((thrown) => thrown);
  expect(SessionLogsError.isInstance(error) && error.message).toContain("(bad header Bearer …)");
});

describe("a signal", () => {
  it("a signal aborts a request with its reason", async () => {
    const server = await startServer();
    server.reply = () => "hang";
    const controller = new AbortController();
    const reading = new SessionLogs({ baseURL: server.url }).summary("s", { signal: controller.signal });
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), 50);
    expect(await reading.catch((thrown) => thrown)).toBe(reason);
  });

  it("a signal aborts waitFor between two requests", async () => {
    const server = await startServer();
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 200);
    // With fake timers, only the signal ends the pause between two requests.
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const waiting = new SessionLogs({ baseURL: server.url }).waitFor("s", { calls: 1, signal: controller.signal });
    await expect(waiting).rejects.toThrow("enough");
    expect(server.requests).toHaveLength(1);
  });

  it("an aborted signal prevents the request", async () => {
    const server = await startServer();
    // Also with a fetch that ignores signals.
    const logs = new SessionLogs({ baseURL: server.url, fetch: (input) => fetch(input) });
    await expect(logs.summary("s", { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(server.requests).toEqual([]);
  });
});

it("SessionLogs does not show its key in JSON or util.inspect", async () => {
  const { inspect } = await import("node:util");
  const logs = new SessionLogs({ baseURL: "http://localhost:4000", apiKey: KEY });
  for (const text of [JSON.stringify(logs), inspect(logs, { depth: 9, showHidden: true })]) {
    expect(text).not.toContain(KEY);
  }
});

it("SessionLogsError.isInstance recognises errors of another copy of the package, and nothing else", () => {
  const BRAND = Symbol.for("langchain-litellm-session.SessionLogsError");
  expect(SessionLogsError.isInstance(Object.assign(new Error(), { [BRAND]: true }))).toBe(true);
  for (const other of [new Error(), null, undefined, "SessionLogsError"]) {
    expect(SessionLogsError.isInstance(other)).toBe(false);
  }
});
