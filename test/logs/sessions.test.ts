import { expect, it } from "vitest";
import { type SessionListEntry, SessionLogs, SessionLogsError } from "../../src/index.js";
import { rowOf, useLogServers } from "../support/log_server.js";

const startServer = useLogServers();

/** A session as LiteLLM 1.106.0 answers with `group_by_session`: its newest row, and its sums. */
const groupOf = (session_id: string, startMs: number, fields: Record<string, unknown> = {}) =>
  rowOf("1.106.0", `row of ${session_id}`, startMs, {
    session_id,
    session_total_count: 3,
    session_total_spend: 0.25,
    session_total_duration_ms: 4_000,
    session_total_prompt_tokens: 30,
    session_total_completion_tokens: 15,
    session_models: ["gpt-4o", "gpt-4o-mini"],
    mcp_tool_call_count: 1,
    session_cache_hit_count: 2,
    metadata: { user_api_key_alias: "server" },
    ...fields,
  });

async function startWithPages(pages: readonly unknown[][]) {
  const server = await startServer();
  server.reply = ({ path, query }) => {
    if (path !== "/spend/logs/ui") return undefined;
    const number = Number(query.get("session_cursor") ?? 0);
    const has_more = number + 1 < pages.length;
    const next_session_cursor = has_more ? String(number + 1) : null;
    return { status: 200, body: { data: pages[number], total: 3, has_more, next_session_cursor } };
  };
  return { server, logs: new SessionLogs({ baseURL: server.url }) };
}

async function all(entries: AsyncIterable<SessionListEntry>): Promise<SessionListEntry[]> {
  const list: SessionListEntry[] = [];
  for await (const entry of entries) list.push(entry);
  return list;
}

it("sessions lists the sessions of each page, with their sums", async () => {
  const { server, logs } = await startWithPages([[groupOf("c", 9), groupOf("b", 5)], [groupOf("a", 0)]]);
  const since = new Date("2026-01-01T10:00:00.600Z");
  const entries = await all(logs.sessions({ since, until: new Date("2026-01-02T10:00:00.400Z") }));
  expect(entries.map(({ sessionId }) => sessionId)).toEqual(["c", "b", "a"]);
  expect(entries[0]).toEqual({
    sessionId: "c",
    calls: 3,
    costUsd: 0.25,
    lastCallAt: new Date(Date.UTC(2026, 0, 1) + 9),
    totalMs: 4_000,
    inputTokens: 30,
    outputTokens: 15,
    models: ["gpt-4o", "gpt-4o-mini"],
    toolCalls: 1,
    cachedCalls: 2,
    keyName: "server",
  });
  expect(server.requests.map(({ query }) => Object.fromEntries(query))).toEqual([
    { start_date: "2026-01-01 10:00:00", end_date: "2026-01-02 10:00:01", ...GROUPED },
    { start_date: "2026-01-01 10:00:00", end_date: "2026-01-02 10:00:01", ...GROUPED, session_cursor: "1" },
  ]);
});

const GROUPED = { group_by_session: "true", page: "1", page_size: "100" };

it("sessions asks for the last 30 days by default, and for a page only when its sessions are read", async () => {
  const { server, logs } = await startWithPages([[groupOf("c", 9)], [groupOf("a", 0)]]);
  const entries = logs.sessions();
  expect(server.requests).toEqual([]);
  await entries.next();
  await entries.return();
  const [start, end] = ["start_date", "end_date"].map((name) =>
    Date.parse(`${server.requests[0]?.query.get(name)}Z`),
  ) as [number, number];
  expect(server.requests).toHaveLength(1);
  expect(Math.round((end - start) / 86_400_000)).toBe(30);
});

it("sessions throws UNSUPPORTED_VERSION for a LiteLLM that answers with calls", async () => {
  const server = await startServer();
  server.reply = () => ({ status: 200, body: { data: [rowOf("1.81.12", "a", 0)], total: 1, page: 1, total_pages: 1 } });
  const error: unknown = await all(new SessionLogs({ baseURL: server.url }).sessions()).catch((thrown) => thrown);
  expect(SessionLogsError.isInstance(error) && [error.code, error.message]).toEqual([
    "UNSUPPORTED_VERSION",
    `${server.url} can't list sessions: it needs LiteLLM 1.100 or newer. Reading one session works from 1.70 on.`,
  ]);
});

