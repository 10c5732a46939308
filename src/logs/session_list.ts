import { isPlainObject } from "../utils/is_plain_object.js";
import { nonNegative } from "../utils/non_negative.js";
import { EndlessLog, MAX_PAGES } from "./pages.js";
import { objectOf, parseTime, textOf } from "./rows.js";

/** A session that `SessionLogs.sessions` found. The sums are those of its calls in the requested time. */
export interface SessionListEntry {
  readonly sessionId: string;
  readonly calls: number;
  /** In US dollars. LiteLLM logs 0 for a model without a price. */
  readonly costUsd: number;
  /** The start of the newest call. */
  readonly lastCallAt: Date;
  /** The sum of the calls' durations, in milliseconds. */
  readonly totalMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The names of the models, at most 100. */
  readonly models: readonly string[];
  /** The number of calls of MCP tools. */
  readonly toolCalls: number;
  /** The number of answers from the proxy's cache. */
  readonly cachedCalls: number;
  /** The name of the key that made the calls. Undefined if it has none. */
  readonly keyName: string | undefined;
}

interface SessionListPage {
  readonly entries: readonly SessionListEntry[];
  /** Undefined on the last page. */
  readonly cursor: string | undefined;
}

/** Requests the page after `cursor`. */
export type ReadSessionPage = (cursor: string | undefined) => Promise<SessionListPage>;

const MAX_MODELS = 100;

/** A time, the hash of a key and a session id. It becomes a part of a URL. */
const MAX_CURSOR_LENGTH = 4_096;

/**
 * Lists sessions, the newest first.
 *
 * @throws {EndlessLog} if a page repeats earlier sessions, or pages do not end.
 */
export async function* listSessions(read: ReadSessionPage): AsyncGenerator<SessionListEntry, void, undefined> {
  const listed = new Set<string>();
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await read(cursor);
    const countBefore = listed.size;
    for (const entry of page.entries) {
      // LiteLLM groups by session and key.
      const key = `${entry.sessionId}\n${entry.keyName ?? ""}\n${entry.lastCallAt.getTime()}`;
      if (listed.has(key)) continue;
      listed.add(key);
      yield entry;
    }
    if (page.cursor === undefined) return;
    if (listed.size === countBefore || page.cursor === cursor) throw new EndlessLog("repeats its sessions without end");
    cursor = page.cursor;
  }
  throw new EndlessLog(`has more than ${MAX_PAGES} pages of sessions`);
}

/** Undefined if the answer is no page of sessions: LiteLLM before 1.100 answers with calls, without `has_more`. */
export function parseSessionPage(answer: unknown): SessionListPage | undefined {
  const { data, has_more, next_session_cursor } = isPlainObject(answer) ? answer : {};
  if (!Array.isArray(data) || typeof has_more !== "boolean") return undefined;
  const hasCursor =
    has_more && typeof next_session_cursor === "string" && next_session_cursor.length <= MAX_CURSOR_LENGTH;
  const cursor = hasCursor ? next_session_cursor : undefined;
  return { entries: data.map(parseEntry).filter((entry) => entry !== undefined), cursor };
}

function parseEntry(raw: unknown): SessionListEntry | undefined {
  if (!isPlainObject(raw)) return undefined;
  const sessionId = textOf(raw.session_id);
  const lastCallAt = parseTime(raw.startTime);
  if (sessionId === undefined || lastCallAt === undefined) return undefined;
  const models = Array.isArray(raw.session_models) ? raw.session_models : [raw.model_group ?? raw.model];
  return {
    sessionId,
    calls: nonNegative(raw.session_total_count) ?? 1,
    costUsd: nonNegative(raw.session_total_spend) ?? nonNegative(raw.spend) ?? 0,
    lastCallAt,
    totalMs: nonNegative(raw.session_total_duration_ms) ?? 0,
    inputTokens: nonNegative(raw.session_total_prompt_tokens) ?? 0,
    outputTokens: nonNegative(raw.session_total_completion_tokens) ?? 0,
    models: models
      .slice(0, MAX_MODELS)
      .map(textOf)
      .filter((model) => model !== undefined),
    toolCalls: nonNegative(raw.mcp_tool_call_count) ?? 0,
    cachedCalls: nonNegative(raw.session_cache_hit_count) ?? 0,
    keyName: textOf(objectOf(raw.metadata).user_api_key_alias),
  };
}
