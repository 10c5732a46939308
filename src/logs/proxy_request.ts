import { cutText } from "../utils/error_text.js";
import { redactKey } from "../utils/secrets.js";
import { parseAnswer, readText, UnreadableAnswer, untilAborted } from "./read_answer.js";
import { SessionLogsError, type SessionLogsErrorCode } from "./session_logs_error.js";

/** The proxy and the settings of the requests to it. */
export interface LogsProxy {
  /** The proxy's URL, without `/v1`. */
  readonly baseURL: string;
  readonly apiKey: string | undefined;
  /** Undefined: the global `fetch`. */
  readonly fetch: typeof globalThis.fetch | undefined;
  /** Time limit of one request. */
  readonly timeoutMs: number;
}

/** The longest text of a proxy in a message of ours. */
const MAX_MESSAGE_LENGTH = 200;

/** Every version of LiteLLM answers this path with "I'm alive!", also without a key. */
const LIVELINESS_PATH = "/health/liveliness";

const NOT_LITELLM =
  "is not a LiteLLM proxy: it answered with something else. baseURL is the proxy's own URL, such as http://localhost:4000";

/**
 * Requests JSON from the proxy.
 *
 * @throws {SessionLogsError} if the request fails, or the response is not JSON.
 * @throws the reason of `signal` if it is aborted.
 */
export async function getJson(proxy: LogsProxy, path: string, signal: AbortSignal | undefined): Promise<unknown> {
  signal?.throwIfAborted();
  const { baseURL, apiKey } = proxy;
  const timeoutMs = Math.ceil(proxy.timeoutMs);
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
  let status: number | undefined;
  let answer: unknown;
  try {
    const sent = (proxy.fetch ?? globalThis.fetch)(baseURL + path, {
      headers: { accept: "application/json", ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
      signal: either,
    });
    const response = await untilAborted(sent, either);
    status = response.status;
    answer = parseAnswer(await readText(response, either), apiKey);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UnreadableAnswer) {
      throw new SessionLogsError("PROXY_ERROR", `${baseURL} ${error.message}.`, status);
    }
    if (timeout.aborted) {
      throw new SessionLogsError("TIMEOUT", `${baseURL} did not answer within ${timeoutMs / 1_000} s.`);
    }
    const message = `can't be reached (${firstLine(reasonOf(error), apiKey)}): is the proxy up, and baseURL right?`;
    throw new SessionLogsError("UNREACHABLE", `${baseURL} ${message}`);
  }
  if (status >= 200 && status < 300 && answer !== undefined) return answer;
  const [code, message] = explainFailure(status, answer, apiKey);
  // A 404 may also come from a server that is not LiteLLM: ask the health endpoint before blaming the version.
  if (code === "UNSUPPORTED_VERSION") {
    if (path === LIVELINESS_PATH) throw notLiteLLM(baseURL, status);
    await checkAlive(proxy, signal);
  }
  throw new SessionLogsError(code, `${baseURL} ${message}`, status);
}

/** @throws {SessionLogsError} if no LiteLLM proxy answers. */
export async function checkAlive(proxy: LogsProxy, signal: AbortSignal | undefined): Promise<void> {
  const answer = await getJson({ ...proxy, apiKey: undefined }, LIVELINESS_PATH, signal);
  if (typeof answer !== "string" || !/alive/i.test(answer)) throw notLiteLLM(proxy.baseURL);
}

/** The error for a response that LiteLLM would not send. */
export function notLiteLLM(baseURL: string, status?: number): SessionLogsError {
  return new SessionLogsError("NOT_LITELLM", `${baseURL} ${NOT_LITELLM}.`, status);
}

/** The code of the error for a failed request, and its message, which continues the sentence after the base URL. */
function explainFailure(status: number, answer: unknown, apiKey: string | undefined): [SessionLogsErrorCode, string] {
  const reported = messageOf(answer);
  if (reported === undefined && status < 500) return ["NOT_LITELLM", `${NOT_LITELLM} (HTTP ${status}).`];
  // LiteLLM has no error codes for these. The patterns match the messages of 1.70.4, 1.81.12 and 1.106.0.
  if (/no connected db|database not connected|no_db_connection/i.test(reported ?? "")) {
    return ["NO_DATABASE", "keeps no logs: it has no database. Set DATABASE_URL for the proxy."];
  }
  if (status === 403 || (status === 401 && /only proxy admin|not allowed to access|your role/i.test(reported ?? ""))) {
    const message =
      "does not let this key read logs. The master key and keys of a proxy_admin may in every version, " +
      "those of a proxy_admin_viewer in some (1.70 and 1.106, not 1.81).";
    return ["FORBIDDEN", message];
  }
  if (status === 401) {
    const message = apiKey === undefined ? "wants an API key: set apiKey or LITELLM_API_KEY." : "refuses the API key.";
    return ["INVALID_KEY", message];
  }
  if (status === 404) {
    const message =
      "has no session logs (HTTP 404): they need LiteLLM 1.70 or newer. Update the proxy, or, if it is newer, check baseURL.";
    return ["UNSUPPORTED_VERSION", message];
  }
  const detail = reported ? `: ${firstLine(reported, apiKey)}` : "";
  return ["PROXY_ERROR", `failed (HTTP ${status})${detail}`];
}

/** The message of an error response: `error.message` in OpenAI's format, `detail` in FastAPI's. */
export function messageOf(answer: unknown): string | undefined {
  const { error, detail } = (answer ?? {}) as { error?: unknown; detail?: unknown };
  const { message, type } = (error ?? {}) as { message?: unknown; type?: unknown };
  if (typeof message === "string") return `${message}${type === "no_db_connection" ? " (no_db_connection)" : ""}`;
  return typeof detail === "string" ? detail : JSON.stringify(detail);
}

/**
 * The first line of a message, to be shown. It has no API key, which some versions of LiteLLM repeat, and no
 * control characters, which a terminal would obey.
 */
export function firstLine(message: string, apiKey: string | undefined): string {
  const [line = ""] = cutText(redactKey(message, apiKey), MAX_MESSAGE_LENGTH).split("\n", 1);
  return line.replace(/\p{Cc}/gu, " ");
}

/** Node's `fetch` throws "fetch failed". Its `cause` has the system's code, such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  const { cause, message } = (error ?? {}) as { cause?: unknown; message?: unknown };
  const { code, message: causeMessage } = (cause ?? {}) as { code?: unknown; message?: unknown };
  return String(code ?? causeMessage ?? message ?? error);
}
