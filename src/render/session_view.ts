import type { SessionCall } from "../callbacks/call_records.js";
import type { SessionLogRow } from "../logs/rows.js";
import { cutText, formatErrorText } from "../utils/error_text.js";
import { invalid } from "../utils/invalid.js";
import { isPlainObject } from "../utils/is_plain_object.js";
import { nonNegative } from "../utils/non_negative.js";
import { type SessionSummary, SessionSums } from "../utils/session_sums.js";

/** A session to render: a `SessionCallbackHandler`, or the rows that `SessionLogs.list` yields. */
export type SessionSource =
  | readonly SessionLogRow[]
  | { readonly sessionId: string; readonly calls: readonly SessionCall[]; summary(): SessionSummary };

/** The longest name that a view holds, in UTF-16 units: that of a session id. */
const MAX_TEXT_LENGTH = 1_024;

type CallFields = "durationMs" | "inputTokens" | "outputTokens" | "costUsd" | "error";

/** One call of a {@link SessionView}. `"no end"`: the call is still running, or its stream was abandoned. */
export interface CallView extends Pick<SessionCall, CallFields> {
  readonly model: string;
  readonly status: "ok" | "failed" | "cached" | "no end";
  /** From the start of the view's first call, in milliseconds. */
  readonly startMs: number;
}

/** The data of a rendered session, the same for a handler and for the rows of a log. */
export interface SessionView {
  /** Undefined for a list without rows. */
  readonly sessionId: string | undefined;
  readonly summary: SessionSummary;
  /** The oldest first. */
  readonly calls: readonly CallView[];
  /** Number of older calls that the summary counts, but the handler has dropped (its field `maxCalls`). */
  readonly hiddenCalls: number;
  readonly startedAt: Date;
  /** From the start of the first call to the end of the last one, in milliseconds. */
  readonly spanMs: number;
}

/**
 * Whatever the proxy put into records and rows, a view has texts and finite numbers only, so that rendering it can't throw.
 *
 * @throws {TypeError} if the source is neither.
 */
export function toSessionView(source: SessionSource): SessionView {
  if (Array.isArray(source)) {
    const rows = (source as readonly unknown[]).filter(isPlainObject).map(fromLogRow);
    const sessionId = textOf((source[0] as Partial<SessionLogRow> | undefined)?.sessionId);
    const sums = new SessionSums();
    for (const row of rows) {
      sums.start(row.startedAtMs);
      sums.end(row.startedAtMs, row.status === "failed" ? "failed" : "ok", row);
    }
    return createView(sessionId, sums.summary(sessionId ?? ""), rows);
  }
  if (!isPlainObject(source) || typeof source.summary !== "function" || !Array.isArray(source.calls)) {
    throw invalid('argument "source"', "a SessionCallbackHandler, or rows of SessionLogs", source);
  }
  const calls = (source.calls as readonly unknown[]).filter(isPlainObject).map(fromHandlerCall);
  return createView(textOf(source.sessionId), cleanSummary(source.summary()), calls);
}

type TimedCall = Omit<CallView, "startMs"> & { readonly startedAtMs: number };

function createView(sessionId: string | undefined, summary: SessionSummary, timedCalls: TimedCall[]): SessionView {
  const sortedCalls = timedCalls.sort((a, b) => a.startedAtMs - b.startedAtMs);
  const startedAtMs = sortedCalls[0]?.startedAtMs ?? 0;
  const calls = sortedCalls.map((call) => ({ ...call, startMs: call.startedAtMs - startedAtMs }));
  const spanMs = calls.reduce((end, { startMs, durationMs = 0 }) => Math.max(end, startMs + durationMs), 0);
  const hiddenCalls = Math.max(0, summary.calls - calls.length);
  return { sessionId, summary, calls, hiddenCalls, startedAt: new Date(startedAtMs), spanMs };
}

type Fields = Readonly<Record<string, unknown>>;

function fromHandlerCall(call: Fields): TimedCall {
  const { error, cached, model } = call;
  const fields = cleanFields(call);
  return { ...fields, model: textOf(model) ?? "", status: statusOf(error !== undefined, cached, fields.durationMs) };
}

function fromLogRow(row: Fields): TimedCall {
  const { status, cacheHit, model, modelGroup } = row;
  const fields = cleanFields(row);
  return {
    ...fields,
    model: textOf(modelGroup) ?? textOf(model) ?? "",
    status: statusOf(status === "failure", cacheHit, fields.durationMs),
  };
}

function cleanFields({ startedAt, durationMs, inputTokens, outputTokens, costUsd, error }: Fields) {
  const startedAtMs = startedAt instanceof Date ? startedAt.getTime() : Number.NaN;
  return {
    startedAtMs: Number.isNaN(startedAtMs) ? 0 : startedAtMs,
    durationMs: nonNegative(durationMs),
    inputTokens: nonNegative(inputTokens),
    outputTokens: nonNegative(outputTokens),
    costUsd: nonNegative(costUsd),
    error: error === undefined ? undefined : formatErrorText(textOf(error) ?? "unknown error"),
  };
}

function cleanSummary(summary: unknown): SessionSummary {
  const { sessionId, costUsd, ...counts } = (isPlainObject(summary) ? summary : {}) as Partial<SessionSummary>;
  const count = (name: keyof typeof counts) => nonNegative(counts[name]) ?? 0;
  return {
    sessionId: textOf(sessionId) ?? "",
    calls: count("calls"),
    failures: count("failures"),
    aborted: count("aborted"),
    inputTokens: count("inputTokens"),
    outputTokens: count("outputTokens"),
    cachedInputTokens: count("cachedInputTokens"),
    costUsd: nonNegative(costUsd),
    totalMs: count("totalMs"),
    wallMs: count("wallMs"),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? cutText(value, MAX_TEXT_LENGTH) : undefined;
}

function statusOf(isFailed: boolean, isCached: unknown, durationMs: number | undefined): CallView["status"] {
  if (isFailed) return "failed";
  if (durationMs === undefined) return "no end";
  return isCached === true ? "cached" : "ok";
}
