import type { SessionCall, SessionStep } from "../callbacks/call_records.js";
import type { SessionLogRow } from "../logs/rows.js";
import { cutText, formatErrorText } from "../utils/error_text.js";
import { invalid } from "../utils/invalid.js";
import { isPlainObject } from "../utils/is_plain_object.js";
import { nonNegative } from "../utils/non_negative.js";
import { type SessionSummary, SessionSums } from "../utils/session_sums.js";

/** A session to render: a `SessionCallbackHandler`, or the rows that `SessionLogs.list` yields. */
export type SessionSource =
  | readonly SessionLogRow[]
  | {
      readonly sessionId: string;
      readonly calls: readonly SessionCall[];
      readonly steps?: readonly SessionStep[];
      summary(): SessionSummary;
    };

/** A call, or a run of a tool or a retriever. */
export interface RunView {
  readonly kind: "chat" | "embedding" | "tool" | "retriever";
  /** The id of the run, for runs inside it. Undefined for a row of the log. */
  readonly id: string | undefined;
  /** The model of a call; the name of a tool or a retriever. */
  readonly name: string;
  /** The runs around it, the outermost first. */
  readonly path: readonly { readonly id: string; readonly name: string }[];
  readonly status: "ok" | "failed" | "stopped" | "no end";
  readonly isCached: boolean;
  /** From the start of the session, in milliseconds. */
  readonly startMs: number;
  readonly durationMs: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly cachedInputTokens: number | undefined;
  readonly costUsd: number | undefined;
  readonly error: string | undefined;
}

/** The data of a rendered session, the same for a handler and for the rows of a log. */
export interface SessionView {
  /** Undefined for a list without rows. */
  readonly sessionId: string | undefined;
  readonly summary: SessionSummary;
  /** The oldest first. */
  readonly calls: readonly RunView[];
  readonly steps: readonly RunView[];
  /** Number of older calls that the summary counts, but the handler has dropped (its field `maxCalls`). */
  readonly hiddenCalls: number;
  readonly startedAt: Date;
  /** From the first start to the last end of a call or step, in milliseconds. */
  readonly spanMs: number;
}

/** The longest name that a view holds, in UTF-16 units: that of a session id. */
const MAX_TEXT_LENGTH = 1_024;

/** The innermost runs of a path that are drawn. */
const MAX_LEVELS = 32;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Whatever the proxy put into records and rows, a view has texts and finite numbers only, so that rendering it can't throw.
 *
 * @throws {TypeError} if the source is neither.
 */
export function toSessionView(source: SessionSource): SessionView {
  if (Array.isArray(source)) {
    const rows = fieldsOf(source).map(fromLogRow);
    const sessionId = textOf(fieldsOf(source)[0]?.sessionId);
    const sums = new SessionSums();
    for (const row of rows) {
      sums.start(row.startMs);
      sums.end(row.startMs, row.status === "failed" ? "failed" : "ok", row);
    }
    return createView(sessionId, sums.summary(sessionId ?? ""), rows, []);
  }
  if (!isPlainObject(source) || typeof source.summary !== "function" || !Array.isArray(source.calls)) {
    throw invalid('argument "source"', "a SessionCallbackHandler, or rows of SessionLogs", source);
  }
  const [calls, steps] = [fieldsOf(source.calls).map(fromHandlerCall), fieldsOf(source.steps).map(fromStep)];
  return createView(textOf(source.sessionId), cleanSummary(source.summary()), calls, steps);
}

function createView(
  sessionId: string | undefined,
  summary: SessionSummary,
  calls: readonly RunView[],
  steps: readonly RunView[],
): SessionView {
  const firstMs = [...calls, ...steps].reduce(
    (first, { startMs }) => Math.min(first, startMs),
    Number.POSITIVE_INFINITY,
  );
  const startedMs = Number.isFinite(firstMs) ? firstMs : 0;
  const fromStart = (runs: readonly RunView[]) =>
    runs.map((run) => ({ ...run, startMs: run.startMs - startedMs })).sort((a, b) => a.startMs - b.startMs);
  const [sortedCalls, sortedSteps] = [fromStart(calls), fromStart(steps)];
  const spanMs = [...sortedCalls, ...sortedSteps].reduce(
    (end, { startMs, durationMs = 0 }) => Math.max(end, startMs + durationMs),
    0,
  );
  const hiddenCalls = Math.max(0, summary.calls - calls.length);
  return {
    sessionId,
    summary,
    calls: sortedCalls,
    steps: sortedSteps,
    hiddenCalls,
    startedAt: new Date(startedMs),
    spanMs,
  };
}

