import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { type SessionLogRow, SessionLogs, SessionLogsError } from "../../src/index.js";
import { type RawRow, rowOf, useLogServers } from "../support/log_server.js";

const startServer = useLogServers();

const KEY = "sk-very-secret-key";

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((stop) => stop()));
});

/** A server that answers any bytes. */
async function startRawServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  running.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function all(rows: AsyncIterable<SessionLogRow>): Promise<SessionLogRow[]> {
  const list: SessionLogRow[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

/** A proxy whose log has these pages. Returns the logs, and the number of requests so far. */
async function hostileLogs(page: (request: number) => { rows: RawRow[]; total: number; pages: number }) {
  const server = await startServer();
  server.reply = () => {
    const { rows, total, pages } = page(server.requests.length);
    return { status: 200, body: { data: rows, total, page: 1, page_size: 100, total_pages: pages } };
  };
  const logs = new SessionLogs({ baseURL: server.url, apiKey: KEY });
  return { logs, requests: () => server.requests.length };
}

const failure = async (promise: Promise<unknown>): Promise<SessionLogsError> => {
  const error: unknown = await promise.then(
    () => expect.unreachable(),
    (thrown) => thrown,
  );
  if (!SessionLogsError.isInstance(error)) throw error;
  return error;
};

/** 100 rows that no other request has. */
const freshRows = (request: number): RawRow[] =>
  Array.from({ length: 100 }, (_, index) => ({
    request_id: `${request}-${index}`,
    startTime: new Date(Date.UTC(2026, 0, 1) + request * 100 + index).toISOString(),
    session_id: "s",
  }));

describe("a log without end", () => {
  it.each<[string, (request: number) => { rows: RawRow[]; total: number; pages: number }, number]>([
    ["one row on each of 9e15 pages", () => ({ rows: [rowOf("1.81.12", "a", 0)], total: 9e15, pages: 9e15 }), 3],
    [
      "fresh rows and a total that grows with each answer",
      (request) => ({ rows: freshRows(request), total: 100 * (request + 1), pages: request + 1 }),
      2 * 2 + 10,
    ],
    [
      "fresh rows, the newest first, and a total that grows with each answer",
      (request) => ({
        rows: freshRows(1e6 - request).reverse(),
        total: 200 * (request + 1),
        pages: 2 * (request + 1),
      }),
      2 * 4 + 10,
    ],
  ])("list and summary end with an error that says so: %s", async (_, page, requests) => {
    const { logs, requests: count } = await hostileLogs(page);
    const error = await failure(all(logs.list("s")));
    expect(error).toMatchObject({
      code: "PROXY_ERROR",
      message: expect.stringMatching(/repeats the pages|has more than \d+ pages/),
    });
    expect(count()).toBeLessThanOrEqual(requests);
    expect(await failure(logs.summary("s"))).toMatchObject({ code: "PROXY_ERROR" });
  });

  it("summary and waitFor keep their deadline while fresh rows never end", async () => {
    const { logs, requests } = await hostileLogs((request) => ({ rows: freshRows(request), total: 9e15, pages: 9e15 }));
    const { baseURL } = logs;
    const error = await failure(new SessionLogs({ baseURL, timeoutMs: 300 }).summary("s"));
    expect(error).toMatchObject({
      code: "TIMEOUT",
      message: expect.stringContaining("all calls of the session within 0.3 s"),
    });
    expect(await failure(logs.waitFor("s", { calls: 1, timeoutMs: 300 }))).toMatchObject({ code: "TIMEOUT" });
    expect(requests()).toBeLessThan(2_000);
  });

  it("list ends after 200,000 rows", async () => {
    const { logs, requests } = await hostileLogs((request) => ({
      rows: [rowOf("1.81.12", `${request}`, request)],
      total: 9e15,
      pages: 9e15,
    }));
    expect(await failure(all(logs.list("s")))).toMatchObject({
      message: expect.stringContaining("more than 2000 pages"),
    });
    expect(requests()).toBe(2_000);
  });
});

describe("an answer", () => {
  it("that unpacks to more than 64 MB is not read to its end", async () => {
    const packed = gzipSync(Buffer.alloc(65 * 1_048_576, " "));
    const url = await startRawServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(packed);
    });
    const error = await failure(new SessionLogs({ baseURL: url }).summary("s"));
    expect(error).toMatchObject({ code: "PROXY_ERROR", status: 200, message: `${url} answered with more than 64 MB.` });
  });

  it("that never ends keeps the deadline, also with a fetch that ignores signals", async () => {
    const url = await startRawServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).write("[");
    });
    for (const send of [undefined, (input: Parameters<typeof fetch>[0]) => fetch(input)]) {
      const logs = new SessionLogs({ baseURL: url, timeoutMs: 200, fetch: send });
      expect(await failure(logs.summary("s"))).toMatchObject({ code: "TIMEOUT" });
    }
  });

  it.each([
    ["a page", 200, `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["an error's detail", 400, `{"detail":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
    [
      "a row's metadata",
      200,
      `[{"request_id":"a","startTime":"2026-01-01T00:00:00Z","metadata":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}]`,
    ],
  ])("with JSON of 100,000 levels is an error: %s", async (_, status, body) => {
    const url = await startRawServer((_request, response) => {
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
    const error = await failure(new SessionLogs({ baseURL: url }).summary("s"));
    expect(error).toMatchObject({ code: "PROXY_ERROR", message: `${url} answered with JSON of more than 64 levels.` });
  });
});

describe("a row", () => {
  const listRow = async (fields: Record<string, unknown>) => {
    const server = await startServer();
    server.rows = [rowOf("1.106.0", "a", 0, fields)];
    const [row] = await all(new SessionLogs({ baseURL: server.url, apiKey: KEY }).list("s"));
    return row as SessionLogRow;
  };

  it.each([-1, "12", "<meta http-equiv=refresh>", { toLocaleString: 1 }, [], true, null])(
    "has no number that the proxy did not send as one: %j",
    async (value) => {
      const row = await listRow({ prompt_tokens: value, completion_tokens: value, spend: value });
      expect(row).toMatchObject({ inputTokens: 0, outputTokens: 0, costUsd: 0 });
    },
  );

  it("has short texts, and an error of 2,000 characters with each class name once", async () => {
    const error_information = {
      error_class: "RateLimitError",
      error_message: `litellm.RateLimitError: ${"x".repeat(1e6)}`,
    };
    const long = "m".repeat(1e6);
    const row = await listRow({
      model: long,
      model_group: long,
      call_type: long,
      custom_llm_provider: long,
      metadata: { error_information },
    });
    for (const name of ["model", "modelGroup", "callType", "provider"] as const) expect(row[name]).toHaveLength(1_024);
    expect(row.error).toHaveLength(2_000);
    expect(row.error).toMatch(/^RateLimitError: x+…$/);
  });

  it("does not repeat the API key", async () => {
    const error_information = { error_class: "Bad", error_message: `Received API Key = ${KEY}` };
    const row = await listRow({ model_group: `gpt-${KEY}`, metadata: { error_information }, ["__proto__"]: KEY });
    expect(row.modelGroup).toBe("gpt-…");
    expect(JSON.stringify(row)).not.toContain(KEY);
    expect(row.raw.request_id).toBe("a");
  });
});

it.each([
  "http//user:hush-hush@localhost",
  "postgres://user:hush-hush@localhost",
  "sk-hush-hush",
  "http://sk-hush-hush:@h",
  "http://h:hush-hush",
])("the message about the base URL %s does not show it", (baseURL) => {
  expect(() => new SessionLogs({ baseURL })).toThrow(/^Invalid field "baseURL" \(or LITELLM_BASE_URL\): (?!.*hush)/);
});

it("a base URL of many slashes is read in linear time", () => {
  // 2 million slashes: a quadratic search takes hours.
  expect(new SessionLogs({ baseURL: `http://h/a${"/".repeat(2e6)}b/v1//` }).baseURL).toHaveLength(2e6 + 11);
});
