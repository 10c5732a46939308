import { checkSessionId } from "../session/session_id.js";
import { checkFields } from "../utils/check_fields.js";
import { readVariable } from "../utils/environment.js";
import { describeValue, invalid } from "../utils/invalid.js";
import { type SessionSummary, SessionSums } from "../utils/session_sums.js";
import {
  checkTimeout,
  parseBaseURL,
  parseKey,
  parsePeriod,
  type SessionLogsFields,
  type SessionLogsOptions,
  type SessionLogsSearchOptions,
  type SessionLogsWaitOptions,
} from "./fields.js";
import { EndlessLog, listOldestFirst } from "./pages.js";
import { getJson, type LogsProxy, notLiteLLM } from "./proxy_request.js";
import { addRow, type LogPage, parsePage, type SessionLogRow } from "./rows.js";
import { listSessions, parseSessionPage, type SessionListEntry } from "./session_list.js";
import { SessionLogsError } from "./session_logs_error.js";

/** Longest pause between two requests of `waitFor`. */
const POLL_MS = 500;

/** `waitFor` stops polling with less time left than this: the request would time out. */
const MIN_POLL_MS = 50;

/** `waitFor` gives reading the sums at least this long, if the calls arrive just in time. */
const MIN_SUMS_MS = 1_000;

/**
 * Reads sessions from the log of a LiteLLM proxy that has a database, from version 1.70 on. The proxy
 * writes its log in batches: a call is in it 3 to 15 seconds after it ended.
 *
 * The key decides who may read. The master key and keys of a `proxy_admin` may read in every version, keys
 * of a `proxy_admin_viewer` in some (1.70 and 1.106, not 1.81). In 1.106 the key of an `internal_user` sees
 * only that user's calls: a session of somebody else looks empty.
 *
 * @throws {TypeError} from the constructor, for an invalid field. The message never contains the API key.
 * @throws {SessionIdError} from the methods, for an id that no session can have.
 * @throws {SessionLogsError} from the methods that send requests. `code` says why, the message what to do.
 *
 * @example
 * ```typescript
 * const logs = new SessionLogs({ baseURL: "http://localhost:4000", apiKey: process.env.LITELLM_MASTER_KEY });
 * await logs.waitFor("conversation-42", { calls: 2 });
 * for await (const { model, durationMs, costUsd } of logs.list("conversation-42")) console.log(model, durationMs, costUsd);
 * ```
 */
export class SessionLogs {
  /** The proxy's URL, without `/v1`. */
  readonly baseURL: string;

  /** `#private`, so that logging the object does not print the API key. */
  readonly #proxy: LogsProxy;

  constructor(fieldsArg: SessionLogsFields = {}) {
    const fields = checkFields(fieldsArg, 'new SessionLogs({ baseURL: "http://localhost:4000" })');
    const { fetch, timeoutMs = 30_000 } = fields;
    checkTimeout(timeoutMs);
    this.baseURL = parseBaseURL(fields.baseURL || readVariable("LITELLM_BASE_URL"));
    const apiKey = parseKey(fields.apiKey || readVariable("LITELLM_API_KEY"));
    this.#proxy = { baseURL: this.baseURL, apiKey, fetch, timeoutMs };
  }

  /**
   * Lists the calls of a session, the oldest first. Empty for a session that is not in the log. It requests a
   * page of at most 100 rows when you read its first row. If the proxy adds a row meanwhile, that row is
   * listed too: out of order, if its call began before calls that were listed already.
   */
  async *list(sessionId: string, options: SessionLogsOptions = {}): AsyncGenerator<SessionLogRow, void, undefined> {
    const id = checkSessionId(sessionId, ARGUMENT);
    yield* this.#list(id, options.signal);
  }

  /**
   * Sums up all calls of a session that are in the log. Times are by the proxy's clock.
   *
   * @throws {SessionLogsError} with code `"TIMEOUT"`, if reading all pages takes longer than the field `timeoutMs`.
   */
  async summary(sessionId: string, options: SessionLogsOptions = {}): Promise<SessionSummary> {
    return this.#sumUp(checkSessionId(sessionId, ARGUMENT), options.signal, this.#proxy.timeoutMs);
  }

