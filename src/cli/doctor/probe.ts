import { sessionFetch } from "../../clients/session_fetch.js";
import { checkAlive, firstLine, getJson, type LogsProxy, messageOf, notLiteLLM } from "../../logs/proxy_request.js";
import { parseAnswer, readText, untilAborted } from "../../logs/read_answer.js";
import { costOf, parseResponseHeaders } from "../../transport/response_headers.js";
import { isPlainObject } from "../../utils/is_plain_object.js";
import type { TransportName } from "./report.js";

const TIMEOUT_MS = 60_000;

/** The session that tests one transport. */
export interface Probe {
  readonly transport: TransportName;
  readonly sessionId: string;
  readonly answers: ProbeAnswer[];
}

/** The result of one call. */
export interface ProbeAnswer {
  /** Undefined if the model answered. */
  readonly error?: string | undefined;
  /** Whether the proxy rejects calls of this transport: trying again would not help. */
  readonly isRefused?: boolean | undefined;
  /** The key of the call's row in the log. */
  readonly requestId?: string | undefined;
  readonly version?: string | undefined;
  readonly costUsd?: number | undefined;
}

export interface ProxyFacts {
  /** LiteLLM's version. Undefined if the proxy does not tell it without a key: newer versions do not. */
  readonly version: string | undefined;
  /** Names of the models that the key may use. */
  models(): Promise<string[]>;
}

/** @throws {SessionLogsError} if the server is not a LiteLLM proxy. */
export async function askProxy(baseURL: string): Promise<ProxyFacts> {
  const proxy = proxyAt(baseURL);
  await checkAlive(proxy, undefined);
  const proxyWithoutKey = { ...proxy, apiKey: undefined };
  const readiness = await getJson(proxyWithoutKey, "/health/readiness", undefined).catch(() => undefined);
  const { litellm_version } = (readiness ?? {}) as { litellm_version?: unknown };
  return {
    version: typeof litellm_version === "string" ? litellm_version : undefined,
    async models() {
      const answer = await getJson(proxy, "/v1/models", undefined);
      const { data } = answer as { data?: unknown };
      if (!Array.isArray(data)) throw notLiteLLM(baseURL);
      return data.map((model) => String((model as { id?: unknown } | null)?.id ?? ""));
    },
  };
}

/** The model to call without `--model`: LITELLM_MODEL, else the first whose name could be that of a chat model. */
export function chooseModel(models: readonly string[]): string | undefined {
  const notChat = /\*|embed|whisper|tts|transcri|dall-e|image|rerank|moderation|realtime|^$/i;
  return process.env.LITELLM_MODEL || models.find((model) => !notChat.test(model));
}

/** Sends one short call in the probe's session. `sessionFetch` writes the id as `SessionChatOpenAI` does. */
export async function sendCall(
  baseURL: string,
  model: string,
  { transport, sessionId }: Probe,
  index: number,
): Promise<ProbeAnswer> {
  const send = sessionFetch({ sessionId, sessionTransport: transport });
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const sent = send(`${baseURL}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${process.env.LITELLM_API_KEY ?? ""}`, "content-type": "application/json" },
      // Each call has another text: the proxy's cache would answer the same text without a call.
      body: JSON.stringify({ model, max_tokens: 1, messages: [{ role: "user", content: `Say ${index}.` }] }),
      signal: timeout,
    });
    const response = await untilAborted(sent, timeout);
    const { version } = parseResponseHeaders(response.headers) ?? {};
    const costUsd = costOf(response.headers, undefined);
    const text = await readText(response, timeout);
    const answer = parseAnswer(text, process.env.LITELLM_API_KEY);
    if (response.ok) return { version, costUsd, requestId: idOf(answer) };
    const isRefused = response.status < 500 && response.status !== 408 && response.status !== 429;
    return { version, isRefused, error: `HTTP ${response.status}: ${formatReason(messageOf(answer) ?? text)}` };
  } catch (error) {
    return {
      error: timeout.aborted ? `no answer within ${TIMEOUT_MS / 1_000} s` : formatReason((error as Error).message),
    };
  }
}

/**
 * Whether the log has a call in another session. Only then it is certain that the call did not group. False if
 * the request fails, or the row is not in the log yet.
 */
export async function isInAnotherSession(
  baseURL: string,
  requestId: string,
  sessionId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const path = `/spend/logs?${new URLSearchParams({ request_id: requestId })}`;
  const answer = await getJson(proxyAt(baseURL), path, signal).catch(() => undefined);
  const rows: unknown[] = Array.isArray(answer) ? answer : [];
  const loggedSessionId = rows.filter(isPlainObject).find((row) => row.request_id === requestId)?.session_id;
  return loggedSessionId !== undefined && loggedSessionId !== sessionId;
}

function proxyAt(baseURL: string): LogsProxy {
  return { baseURL, apiKey: process.env.LITELLM_API_KEY || undefined, fetch: undefined, timeoutMs: TIMEOUT_MS };
}

/** The `id` of a response is the key of the call's row in LiteLLM's log. A longer one would not fit into a URL. */
function idOf(answer: unknown): string | undefined {
  const { id } = (answer ?? {}) as { id?: unknown };
  return typeof id === "string" && id !== "" && id.length <= 2_000 ? id : undefined;
}

function formatReason(message: string): string {
  return firstLine(message, process.env.LITELLM_API_KEY);
}
