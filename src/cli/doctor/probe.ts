import { sessionFetch } from "../../clients/session_fetch.js";
import {
  checkAlive,
  firstLine,
  getJson,
  type LogsProxy,
  messageOf,
  notLiteLLM,
  parseJson,
} from "../../logs/proxy_request.js";
import { costOf, parseResponseHeaders } from "../../transport/response_headers.js";
import { isPlainObject } from "../../utils/is_plain_object.js";
import type { TransportName } from "./report.js";

const TIMEOUT_MS = 60_000;

/** A session that is sent by one transport. */
export interface Probe {
  readonly transport: TransportName;
  readonly sessionId: string;
  readonly answers: ProbeAnswer[];
}

/** What came back of a call. */
export interface ProbeAnswer {
  /** Why there was no answer. */
  readonly error?: string | undefined;
  /** Whether the proxy does not take such a call. */
  readonly isRefused?: boolean | undefined;
  /** The call's key in the log. */
  readonly requestId?: string | undefined;
  readonly version?: string | undefined;
  readonly costUsd?: number | undefined;
}

export interface ProxyFacts {
  /** The version, where the proxy says it without a key. */
  readonly version: string | undefined;
  /** Names of the models that the key may use. */
  models(): Promise<string[]>;
}

/**
 * Asks a proxy what it is.
 *
 * @throws {SessionLogsError} if it is no LiteLLM.
 */
export async function askProxy(baseURL: string): Promise<ProxyFacts> {
  const proxy = proxyAt(baseURL);
  await checkAlive(proxy, undefined);
  // Newer versions do not tell strangers which they are.
  const stranger = { ...proxy, apiKey: undefined };
  const readiness = await getJson(stranger, "/health/readiness", undefined).catch(() => undefined);
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

/** The model to call where the user names none: LITELLM_MODEL, else the first that looks like one for chat. */
export function chooseModel(models: readonly string[]): string | undefined {
  const other = /\*|embed|whisper|tts|transcri|dall-e|image|rerank|moderation|realtime|^$/i;
  return process.env.LITELLM_MODEL || models.find((model) => !other.test(model));
}

/** One short call in the session of the probe, sent as a model of this package would send it. */
export async function sendCall(
  baseURL: string,
  model: string,
  { transport, sessionId }: Probe,
  index: number,
): Promise<ProbeAnswer> {
  const send = sessionFetch({ sessionId, sessionTransport: transport });
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await send(`${baseURL}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${process.env.LITELLM_API_KEY ?? ""}`, "content-type": "application/json" },
      // No two alike: a cache would answer the second.
      body: JSON.stringify({ model, max_tokens: 1, messages: [{ role: "user", content: `Say ${index}.` }] }),
      signal: timeout,
    });
    const { version } = parseResponseHeaders(response.headers) ?? {};
    const costUsd = costOf(response.headers, undefined);
    const text = await response.text();
    if (response.ok) return { version, costUsd, requestId: idOf(text) };
    const isRefused = response.status < 500 && response.status !== 408 && response.status !== 429;
    return { version, isRefused, error: `HTTP ${response.status}: ${reasonOf(text)}` };
  } catch (error) {
    return { error: timeout.aborted ? `no answer within ${TIMEOUT_MS / 1_000} s` : reasonOf((error as Error).message) };
  }
}

/**
 * Whether a call is in the log, but in another session. False also where the proxy does not say:
 * only of a call that was found elsewhere is it certain that it did not group.
 */
export async function isElsewhere(baseURL: string, requestId: string, sessionId: string): Promise<boolean> {
  const path = `/spend/logs?${new URLSearchParams({ request_id: requestId })}`;
  const answer = await getJson(proxyAt(baseURL), path, undefined).catch(() => undefined);
  const rows: unknown[] = Array.isArray(answer) ? answer : [];
  const found = rows.filter(isPlainObject).find((row) => row.request_id === requestId)?.session_id;
  return found !== undefined && found !== sessionId;
}

function proxyAt(baseURL: string): LogsProxy {
  return { baseURL, apiKey: process.env.LITELLM_API_KEY || undefined, fetch: undefined, timeoutMs: TIMEOUT_MS };
}

/** The id of an answer: LiteLLM keeps the call under it. */
function idOf(text: string): string | undefined {
  const { id } = (parseJson(text) ?? {}) as { id?: unknown };
  return typeof id === "string" && id !== "" ? id : undefined;
}

/** The first line of the error that a response reports. */
function reasonOf(text: string): string {
  return firstLine(messageOf(parseJson(text)) ?? text, process.env.LITELLM_API_KEY).slice(0, 200);
}
