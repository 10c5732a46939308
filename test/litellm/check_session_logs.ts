import assert from "node:assert/strict";
import { join } from "node:path";
import {
  newSessionId,
  SessionCallbackHandler,
  SessionChatOpenAI,
  type SessionLogRow,
  SessionLogs,
  SessionLogsError,
} from "../../src/index.js";
import { CAPPING, checkBudget, checkIterations } from "./check_budget.js";
import type { Findings } from "./check_scenarios.js";
import type { Lab } from "./lab.js";
import { run } from "./processes.js";

const CLI = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

/** More than two pages. */
const MANY = 230;

/** Which role may read which rows, as measured. `"own"`: only the user's own calls. */
type Reading = "all" | "own" | "nothing";

const READERS: Readonly<Record<string, Readonly<Record<string, Reading>>>> = {
  "1.70.4": {
    proxy_admin: "all",
    proxy_admin_viewer: "all",
    internal_user: "nothing",
    internal_user_viewer: "nothing",
  },
  "1.81.12": {
    proxy_admin: "all",
    proxy_admin_viewer: "nothing",
    internal_user: "nothing",
    internal_user_viewer: "nothing",
  },
  "1.106.0": { proxy_admin: "all", proxy_admin_viewer: "all", internal_user: "own", internal_user_viewer: "own" },
};

/** Whether the header without body fields sets the session. */
const HEADERS_GROUP: Readonly<Record<string, boolean>> = { "1.70.4": false, "1.81.12": false, "1.106.0": true };

interface Check {
  readonly name: string;
  /** Default: all. */
  readonly versions?: readonly string[];
  run(lab: Lab, version: string, logs: SessionLogs): Promise<void>;
}

/** Reads sessions back from a real proxy with its database, in the library and with the command. */
const CHECKS: readonly Check[] = [
  { name: "logs: what a handler recorded", run: checkHandler },
  { name: "logs: all pages, the oldest first", run: checkPages },
  { name: "logs: a session that is not there", run: checkUnknown },
  { name: "logs: who may read", run: checkReaders },
  { name: "command: show", run: checkShow },
  { name: "command: doctor", run: checkDoctor },
  { name: "a session's calls are capped", versions: CAPPING, run: checkIterations },
  { name: "a session's cost is capped", versions: CAPPING, run: checkBudget },
];

export const SESSION_LOG_CHECKS: readonly string[] = CHECKS.map(({ name }) => name);

/** Runs the checks on a proxy of this version. */
export async function checkSessionLogs(lab: Lab, version: string): Promise<Findings> {
  const logs = new SessionLogs(lab);
  const findings = new Map<string, string | undefined>();
  for (const check of CHECKS) {
    if (check.versions?.includes(version) === false) continue;
    const problem = await check.run(lab, version, logs).then(
      () => undefined,
      (error: unknown) => String(error).replaceAll(lab.apiKey, "…"),
    );
    findings.set(check.name, problem);
  }
  return findings;
}

function modelOf(lab: Lab, useResponsesApi = false): SessionChatOpenAI {
  const { apiKey, model, baseURL } = lab;
  return new SessionChatOpenAI({ apiKey, model, useResponsesApi, maxRetries: 0, configuration: { baseURL } });
}

async function all(rows: AsyncIterable<SessionLogRow>): Promise<SessionLogRow[]> {
  const list: SessionLogRow[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

async function checkHandler(lab: Lab, _version: string, logs: SessionLogs): Promise<void> {
  const handler = new SessionCallbackHandler();
  const { sessionId } = handler;
  const config = { callbacks: [handler] };
  await modelOf(lab).invoke("one", config);
  for await (const _ of await modelOf(lab).stream("two", config));
  await modelOf(lab, true).invoke("three", config);
  const refused = modelOf(lab, true).invoke("four", { ...config, extraBody: { previous_response_id: "resp_unknown" } });
  await assert.rejects(refused, /previous/i);

  const summary = await logs.waitFor(sessionId, { calls: 4 });
  const rows = await all(logs.list(sessionId));
  const recorded = handler.summary();
  const [ofLog, ofHandler] = [summary, recorded].map((each) => [
    each.sessionId,
    each.calls,
    each.failures,
    each.outputTokens,
  ]);
  assert.deepEqual(ofLog, ofHandler);
  assert.deepEqual(
    rows.map(({ status }) => status),
    ["success", "success", "success", "failure"],
  );
  assert.deepEqual(
    rows.slice(0, 3).map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens]),
    handler.calls.slice(0, 3).map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens]),
  );
  for (const [index, call] of handler.calls.entries()) {
    const row = rows[index];
    assert.ok(row);
    assert.ok(Math.abs(row.startedAt.getTime() - call.startedAt.getTime()) < 5_000, "the clocks differ");
    assert.ok(
      (row.durationMs ?? -1) >= 0 && (row.durationMs ?? 0) <= (call.durationMs ?? 0) + 50,
      "the durations differ",
    );
    if (call.costUsd !== undefined) assert.ok(Math.abs(row.costUsd - call.costUsd) < 1e-9, "the costs differ");
  }
  assert.ok(rows.some(({ costUsd }) => costUsd > 0));
  assert.match(rows[3]?.error ?? "", /resp_unknown/);
}