function fromHandlerCall(call: Fields): RunView {
  const run = fromRun(call);
  const kind = call.kind === "embedding" ? "embedding" : "chat";
  const isFailed = call.status === "failed" || (call.status !== "aborted" && run.error !== undefined);
  return {
    ...run,
    kind,
    name: textOf(call.model) ?? "",
    status: isFailed
      ? "failed"
      : call.status === "aborted"
        ? "stopped"
        : run.durationMs === undefined
          ? "no end"
          : "ok",
    isCached: call.cached === true,
  };
}

function fromStep(step: Fields): RunView {
  const run = fromRun(step);
  const status = run.error !== undefined ? "failed" : run.durationMs === undefined ? "no end" : "ok";
  return { ...run, kind: step.kind === "retriever" ? "retriever" : "tool", name: textOf(step.name) ?? "", status };
}

function fromLogRow(row: Fields): RunView {
  const isFailed = row.status === "failure";
  const isCached = row.cacheHit === true;
  const run = fromRun({ ...row, path: isPlainObject(row.step) ? row.step.path : undefined });
  const hasUsage = run.inputTokens !== 0 || run.outputTokens !== 0 || !isFailed;
  return {
    ...run,
    id: undefined,
    inputTokens: hasUsage ? run.inputTokens : undefined,
    outputTokens: hasUsage ? run.outputTokens : undefined,
    kind: /embedding/.test(textOf(row.callType) ?? "") ? "embedding" : "chat",
    name: textOf(row.toolName) ?? textOf(row.modelGroup) ?? textOf(row.model) ?? "",
    status: isFailed ? "failed" : run.durationMs === undefined ? "no end" : "ok",
    isCached,
    // LiteLLM logs 0 for a model without a price.
    costUsd: run.costUsd === 0 && !isCached ? undefined : run.costUsd,
  };
}

function fromRun(run: Fields): Omit<RunView, "kind" | "name" | "status"> {
  const { startedAt, error } = run;
  const startedMs = startedAt instanceof Date ? startedAt.getTime() : Number.NaN;
  return {
    id: textOf(run.runId),
    path: fieldsOf(run.path)
      .slice(-MAX_LEVELS)
      .flatMap(({ id, name }) => (typeof id === "string" ? [{ id, name: textOf(name) ?? "" }] : [])),
    isCached: false,
    startMs: Number.isNaN(startedMs) ? 0 : startedMs,
    durationMs: nonNegative(run.durationMs),
    firstTokenMs: nonNegative(run.firstTokenMs),
    inputTokens: nonNegative(run.inputTokens),
    outputTokens: nonNegative(run.outputTokens),
    cachedInputTokens: nonNegative(run.cachedInputTokens),
    costUsd: nonNegative(run.costUsd),
    error:
      error === undefined ? undefined : formatErrorText(textOf(error, Number.POSITIVE_INFINITY) ?? "unknown error"),
  };
}

function cleanSummary(summary: unknown): SessionSummary {
  const fields: Fields = isPlainObject(summary) ? summary : {};
  const count = (name: keyof SessionSummary) => nonNegative(fields[name]) ?? 0;
  return {
    sessionId: textOf(fields.sessionId) ?? "",
    calls: count("calls"),
    failures: count("failures"),
    aborted: count("aborted"),
    inputTokens: count("inputTokens"),
    outputTokens: count("outputTokens"),
    cachedInputTokens: count("cachedInputTokens"),
    costUsd: nonNegative(fields.costUsd),
    totalMs: count("totalMs"),
    wallMs: count("wallMs"),
  };
}

function fieldsOf(values: unknown): Fields[] {
  return Array.isArray(values) ? values.filter(isPlainObject) : [];
}

function textOf(value: unknown, maxLength = MAX_TEXT_LENGTH): string | undefined {
  return typeof value === "string" ? cutText(value, maxLength) : undefined;
}