it.each<[string, (request: number) => unknown]>([
  ["repeats a page", () => ({ data: [groupOf("a", 0)], has_more: true, next_session_cursor: "x" })],
  [
    "repeats its sessions with new cursors",
    (request) => ({ data: [groupOf("a", 0)], has_more: true, next_session_cursor: `${request}` }),
  ],
  ["has empty pages", (request) => ({ data: [], has_more: true, next_session_cursor: `${request}` })],
])("sessions ends with an error if the proxy %s without end", async (_, page) => {
  const server = await startServer();
  server.reply = () => ({ status: 200, body: page(server.requests.length) });
  await expect(all(new SessionLogs({ baseURL: server.url }).sessions())).rejects.toMatchObject({
    code: "PROXY_ERROR",
    message: expect.stringContaining("repeats its sessions without end"),
  });
  expect(server.requests.length).toBeLessThanOrEqual(2);
});

it("sessions reads what is no session as none, and no number that is not one", async () => {
  const hostile = { session_total_count: "<b>", session_total_spend: -1, session_models: [1, "x".repeat(5_000)] };
  const { logs } = await startWithPages([[null, { session_id: 1 }, groupOf("a", 0, hostile)]]);
  const [entry, ...rest] = await all(logs.sessions());
  expect(rest).toEqual([]);
  expect(entry).toMatchObject({ calls: 1, costUsd: expect.any(Number) });
  expect(entry?.models.map(({ length }) => length)).toEqual([1_024]);
});

it.each([{ since: "yesterday" as never }, { until: new Date(Number.NaN) }])(
  "sessions throws for %j",
  async (options) => {
    const logs = new SessionLogs({ baseURL: "http://localhost" });
    await expect(all(logs.sessions(options))).rejects.toThrow(/^Invalid option "(since|until)": expected a valid Date/);
  },
);

it("list gives back the step, times, tokens and names of a row", async () => {
  const server = await startServer();
  const path = Array.from({ length: 40 }, (_, index) => ({ id: `run-${index}`, name: `step ${index}` }));
  path.push({ id: "hostile", name: `\u001b]0;\ud800${"n".repeat(500)}` });
  const langchain = { run_id: "r", parent_run_id: "p", path, node: "tools", step: 3, agent: "boss" };
  const metadata = {
    litellm_call_id: "call-1",
    attempted_retries: 2,
    spend_logs_metadata: { langchain },
    usage_object: { prompt_tokens_details: { cached_tokens: 7 } },
  };
  server.rows = [
    rowOf("1.106.0", "a", 0, {
      completionStartTime: "2026-01-01T00:00:00.400Z",
      mcp_namespaced_tool_name: "files/read",
      agent_id: "agent-1",
      end_user: "anne",
      request_tags: ["a", 1, "b"],
      metadata,
    }),
    rowOf("1.106.0", "b", 1, { metadata: { spend_logs_metadata: { langchain: { path: "x" } } }, request_tags: null }),
  ];
  const rows = [];
  for await (const { raw: _, ...row } of new SessionLogs({ baseURL: server.url }).list("s")) rows.push(row);
  expect(rows[0]).toMatchObject({
    ...{ firstTokenMs: 400, cachedInputTokens: 7, callId: "call-1", toolName: "files/read", agentId: "agent-1" },
    ...{ endUser: "anne", tags: ["a", "b"], attemptedRetries: 2 },
    step: { runId: "r", parentRunId: "p", node: "tools", step: 3, agent: "boss" },
  });
  expect(rows[0]?.step?.path).toHaveLength(16);
  expect(rows[0]?.step?.path.at(-2)).toEqual({ id: "run-39", name: "step 39" });
  expect(rows[0]?.step?.path.at(-1)?.name).toMatch(/^ \]0; n{94}…$/);
  expect(rows[1]).toMatchObject({ step: undefined, tags: [], firstTokenMs: undefined });
});
