import { isPlainObject } from "../utils/is_plain_object.js";
import type { SessionSums } from "../utils/session_sums.js";

/** One call in LiteLLM's log. */
export interface SessionLogRow {
  /** The row's key in the log: the provider's id of the answer, or LiteLLM's id of the call. */
  readonly requestId: string;
  /** LiteLLM's name of the endpoint: `"acompletion"`, `"aresponses"`, `"aembedding"`, … */
  readonly callType: string;
  /** The model that the provider was asked for. */
  readonly model: string;
  /** The name under which the proxy's config lists the model. */
  readonly modelGroup: string | undefined;
  /** The provider: `"openai"`, … */
  readonly provider: string | undefined;
  readonly startedAt: Date;
  /** From start to end of the call, in milliseconds, by the proxy's clock. Undefined where the log has no end. */
  readonly durationMs: number | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The cost in US dollars. LiteLLM logs 0 for a model without a price. */
  readonly costUsd: number;
  readonly status: "success" | "failure";
  /** Class and message of the error with which the call failed, where the proxy logs them. */
  readonly error: string | undefined;
  /** Whether the answer came from the proxy's cache. */
  readonly cacheHit: boolean;
  readonly sessionId: string;
  /** The row as the proxy gave it. What is in it differs from version to version. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** An answer of the proxy: rows, and how many there are in all. */
export interface LogPage {
  readonly rows: readonly SessionLogRow[];
  readonly total: number;
  readonly totalPages: number;
}

/** Reads an answer of LiteLLM. Undefined if it is none. */
export function parsePage(answer: unknown, sessionId: string): LogPage | undefined {
  // LiteLLM 1.70 answers with a bare list of all rows.
  const { data, total, total_pages } = Array.isArray(answer)
    ? { data: answer, total: answer.length, total_pages: 1 }
    : ((answer ?? {}) as Record<string, unknown>);
  if (!Array.isArray(data) || !isCount(total) || !isCount(total_pages)) return undefined;
  const rows: SessionLogRow[] = [];
  for (const raw of data) {
    const row = parseRow(raw, sessionId);
    if (!row) return undefined;
    rows.push(row);
  }
  return { rows, total, totalPages: total_pages };
}

/** Reads a row of the log. Undefined if it is none. */
function parseRow(raw: unknown, sessionId: string): SessionLogRow | undefined {
  if (!isPlainObject(raw)) return undefined;
  const startedAt = parseTime(raw.startTime);
  const requestId = textOf(raw.request_id);
  if (requestId === undefined || startedAt === undefined) return undefined;
  const endedAt = parseTime(raw.endTime);
  const metadata = objectOf(raw.metadata);
  return {
    requestId,
    callType: textOf(raw.call_type) ?? "",
    model: textOf(raw.model) ?? "",
    modelGroup: textOf(raw.model_group),
    provider: textOf(raw.custom_llm_provider),
    startedAt,
    durationMs: endedAt && Math.max(0, endedAt.getTime() - startedAt.getTime()),
    inputTokens: numberOf(raw.prompt_tokens),
    outputTokens: numberOf(raw.completion_tokens),
    costUsd: numberOf(raw.spend),
    // The column is newer than the metadata: 1.70 has the metadata alone.
    status: (textOf(raw.status) ?? metadata.status) === "failure" ? "failure" : "success",
    error: errorOf(metadata.error_information),
    cacheHit: String(raw.cache_hit).toLowerCase() === "true",
    sessionId: textOf(raw.session_id) ?? sessionId,
    raw,
  };
}

/** Adds a row to the sums of its session. Its times are by the proxy's clock. */
export function addRow(sums: SessionSums, row: SessionLogRow): void {
  const startMs = row.startedAt.getTime();
  sums.start(startMs);
  sums.end(startMs, { ...row, isFailed: row.status === "failure" });
}

/** A time of Postgres. One without a zone is in UTC, which `Date` would take for local time. */
function parseTime(value: unknown): Date | undefined {
  if (typeof value !== "string") return undefined;
  const time = new Date(/(?:Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** The error without its traceback. */
function errorOf(information: unknown): string | undefined {
  const { error_class, error_message } = objectOf(information);
  const parts = [error_class, error_message].filter((part) => typeof part === "string" && part !== "");
  return parts.length > 0 ? parts.join(": ") : undefined;
}

/** An object, or the JSON of one: some versions give the column as it is in Postgres. */
function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "string") return isPlainObject(value) ? value : {};
  try {
    return objectOf(Object(JSON.parse(value)));
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
