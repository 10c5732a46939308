import { SessionLogsError, type SessionLogsErrorCode } from "./session_logs_error.js";

/** A proxy, and how it is asked. */
export interface LogsProxy {
  /** The proxy's URL, without `/v1`. */
  readonly baseURL: string;
  readonly apiKey: string | undefined;
  readonly fetch: typeof globalThis.fetch | undefined;
  readonly timeoutMs: number;
}

/**
 * Asks a proxy for JSON.
 *
 * @throws {SessionLogsError} if what comes back is not the answer of a LiteLLM proxy to such a request.
 * @throws the reason of `signal`, once it is aborted.
 */
export async function getJson(proxy: LogsProxy, path: string, signal: AbortSignal | undefined): Promise<unknown> {
  signal?.throwIfAborted();
  const { baseURL, apiKey, timeoutMs } = proxy;
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMs));
  let status: number;
  let text: string;
  try {
    const response = await (proxy.fetch ?? globalThis.fetch)(baseURL + path, {
      headers: { accept: "application/json", ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    if (timeout.aborted) {
      throw new SessionLogsError("TIMEOUT", `${baseURL} did not answer within ${Math.ceil(timeoutMs) / 1_000} s.`);
    }
    const reason = withoutKey(reasonOf(error), apiKey);
    throw new SessionLogsError(
      "UNREACHABLE",
      `${baseURL} can't be reached (${reason}): is the proxy up, and baseURL right?`,
    );
  }
  const answer = parseJson(text);
  if (status >= 200 && status < 300 && answer !== undefined) return answer;
  const { code, message } = explain(status, answer, apiKey);
  // Others, too, say that they have no such path.
  if (code === "UNSUPPORTED_VERSION") {
    if (path === ALIVE) throw notLiteLLM(baseURL, status);
    await checkAlive(proxy, signal);
  }
  throw new SessionLogsError(code, `${baseURL} ${message}`, status);
}

const ALIVE = "/health/liveliness";

/**
 * Asks what every LiteLLM answers, of whatever version, without a key.
 *
 * @throws {SessionLogsError} if no LiteLLM answers.
 */
export async function checkAlive(proxy: LogsProxy, signal: AbortSignal | undefined): Promise<void> {
  const answer = await getJson({ ...proxy, apiKey: undefined }, ALIVE, signal);
  if (!/alive/i.test(String(answer))) throw notLiteLLM(proxy.baseURL);
}

/** The error for JSON that is not LiteLLM's. */
export function notLiteLLM(baseURL: string, status?: number): SessionLogsError {
  return new SessionLogsError("NOT_LITELLM", `${baseURL} ${NOT_LITELLM}`, status);
}

const NOT_LITELLM =
  "is not a LiteLLM proxy: it answered with something else. baseURL is the proxy's own URL, such as http://localhost:4000.";

/** What an answer that is no success says, and what to do. */
function explain(
  status: number,
  answer: unknown,
  apiKey: string | undefined,
): { code: SessionLogsErrorCode; message: string } {
  const said = answer === undefined ? undefined : messageOf(answer);
  if (said === undefined && status < 500) {
    return { code: "NOT_LITELLM", message: `${NOT_LITELLM.slice(0, -1)} (HTTP ${status}).` };
  }
  // LiteLLM's words, as 1.70.4, 1.81.12 and 1.106.0 have them.
  if (/no connected db|database not connected|no_db_connection/i.test(said ?? "")) {
    const message = "keeps no logs: it has no database. Set DATABASE_URL for the proxy.";
    return { code: "NO_DATABASE", message };
  }
  if (status === 403 || (status === 401 && /only proxy admin|not allowed to access|your role/i.test(said ?? ""))) {
    const message =
      "does not let this key read logs. The master key and keys of a proxy_admin may in every version, " +
      "those of a proxy_admin_viewer in some (1.70 and 1.106, not 1.81).";
    return { code: "FORBIDDEN", message };
  }
  if (status === 401) {
    const message = apiKey === undefined ? "wants an API key: set apiKey or LITELLM_API_KEY." : "refuses the API key.";
    return { code: "INVALID_KEY", message };
  }
  if (status === 404) {
    const message =
      "has no session logs (HTTP 404): they need LiteLLM 1.70 or newer. Update the proxy, or, if it is newer, check baseURL.";
    return { code: "UNSUPPORTED_VERSION", message };
  }
  const detail = said ? `: ${withoutKey(said, apiKey).split("\n")[0]?.slice(0, 200)}` : "";
  return { code: "PROXY_ERROR", message: `failed (HTTP ${status})${detail}` };
}

/** The message of an error in one of LiteLLM's shapes: OpenAI's, or FastAPI's. */
export function messageOf(answer: unknown): string | undefined {
  const { error, detail } = (answer ?? {}) as { error?: unknown; detail?: unknown };
  const { message, type } = (error ?? {}) as { message?: unknown; type?: unknown };
  if (typeof message === "string") return `${message}${type === "no_db_connection" ? " (no_db_connection)" : ""}`;
  if (typeof detail === "string") return detail;
  return detail === undefined ? undefined : JSON.stringify(detail);
}

/** The text without the key, which some versions repeat, and without what a terminal would obey. */
export function withoutKey(text: string, apiKey: string | undefined): string {
  const safe = apiKey ? text.replaceAll(apiKey, "…") : text;
  return safe.replace(/(?!\n)\p{Cc}/gu, " ");
}

/** Why `fetch` failed: the system's code, where there is one. */
function reasonOf(error: unknown): string {
  const { cause, message } = (error ?? {}) as { cause?: unknown; message?: unknown };
  const { code, message: why } = (cause ?? {}) as { code?: unknown; message?: unknown };
  return String(code ?? why ?? message ?? error).split("\n")[0] ?? "";
}

/** What a text says in JSON. Undefined if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
