import type { SessionCall } from "../callbacks/call_records.js";
import type { SessionLogRow } from "../logs/rows.js";
import { addRow } from "../logs/rows.js";
import { type SessionSummary, SessionSums } from "../utils/session_sums.js";

/** A session to be shown: a `SessionCallbackHandler`, or the rows that `SessionLogs` lists. */
export type SessionSource =
  | readonly SessionLogRow[]
  | { readonly sessionId: string; readonly calls: readonly SessionCall[]; summary(): SessionSummary };

/** A call as it is shown. */
export interface CallView {
  /** From the start of the first call that is shown, in milliseconds. */
  readonly startMs: number;
  /** Undefined for a call that has no end: one that runs, or a stream that was left. */
  readonly durationMs: number | undefined;
  readonly model: string;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly costUsd: number | undefined;
  readonly status: "ok" | "failed" | "cached" | "no end";
  readonly error: string | undefined;
}

/** A session as it is shown, as text or as a page. */
export interface SessionView {
  /** Undefined where there are no rows that would say. */
  readonly sessionId: string | undefined;
  readonly summary: SessionSummary;
  /** When the first call that is shown began. */
  readonly startedAt: Date | undefined;
  readonly calls: readonly CallView[];
  /** How many older calls are counted but not shown, because the handler no longer keeps them. */
  readonly hidden: number;
  /** From the start of the first call that is shown to the end of the last, in milliseconds. */
  readonly spanMs: number;
}

/** What there is to show of a session. */
export function toSessionView(source: SessionSource): SessionView {
  if (!isRows(source)) {
    const summary = source.summary();
    return picture(source.sessionId, summary, source.calls.map(fromHandlerCall));
  }
  const sums = new SessionSums();
  for (const row of source) addRow(sums, row);
  const sessionId = source[0]?.sessionId;
  return picture(sessionId, sums.summary(sessionId ?? ""), source.map(fromLogRow));
}

interface TimedCall extends Omit<CallView, "startMs"> {
  readonly startedAt: Date;
}

function picture(sessionId: string | undefined, summary: SessionSummary, unordered: readonly TimedCall[]): SessionView {
  const timed = [...unordered].sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
  const startedAt = timed[0]?.startedAt;
  const firstMs = startedAt?.getTime() ?? 0;
  const calls = timed.map(({ startedAt: at, ...call }) => ({ ...call, startMs: at.getTime() - firstMs }));
  const spanMs = calls.reduce((end, call) => Math.max(end, call.startMs + (call.durationMs ?? 0)), 0);
  return { sessionId, summary, startedAt, calls, hidden: Math.max(0, summary.calls - calls.length), spanMs };
}

function fromHandlerCall(call: SessionCall): TimedCall {
  const { startedAt, durationMs, inputTokens, outputTokens, costUsd, error } = call;
  const ended = call.cached ? "cached" : "ok";
  const status = error !== undefined ? "failed" : durationMs === undefined ? "no end" : ended;
  return { startedAt, durationMs, model: call.model ?? "", inputTokens, outputTokens, costUsd, status, error };
}

function fromLogRow(row: SessionLogRow): TimedCall {
  const { startedAt, durationMs, inputTokens, outputTokens, costUsd, error } = row;
  const ended = row.cacheHit ? "cached" : "ok";
  const status = row.status === "failure" ? "failed" : durationMs === undefined ? "no end" : ended;
  const model = row.modelGroup ?? row.model;
  return { startedAt, durationMs, model, inputTokens, outputTokens, costUsd, status, error };
}

function isRows(source: SessionSource): source is readonly SessionLogRow[] {
  return Array.isArray(source);
}

/** A duration: `870 ms`, `1.25 s`, `2m 5s`, `3h 20m`. */
export function formatMs(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}h ${minutes}m` : `${minutes}m ${seconds % 60}s`;
}

/** Dollars: cents, or the first two digits that count where it is less. */
export function formatUsd(usd: number | undefined): string {
  if (usd === undefined) return "–";
  if (usd === 0) return "$0";
  if (usd > 0 && usd < 1e-6) return "<$0.000001";
  const digits = Math.max(2, Math.min(6, 1 - Math.floor(Math.log10(Math.abs(usd)))));
  return `$${usd.toFixed(digits)}`;
}

/** A number of tokens, or of calls. */
export function formatCount(count: number | undefined): string {
  return count === undefined ? "–" : count.toLocaleString("en-US");
}

/** The sums in words: `3 calls, 1 failed`. */
export function formatSums({ summary }: SessionView): string[] {
  const { calls, failures, inputTokens, outputTokens, costUsd, totalMs, wallMs } = summary;
  const failed = failures > 0 ? `, ${formatCount(failures)} failed` : "";
  return [
    `${formatCount(calls)} ${calls === 1 ? "call" : "calls"}${failed}`,
    `${formatCount(inputTokens)} tokens in, ${formatCount(outputTokens)} out`,
    costUsd === undefined ? "cost unknown" : formatUsd(costUsd),
    `${formatMs(wallMs)} in all, ${formatMs(totalMs)} in calls`,
  ];
}

/**
 * Text from outside on one line, without what a terminal would obey or what turns other text around:
 * control characters, invisible format characters, halves of surrogate pairs.
 */
export function sanitizeLine(text: string): string {
  return text.replace(/[\s\p{Zl}\p{Zp}]+/gu, " ").replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "\ufffd");
}