async function checkPages(lab: Lab, _version: string, logs: SessionLogs): Promise<void> {
  const sessionId = newSessionId();
  const inputs = Array.from({ length: MANY }, (_, index) => `call ${index}`);
  await modelOf(lab).withSession(sessionId).batch(inputs, { maxConcurrency: 20 });
  await logs.waitFor(sessionId, { calls: MANY });
  const rows = await all(logs.list(sessionId));
  assert.equal(new Set(rows.map(({ requestId }) => requestId)).size, MANY);
  assert.equal(rows.length, MANY);
  const times = rows.map(({ startedAt }) => startedAt.getTime());
  // The proxy orders calls of one millisecond differently on each page: a row that fell between
  // two pages is read in another request and comes late.
  const descents = times.filter((time, index) => index > 0 && time < (times[index - 1] as number)).length;
  assert.ok(descents <= MANY / 50, `${descents} of ${MANY} rows are older than the row before`);
}

async function checkUnknown(_lab: Lab, _version: string, logs: SessionLogs): Promise<void> {
  assert.deepEqual(await all(logs.list(newSessionId())), []);
}

async function checkReaders(lab: Lab, version: string, logs: SessionLogs): Promise<void> {
  const sessionId = newSessionId();
  await modelOf(lab).withSession(sessionId).invoke("of the master key");
  await logs.waitFor(sessionId, { calls: 1 });
  const read = async (apiKey: string, id = sessionId): Promise<number | string> => {
    const reading = new SessionLogs({ ...lab, apiKey }).summary(id);
    return reading.then(
      ({ calls }) => calls,
      (error: unknown) => {
        assert.ok(SessionLogsError.isInstance(error), String(error));
        assert.ok(!error.message.includes(apiKey), "the key is in the error");
        return error.code;
      },
    );
  };
  assert.equal(await read("sk-wrong"), "INVALID_KEY");
  assert.equal(await read(await newKey(lab, "/key/generate", {})), "FORBIDDEN");
  for (const [user_role, reading] of Object.entries(READERS[version] ?? {})) {
    const key = await newKey(lab, "/user/new", { user_role, auto_create_key: true });
    assert.equal(await read(key), { all: 1, own: 0, nothing: "FORBIDDEN" }[reading], user_role);
    if (reading !== "own" || user_role !== "internal_user") continue;
    const own = newSessionId();
    await modelOf({ ...lab, apiKey: key })
      .withSession(own)
      .invoke("his own");
    await logs.waitFor(own, { calls: 1 });
    assert.equal(await read(key, own), 1, `${user_role}, a session of his own`);
  }
}

async function newKey(lab: Lab, path: string, body: Record<string, unknown>): Promise<string> {
  const headers = { authorization: `Bearer ${lab.apiKey}`, "content-type": "application/json" };
  const response = await fetch(lab.baseURL + path, { method: "POST", headers, body: JSON.stringify(body) });
  const { key } = (await response.json()) as { key?: unknown };
  assert.ok(response.ok && typeof key === "string", `${path}: HTTP ${response.status}`);
  return key;
}

function command(lab: Lab, ...args: string[]): Promise<string> {
  const env = { ...process.env, LITELLM_BASE_URL: lab.baseURL, LITELLM_API_KEY: lab.apiKey };
  return run(process.execPath, ["--import", "tsx", CLI, ...args], { env });
}

async function checkShow(lab: Lab, _version: string, logs: SessionLogs): Promise<void> {
  const sessionId = newSessionId();
  await modelOf(lab).withSession(sessionId).batch(["one", "two"]);
  await logs.waitFor(sessionId, { calls: 2 });
  const text = await command(lab, "show", sessionId);
  assert.match(text, new RegExp(`^Session ${sessionId}\n`));
  assert.equal(text.match(/^gpt-4o +[▒█]+ +[\d.]+ m?s +10\/5 +<\$0\.0001$/gm)?.length, 2, text);
  assert.ok(text.includes("2 calls · 20 tokens in, 10 out · $0.00015 · "));
  const lines = (await command(lab, "show", sessionId, "--json")).split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map((line) => [line.sessionId, line.status, line.inputTokens]),
    [
      [sessionId, "success", 10],
      [sessionId, "success", 10],
    ],
  );
}

async function checkDoctor(lab: Lab, version: string): Promise<void> {
  const text = await command(lab, "doctor", "--model", lab.model);
  const verdicts = [...text.matchAll(/^(litellm|body|headers|metadata) +\d of 2 +(.*)$/gm)].map(
    ([, ...cells]) => cells,
  );
  assert.deepEqual(verdicts, [
    ["litellm", "groups"],
    ["body", "groups"],
    ["headers", HEADERS_GROUP[version] ? "groups" : "does not group (as expected)"],
    ["metadata", "does not group (as expected)"],
  ]);
}
