import { cutText, formatErrorText } from "../utils/error_text.js";
import { isPlainObject } from "../utils/is_plain_object.js";
import { nonNegative } from "../utils/non_negative.js";
import { parseJson } from "../utils/parse_json.js";
import type { SessionSums } from "../utils/session_sums.js";
import { parseStep, type SessionLogStep } from "./row_step.js";

/** One call in LiteLLM's log. */
export interface SessionLogRow {
  /** The row's key in the log: the provider's id of the response, or LiteLLM's id of the call. */
  readonly requestId: string;
  /** LiteLLM's name of the endpoint: `"acompletion"`, `"aresponses"`, `"aembedding"`, … */
  readonly callType: string;
  /** The model that LiteLLM requested from the provider. */
  readonly model: string;
  /** The name of the model in the proxy's config. */
  readonly modelGroup: string | undefined;
  /** The provider: `"openai"`, … */
  readonly provider: string | undefined;
  readonly startedAt: Date;
  /** From start to end of the call, in milliseconds, by the proxy's clock. Undefined if the log has no end. */
  readonly durationMs: number | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The cost in US dollars. LiteLLM logs 0 for a model without a price. */
  readonly costUsd: number;
  readonly status: "success" | "failure";
  /**
   * Class and message of the error with which the call failed, at most 2,000 characters. Undefined if the proxy does
   * not log them.
   */
  readonly error: string | undefined;
  /** Whether the response came from the proxy's cache. */
  readonly cacheHit: boolean;
  readonly sessionId: string;
  /** The step of the app that made the call. Undefined if its model did not send it (`logSteps`). */
  readonly step?: SessionLogStep | undefined;
  /** From start to the first token, in milliseconds. Undefined for a call that is not streamed. */
  readonly firstTokenMs?: number | undefined;
  /** The part of `inputTokens` that the provider read from its prompt cache. Undefined if the log does not say. */
  readonly cachedInputTokens?: number | undefined;
  /** LiteLLM's id of the call, as in the response header `x-litellm-call-id`. */
  readonly callId?: string | undefined;
  /** The MCP tool that was called, with the name of its server. */
  readonly toolName?: string | undefined;
  /** The A2A agent that was called. */
  readonly agentId?: string | undefined;
  /** The end user, as the request named it. */
  readonly endUser?: string | undefined;
  /** At most 100. */
  readonly tags: readonly string[];
  readonly attemptedRetries?: number | undefined;
  /** The row as the proxy sent it. Its fields differ between versions of LiteLLM. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** A page of a session's log. The totals count all pages. */
export interface LogPage {
  readonly rows: readonly SessionLogRow[];
  readonly total: number;
  readonly totalPages: number;
}

/** The longest name or id in a row, in UTF-16 units: that of a session id. LiteLLM's ids of `/responses` have some 600. */
const MAX_TEXT_LENGTH = 1_024;

const MAX_TAGS = 100;

/** Where a call is not streamed, LiteLLM's time of the first token is its end, or a millisecond before. */
const MIN_STREAM_MS = 5;

/** Undefined if the answer is not a page of LiteLLM's log. */
export function parsePage(answer: unknown, sessionId: string): LogPage | undefined {
  // LiteLLM 1.70 answers with a bare list of all rows.
  const { data, total, total_pages } = Array.isArray(answer)
    ? { data: answer, total: answer.length, total_pages: 1 }
    : ((answer ?? {}) as Record<string, unknown>);
  if (!Array.isArray(data) || !isCount(total) || !isCount(total_pages)) return undefined;
  const rows = data.map((raw) => parseRow(raw, sessionId));
  return rows.every((row) => row !== undefined) ? { rows, total, totalPages: total_pages } : undefined;
}

/** Undefined if the value is not a row of LiteLLM's log. */
function parseRow(raw: unknown, sessionId: string): SessionLogRow | undefined {
  if (!isPlainObject(raw)) return undefined;
  const startedAt = parseTime(raw.startTime);
  const requestId = textOf(raw.request_id);
  if (requestId === undefined || startedAt === undefined) return undefined;
  const endedAt = parseTime(raw.endTime);
  const metadata = objectOf(raw.metadata);
  const firstTokenAt = parseTime(raw.completionStartTime);
  const isStreamed =
    firstTokenAt !== undefined && endedAt !== undefined && endedAt.getTime() - firstTokenAt.getTime() > MIN_STREAM_MS;
  const usage = objectOf(metadata.usage_object);
  return {
    requestId,
    callType: textOf(raw.call_type) ?? "",
    model: textOf(raw.model) ?? "",
    modelGroup: textOf(raw.model_group),
    provider: textOf(raw.custom_llm_provider),
    startedAt,
    durationMs: endedAt && Math.max(0, endedAt.getTime() - startedAt.getTime()),
    inputTokens: nonNegative(raw.prompt_tokens) ?? 0,
    outputTokens: nonNegative(raw.completion_tokens) ?? 0,
    costUsd: nonNegative(raw.spend) ?? 0,
    // LiteLLM 1.70 has no status column, only the status in the metadata.
    status: (textOf(raw.status) ?? metadata.status) === "failure" ? "failure" : "success",
    error: formatError(metadata.error_information),
    cacheHit: String(raw.cache_hit).toLowerCase() === "true",
    sessionId: textOf(raw.session_id) ?? sessionId,
    step: parseStep(objectOf(objectOf(metadata.spend_logs_metadata).langchain)),
    firstTokenMs: isStreamed ? Math.max(0, firstTokenAt.getTime() - startedAt.getTime()) : undefined,
    cachedInputTokens: nonNegative(
      objectOf(usage.prompt_tokens_details ?? usage.input_tokens_details).cached_tokens ??
        usage.cache_read_input_tokens,
    ),
    callId: textOf(metadata.litellm_call_id),
    toolName: textOf(raw.mcp_namespaced_tool_name),
    agentId: textOf(raw.agent_id),
    endUser: textOf(raw.end_user),
    tags: parseTags(raw.request_tags),
    attemptedRetries: nonNegative(metadata.attempted_retries),
    raw,
  };
}

/** Adds a row to the sums of its session. */
export function addRow(sums: SessionSums, row: SessionLogRow): void {
  const startMs = row.startedAt.getTime();
  sums.start(startMs);
  sums.end(startMs, row.status === "failure" ? "failed" : "ok", row);
}

/** Some versions of LiteLLM send a time without a zone. It is in UTC, but `Date` would read it as local time. */
export function parseTime(value: unknown): Date | undefined {
  if (typeof value !== "string") return undefined;
  const time = new Date(/(?:Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Leaves out `traceback`, the third field of LiteLLM's `error_information`. */
function formatError(information: unknown): string | undefined {
  const { error_class, error_message } = objectOf(information);
  const parts = [error_class, error_message].filter((part) => typeof part === "string" && part !== "");
  return parts.length > 0 ? formatErrorText(parts.join(": ")) : undefined;
}

function parseTags(value: unknown): string[] {
  const tags: unknown = typeof value === "string" ? parseJson(value) : value;
  if (!Array.isArray(tags)) return [];
  return tags
    .slice(0, MAX_TAGS)
    .map(textOf)
    .filter((tag) => tag !== undefined);
}

/** Some versions of LiteLLM send a JSON column of Postgres as text. */
export function objectOf(value: unknown): Record<string, unknown> {
  const parsed = typeof value === "string" ? parseJson(value) : value;
  return isPlainObject(parsed) ? parsed : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? cutText(value, MAX_TEXT_LENGTH) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
