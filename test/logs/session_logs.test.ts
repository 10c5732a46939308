import { afterEach, describe, expect, it, vi } from "vitest";
import { SessionIdError, type SessionLogRow, SessionLogs, SessionLogsError } from "../../src/index.js";
import { type LogServer, RECORDED_VERSIONS, recorded, rowOf, useLogServers } from "../support/log_server.js";
import { skipDelays } from "../support/sessions.js";

afterEach(() => {
  vi.restoreAllMocks();
});

const startServer = useLogServers();

async function all(rows: AsyncIterable<SessionLogRow>): Promise<SessionLogRow[]> {
  const list: SessionLogRow[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

describe.each(RECORDED_VERSIONS)("LiteLLM %s", (version) => {
  async function recordedLogs() {
    const server = await startServer(version);
    server.reply = ({ query }) =>
      recorded(version, query.get("session_id") === "recorded-session" ? "session" : "unknown session");
    return { server, logs: new SessionLogs({ baseURL: server.url, apiKey: "sk-lab" }) };
  }

  it("list returns the calls of a session, the oldest first", async () => {
    const { server, logs } = await recordedLogs();
    const rows = await all(logs.list("recorded-session"));
    expect(rows.map(({ modelGroup, model }) => modelGroup ?? model)).toEqual([
      ...["gpt-4o", "gpt-4o", "gpt-4o", "gpt-4o"],
      "text-embedding-3-small",
    ]);
    expect(rows.map(({ status }) => status)).toEqual(["success", "success", "success", "failure", "success"]);
    expect(rows.map(({ outputTokens }) => outputTokens)).toEqual([5, 5, 5, 0, 0]);
    const times = rows.map(({ startedAt }) => startedAt.getTime());
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(rows[0]).toEqual({
      requestId: expect.stringMatching(/^chatcmpl-/),
      callType: "acompletion",
      model: expect.stringMatching(/^(openai\/)?gpt-4o$/),
      modelGroup: "gpt-4o",
      provider: "openai",
      startedAt: expect.any(Date),
      durationMs: expect.any(Number),
      inputTokens: 10,
      outputTokens: 5,
      costUsd: expect.closeTo(0.000075, 10),
      status: "success",
      error: undefined,
      cacheHit: false,
      sessionId: "recorded-session",
      callId: rows[0]?.callId,
      cachedInputTokens: rows[0]?.cachedInputTokens,
      endUser: undefined,
      tags: rows[0]?.tags,
      attemptedRetries: rows[0]?.attemptedRetries,
      raw: expect.objectContaining({ request_id: rows[0]?.requestId, session_id: "recorded-session" }),
    });
    expect(rows[3]?.error).toContain("Previous response with id 'resp_unknown' not found.");
    expect(server.requests.map(({ key }) => key)).toEqual(["sk-lab"]);
  });

  it("list reads times as UTC, to the millisecond", async () => {
    const { logs } = await recordedLogs();
    const rows = await all(logs.list("recorded-session"));
    for (const { startedAt, durationMs, raw } of rows) {
      const [start, end] = [raw.startTime, raw.endTime].map((time) => String(time).match(/T(.{12})/)?.[1]);
      expect(startedAt.toISOString().slice(11, 23)).toBe(start);
      expect(new Date(startedAt.getTime() + Number(durationMs)).toISOString().slice(11, 23)).toBe(end);
    }
  });

  it("summary returns the sums of a session", async () => {
    const { logs } = await recordedLogs();
    const rows = await all(logs.list("recorded-session"));
    const ends = rows.map(({ startedAt, durationMs }) => startedAt.getTime() + Number(durationMs));
    const sum = (numbers: (number | undefined)[]) => numbers.reduce<number>((total, each) => total + Number(each), 0);
    expect(await logs.summary("recorded-session")).toEqual({
      sessionId: "recorded-session",
      calls: 5,
      aborted: 0,
      cachedInputTokens: 0,
      failures: 1,
      inputTokens: sum(rows.map(({ inputTokens }) => inputTokens)),
      outputTokens: 15,
      costUsd: expect.closeTo(0.00022502, 10),
      totalMs: sum(rows.map(({ durationMs }) => durationMs)),
      wallMs: Math.max(...ends) - Number(rows[0]?.startedAt),
    });
  });

  it("list returns no rows for an unknown session", async () => {
    const { logs } = await recordedLogs();
    expect(await all(logs.list("no-such-session"))).toEqual([]);
    expect(await logs.summary("no-such-session")).toEqual({
      ...{
        sessionId: "no-such-session",
        calls: 0,
        failures: 0,
        aborted: 0,
        cachedInputTokens: 0,
        inputTokens: 0,
        outputTokens: 0,
      },
      ...{ costUsd: undefined, totalMs: 0, wallMs: 0 },
    });
  });

  it("waitFor waits until the calls are in the log", async () => {
    const server = await startServer(version);
    const logs = new SessionLogs({ baseURL: server.url });
    server.rows = [rowOf(version, "a", 0)];
    server.reply = () => {
      if (server.requests.length === 3) server.rows.push(rowOf(version, "b", 10));
      return undefined;
    };
    skipDelays((ms) => ms === 500); // Between two requests of waitFor.
    expect(await logs.waitFor("s", { calls: 2, timeoutMs: 10_000 })).toMatchObject({ sessionId: "s", calls: 2 });
    expect(server.requests.length).toBeGreaterThan(3);
  });
});

it("list reads a row without its optional fields, and one from the cache", async () => {
  vi.stubEnv("TZ", "America/New_York");
  expect(new Date("2026-01-01T00:00:00").getUTCHours()).toBe(5);
  const server = await startServer();
  const bare = { request_id: "a", startTime: "2026-01-01T00:00:00", session_id: "s" };
  const metadata = JSON.stringify({ status: "failure", error_information: { error_message: "no" } });
  server.rows = [bare, { ...bare, request_id: "b", cache_hit: "True", metadata, spend: "much", endTime: "soon" }];
  const rows = await all(new SessionLogs({ baseURL: server.url }).list("s"));
  const first = rows.find(({ requestId }) => requestId === "a");
  expect(first).toEqual({
    ...{ requestId: "a", callType: "", model: "", modelGroup: undefined, provider: undefined },
    ...{
      startedAt: new Date(Date.UTC(2026, 0, 1)),
      durationMs: undefined,
      inputTokens: 0,
      outputTokens: 0,
      costUsd: 0,
    },
    ...{ status: "success", error: undefined, cacheHit: false, sessionId: "s", tags: [], raw: bare },
  });
  const second = rows.find(({ requestId }) => requestId === "b");
  expect(second).toMatchObject({ status: "failure", error: "no", cacheHit: true, costUsd: 0, durationMs: undefined });
});

it("summary measures a session up to the latest end of any call", async () => {
  const server = await startServer();
  server.rows = [rowOf("1.106.0", "a", 0, { endTime: "2026-01-01T00:00:09Z" }), rowOf("1.106.0", "b", 500)];
  const summary = await new SessionLogs({ baseURL: server.url }).summary("s");
  expect(summary).toMatchObject({ wallMs: 9_000, totalMs: 10_000 });
});

it("an id with special characters is sent unchanged", async () => {
  const server = await startServer();
  const id = "a b&page=2#ü/😀+%20";
  server.rows = [rowOf("1.106.0", "a", 0, { session_id: id })];
  const logs = new SessionLogs({ baseURL: server.url });
  expect(await logs.summary(id)).toMatchObject({ sessionId: id, calls: 1 });
  expect(logs.url(id)).toBe(`${server.url}/ui/logs/?session_id=${encodeURIComponent(id)}`);
});

it.each(["", "/", "/v1", "/v1/"])("the constructor accepts a base URL that ends in %j", async (end) => {
  const server = await startServer();
  const logs = new SessionLogs({ baseURL: server.url + end });
  expect(logs.baseURL).toBe(server.url);
  expect(await logs.summary("s")).toMatchObject({ calls: 0 });
});

it("url contains the path of a proxy that is not at the root", () => {
  expect(new SessionLogs({ baseURL: "https://example.com/litellm/v1" }).url("s")).toBe(
    "https://example.com/litellm/ui/logs/?session_id=s",
  );
});

it("the constructor reads the environment for fields that are not set", async () => {
  const server = await startServer();
  vi.stubEnv("LITELLM_BASE_URL", `${server.url}/v1`);
  vi.stubEnv("LITELLM_API_KEY", "sk-environment");
  await new SessionLogs().summary("s");
  await new SessionLogs({ apiKey: "sk-field" }).summary("s");
  expect(server.requests.map(({ key }) => key)).toEqual(["sk-environment", "sk-field"]);
});

it("requests use the fetch of the fields", async () => {
  const server = await startServer();
  const urls: string[] = [];
  const send: typeof fetch = (input, init) => {
    urls.push(String(input));
    return fetch(input, init);
  };
  await new SessionLogs({ baseURL: server.url, fetch: send }).summary("s");
  expect(urls).toEqual([`${server.url}/spend/logs/session/ui?session_id=s&page=1&page_size=100`]);
});

describe("refuses", () => {
  it.each([undefined, "", "localhost:4000", "ftp://localhost", "not a URL"])(
    "the constructor throws for the base URL %j",
    (baseURL) => {
      vi.stubEnv("LITELLM_BASE_URL", undefined);
      expect(() => new SessionLogs({ baseURL })).toThrow(
        /^Invalid field "baseURL" \(or LITELLM_BASE_URL\): expected the URL of a LiteLLM proxy/,
      );
    },
  );

  it("the constructor throws for a base URL with a password, without showing it", () => {
    const create = () => new SessionLogs({ baseURL: "http://user:secret@localhost:4000" });
    expect(create).toThrow("got one with a user name or password in it");
    expect(create).not.toThrow(/secret/);
  });

  it.each(["sk-secret\n", "sk secret", "sk-sécret"])(
    "the constructor throws for the key %j, without showing it",
    (apiKey) => {
      const create = () => new SessionLogs({ baseURL: "http://localhost", apiKey });
      expect(create).toThrow(TypeError);
      expect(create).not.toThrow(/s[eé]cret/);
    },
  );

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    "the constructor throws for the timeout %d",
    (timeoutMs) => {
      expect(() => new SessionLogs({ baseURL: "http://localhost", timeoutMs })).toThrow('Invalid "timeoutMs"');
    },
  );

  it("an invalid id throws before a request is sent", async () => {
    const server = await startServer();
    const logs = new SessionLogs({ baseURL: server.url });
    for (const id of ["", "line\nbreak", "x".repeat(1025)]) {
      for (const ask of [() => all(logs.list(id)), () => logs.summary(id), () => logs.waitFor(id, { calls: 1 })]) {
        await expect(ask()).rejects.toSatisfy(SessionIdError.isInstance);
      }
      expect(() => logs.url(id)).toThrow(/^Invalid session id from argument "sessionId"/);
    }
    expect(server.requests).toEqual([]);
  });

  it.each([0, 1.5, Number.NaN])("waitFor throws for %d calls", async (calls) => {
    const logs = new SessionLogs({ baseURL: "http://localhost" });
    await expect(logs.waitFor("s", { calls })).rejects.toThrow('Invalid option "calls"');
  });
});

it("waitFor throws TIMEOUT with the number of calls in the log", async () => {
  const server = await startServer();
  server.rows = [rowOf("1.106.0", "a", 0)];
  const logs = new SessionLogs({ baseURL: server.url });
  const error: unknown = await logs.waitFor("s", { calls: 3, timeoutMs: 600 }).catch((thrown) => thrown);
  expect(SessionLogsError.isInstance(error) && [error.code, error.message]).toEqual([
    "TIMEOUT",
    `${server.url} has 1 of 3 calls of session "s" in its log after 0.6 s.`,
  ]);
});

/** Tolerance for a busy machine: less than the default timeout of a request. */
const OVERRUN_MS = 8_000;

/** The duration and the error of waiting for a call that never arrives. */
async function waited(server: LogServer, timeoutMs: number): Promise<{ ms: number; error: unknown }> {
  const startedAt = performance.now();
  const waiting = new SessionLogs({ baseURL: server.url }).waitFor("s", { calls: 1, timeoutMs });
  const error: unknown = await waiting.catch((thrown) => thrown);
  return { ms: performance.now() - startedAt, error };
}

it("waitFor polls until its timeout and no longer", async () => {
  const server = await startServer();
  const { ms, error } = await waited(server, 600);
  expect(error).toMatchObject({ code: "TIMEOUT", message: expect.stringContaining("has 0 of 1 calls") });
  expect(ms).toBeGreaterThan(500);
  expect(ms).toBeLessThan(600 + OVERRUN_MS);
});

it("waitFor ends after its timeout if the proxy hangs", async () => {
  const server = await startServer();
  server.reply = () => "hang";
  const { ms, error } = await waited(server, 200);
  expect(error).toMatchObject({ code: "TIMEOUT", message: expect.stringContaining("did not answer within 0.2 s") });
  expect(ms).toBeLessThan(200 + OVERRUN_MS);
});

it("waitFor ends after its timeout if a later request hangs, with the number of calls seen before", async () => {
  const server = await startServer();
  server.reply = () => (server.requests.length > 1 ? "hang" : undefined);
  const { ms, error } = await waited(server, 600);
  expect(error).toMatchObject({ code: "TIMEOUT", message: expect.stringContaining("has 0 of 1 calls") });
  expect(ms).toBeLessThan(600 + OVERRUN_MS);
});