  /**
   * Waits until the log has at least `calls` calls of a session. Returns the sums of all of them.
   *
   * @throws {SessionLogsError} with code `"TIMEOUT"`, if they are not in the log within `timeoutMs`.
   * @throws {TypeError} if `calls` is not a whole number of at least 1, or `timeoutMs` is out of range.
   */
  async waitFor(sessionId: string, options: SessionLogsWaitOptions): Promise<SessionSummary> {
    const id = checkSessionId(sessionId, ARGUMENT);
    const { calls, timeoutMs = 60_000, signal } = options;
    checkTimeout(timeoutMs);
    if (!Number.isSafeInteger(calls) || calls < 1) throw invalid('option "calls"', "a positive whole number", calls);
    const deadlineMs = performance.now() + timeoutMs;
    const leftMs = () => Math.max(0, deadlineMs - performance.now());
    let total: number | undefined;
    do {
      try {
        ({ total } = await this.#readPage(id, 1, 1, signal, leftMs()));
      } catch (error) {
        // The proxy answered before, but not this last request: report the missing calls, not the request.
        const isTimeout = SessionLogsError.isInstance(error) && error.code === "TIMEOUT";
        if (total === undefined || leftMs() > MIN_POLL_MS || !isTimeout) throw error;
      }
      if (total >= calls) return await this.#sumUp(id, signal, Math.max(leftMs(), MIN_SUMS_MS));
      // At most half of the time that is left: the other half is for the next request.
      await sleep(Math.min(POLL_MS, leftMs() / 2), signal);
      signal?.throwIfAborted();
    } while (leftMs() > MIN_POLL_MS);
    throw new SessionLogsError(
      "TIMEOUT",
      `${this.baseURL} has ${total} of ${calls} calls of session ${describeValue(id)} in its log after ${timeoutMs / 1_000} s.`,
    );
  }

  /**
   * Lists the sessions that have calls in a time, the newest first. LiteLLM groups by session and key: a session of two
   * keys is listed twice. It requests a page of 100 when you read its first session.
   *
   * @throws {SessionLogsError} with code `"UNSUPPORTED_VERSION"`, if LiteLLM is older than about 1.100.
   * @throws {TypeError} if `since` or `until` is not a valid `Date`.
   *
   * @example
   * ```typescript
   * const since = new Date(Date.now() - 3_600_000);
   * for await (const { sessionId, calls, costUsd } of logs.sessions({ since })) console.log(sessionId, calls, costUsd);
   * ```
   */
  async *sessions(options: SessionLogsSearchOptions = {}): AsyncGenerator<SessionListEntry, void, undefined> {
    const query = new URLSearchParams({
      ...parsePeriod(options),
      group_by_session: "true",
      page: "1",
      page_size: "100",
    });
    try {
      yield* listSessions(async (cursor) => {
        if (cursor !== undefined) query.set("session_cursor", cursor);
        const answer = await getJson(this.#proxy, `/spend/logs/ui?${query}`, options.signal);
        const page = parseSessionPage(answer);
        if (page) return page;
        if (!Array.isArray((answer as { data?: unknown } | null)?.data)) throw notLiteLLM(this.baseURL);
        const message = "can't list sessions: it needs LiteLLM 1.100 or newer. Reading one session works from 1.70 on.";
        throw new SessionLogsError("UNSUPPORTED_VERSION", `${this.baseURL} ${message}`);
      });
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** The address of the session in LiteLLM's admin UI. */
  url(sessionId: string): string {
    return `${this.baseURL}/ui/logs/?session_id=${encodeURIComponent(checkSessionId(sessionId, ARGUMENT))}`;
  }

  async *#list(id: string, signal: AbortSignal | undefined, leftMs?: () => number): AsyncGenerator<SessionLogRow> {
    try {
      yield* listOldestFirst((number, pageSize) => this.#readPage(id, number, pageSize, signal, leftMs?.()));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof EndlessLog)) return error;
    return new SessionLogsError("PROXY_ERROR", `${this.baseURL} ${error.message}. Is it a LiteLLM proxy?`);
  }

  async #sumUp(id: string, signal: AbortSignal | undefined, timeoutMs: number): Promise<SessionSummary> {
    const sums = new SessionSums();
    const deadlineMs = performance.now() + timeoutMs;
    const leftMs = () => deadlineMs - performance.now();
    let hasRows = false;
    try {
      for await (const row of this.#list(id, signal, leftMs)) {
        addRow(sums, row);
        hasRows = true;
      }
    } catch (error) {
      // The first request has all of the time: its own message fits.
      if (!hasRows || !SessionLogsError.isInstance(error) || error.code !== "TIMEOUT") throw error;
      const message = `${this.baseURL} did not answer with all calls of the session within ${Math.round(timeoutMs) / 1_000} s.`;
      throw new SessionLogsError("TIMEOUT", message);
    }
    return sums.summary(id);
  }

  async #readPage(
    id: string,
    number: number,
    pageSize: number,
    signal: AbortSignal | undefined,
    maxMs = Number.POSITIVE_INFINITY,
  ): Promise<LogPage> {
    const query = new URLSearchParams({ session_id: id, page: String(number), page_size: String(pageSize) });
    const timeoutMs = Math.min(this.#proxy.timeoutMs, maxMs);
    if (timeoutMs <= 0) throw new SessionLogsError("TIMEOUT", `${this.baseURL} did not answer in time.`);
    const proxy = { ...this.#proxy, timeoutMs };
    const page = parsePage(await getJson(proxy, `/spend/logs/session/ui?${query}`, signal), id);
    if (!page) throw notLiteLLM(this.baseURL);
    return page;
  }
}

const ARGUMENT = 'argument "sessionId"';

/** Ends early if the signal is aborted. Not `AbortSignal.timeout`: it would not keep the process alive. */
function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}
