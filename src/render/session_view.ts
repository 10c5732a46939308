import type { SessionCall } from "../callbacks/call_records.js";
import { addRow, type SessionLogRow } from "../logs/rows.js";
import { type SessionSummary, SessionSums } from "../utils/session_sums.js";

/** A session to render: a `SessionCallbackHandler`, or the rows that `SessionLogs.list` yields. */
export type SessionSource =
  | readonly SessionLogRow[]
  | { readonly sessionId: string; readonly calls: readonly SessionCall[]; summary(): SessionSummary };

type CallFields = "startedAt" | "durationMs" | "inputTokens" | "outputTokens" | "costUsd" | "error";

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
  /** From the start of the first call to the end of the last one, in milliseconds. */
  readonly spanMs: number;
}

export function toSessionView(source: SessionSource): SessionView {
  if ("summary" in source) return createView(source.sessionId, source.summary(), source.calls.map(fromHandlerCall));
  const sessionId = source[0]?.sessionId;
  const sums = new SessionSums();
  for (const row of source) addRow(sums, row);
  return createView(sessionId, sums.summary(sessionId ?? ""), source.map(fromLogRow));
}

type TimedCall = Omit<CallView, "startMs">;

function createView(sessionId: string | undefined, summary: SessionSummary, timedCalls: TimedCall[]): SessionView {
  const sortedCalls = timedCalls.sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  const firstMs = sortedCalls[0]?.startedAt.getTime() ?? 0;
  const calls = sortedCalls.map((call) => ({ ...call, startMs: call.startedAt.getTime() - firstMs }));
  const spanMs = calls.reduce((end, { startMs, durationMs = 0 }) => Math.max(end, startMs + durationMs), 0);
  return { sessionId, summary, calls, hiddenCalls: Math.max(0, summary.calls - calls.length), spanMs };
}

function fromHandlerCall(call: SessionCall): TimedCall {
  const status = statusOf(call.error !== undefined, call.cached, call.durationMs);
  return { ...call, model: call.model ?? "", status };
}

function fromLogRow(row: SessionLogRow): TimedCall {
  return {
    ...row,
    model: row.modelGroup ?? row.model,
    status: statusOf(row.status === "failure", row.cacheHit, row.durationMs),
  };
}

function statusOf(isFailed: boolean, isCached = false, durationMs?: number): CallView["status"] {
  if (isFailed) return "failed";
  if (durationMs === undefined) return "no end";
  return isCached ? "cached" : "ok";
}
