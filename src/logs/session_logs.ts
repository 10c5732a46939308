import { checkSessionId } from "../session/session_id.js";
import { describeValue } from "../utils/describe_value.js";
import { readVariable } from "../utils/environment.js";
import { invalid } from "../utils/invalid.js";
import { type SessionSummary, SessionSums } from "../utils/session_sums.js";
import {
  checkTimeout,
  parseBaseURL,
  parseKey,
  type SessionLogsFields,
  type SessionLogsOptions,
  type SessionLogsWaitOptions,
} from "./fields.js";
import { listOldestFirst } from "./pages.js";
import { getJson, type LogsProxy, notLiteLLM } from "./proxy_request.js";
import { addRow, type LogPage, parsePage, type SessionLogRow } from "./rows.js";
import { SessionLogsError } from "./session_logs_error.js";

/** How long to wait between two looks at the log. */
const POLL_MS = 500;

/** With less time left than this, there is no use in another look. */
const LAST_LOOK_MS = 50;

/**
 * Reads sessions out of the log of a LiteLLM proxy that has a database, from version 1.70 on. A
 * proxy writes its log in batches: a call is there 3 to 15 seconds after it ended.
 *
 * Who may read depends on the key: the master key and keys of a `proxy_admin` may everywhere, those
 * of a `proxy_admin_viewer` in some versions (1.70 and 1.106, not 1.81). In 1.106 an `internal_user`
 * may read too, but sees only calls of their own: to such a key, a session of others looks empty.
 *
 * @throws {TypeError} from the constructor, for a field that can't be. No message holds the API key.
 * @throws {SessionIdError} from the methods, for an id that no session can have.
 * @throws {SessionLogsError} from the methods that ask the proxy, with a `code`, saying what to do.
 *
 * @example
 * ```typescript
 * const logs = new SessionLogs({ baseURL: "http://localhost:4000", apiKey: process.env.LITELLM_MASTER_KEY });
 * await logs.waitFor("conversation-42", { calls: 2 });
 * for await (const { model, durationMs, costUsd } of logs.list("conversation-42")) console.log(model, durationMs, costUsd);
 * ```
 */
export class SessionLogs {
  /** The proxy's own URL, without `/v1`. */
  readonly baseURL: string;

  /** Not a property that shows: the key is in it. */
  readonly #proxy: LogsProxy;

  constructor(fields: SessionLogsFields = {}) {
    const { fetch, timeoutMs = 30_000 } = fields;
    checkTimeout(timeoutMs);
    this.baseURL = parseBaseURL(fields.baseURL || readVariable("LITELLM_BASE_URL"));
    const apiKey = parseKey(fields.apiKey || readVariable("LITELLM_API_KEY"));
    this.#proxy = { baseURL: this.baseURL, apiKey, fetch, timeoutMs };
  }

  /**
   * The calls of a session, the oldest first: none for a session that the log doesn't have. Reads a
   * page of at most 100 rows at a time, when it is asked for. A row that is written meanwhile comes
   * too: out of order, if its call began before calls that were given already.
   */
  async *list(sessionId: string, options: SessionLogsOptions = {}): AsyncGenerator<SessionLogRow, void, undefined> {
    const id = checkSessionId(sessionId, 'argument "sessionId"');
    yield* listOldestFirst((page, pageSize) => this.#readPage(id, page, pageSize, options.signal));
  }

  /** Sums over all calls of a session that are in the log. Times are by the proxy's clock. */
  async summary(sessionId: string, options: SessionLogsOptions = {}): Promise<SessionSummary> {
    const sums = new SessionSums();
    for await (const row of this.list(sessionId, options)) addRow(sums, row);
    return sums.summary(sessionId);
  }

  /**
   * Waits until the log has this many calls of a session, or more, and returns their sums.
   *
   * @throws {SessionLogsError} with code `"TIMEOUT"`, if it hasn't in time.
   * @throws {TypeError} if `calls` is not a whole number of at least 1, or `timeoutMs` is out of range.
   */
  async waitFor(sessionId: string, options: SessionLogsWaitOptions): Promise<SessionSummary> {
    const id = checkSessionId(sessionId, 'argument "sessionId"');
    const { calls, timeoutMs = 60_000, signal } = options;
    checkTimeout(timeoutMs);
    if (!Number.isSafeInteger(calls) || calls < 1) {
      throw invalid('option "calls"', "a positive whole number", calls);
    }
    const deadlineMs = performance.now() + timeoutMs;
    let total: number | undefined;
    for (let leftMs = timeoutMs; total === undefined || leftMs > LAST_LOOK_MS; ) {
      try {
        ({ total } = await this.#readPage(id, 1, 1, signal, leftMs));
      } catch (error) {
        // A proxy that answered before, and now not in the rest of the time: the calls were not there.
        if (total === undefined || performance.now() < deadlineMs - LAST_LOOK_MS || !isTimeout(error)) throw error;
      }
      if (total >= calls) return this.summary(id, { signal });
      leftMs = deadlineMs - performance.now();
      // Half of the rest is left for the next look.
      await sleep(Math.max(0, Math.min(POLL_MS, leftMs / 2)), signal);
      leftMs = deadlineMs - performance.now();
    }
    throw new SessionLogsError(
      "TIMEOUT",
      `${this.baseURL} has ${total} of ${calls} calls of session ${describeValue(id)} in its log after ${timeoutMs / 1_000} s.`,
    );
  }

  /** The session in LiteLLM's own UI. */
  url(sessionId: string): string {
    return `${this.baseURL}/ui/logs/?session_id=${encodeURIComponent(checkSessionId(sessionId, 'argument "sessionId"'))}`;
  }

  async #readPage(
    id: string,
    page: number,
    pageSize: number,
    signal: AbortSignal | undefined,
    limitMs = Number.POSITIVE_INFINITY,
  ): Promise<LogPage> {
    const query = new URLSearchParams({ session_id: id, page: String(page), page_size: String(pageSize) });
    const proxy = { ...this.#proxy, timeoutMs: Math.min(this.#proxy.timeoutMs, limitMs) };
    const parsed = parsePage(await getJson(proxy, `/spend/logs/session/ui?${query}`, signal), id);
    if (!parsed) throw notLiteLLM(this.baseURL);
    return parsed;
  }
}

function isTimeout(error: unknown): boolean {
  return SessionLogsError.isInstance(error) && error.code === "TIMEOUT";
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
