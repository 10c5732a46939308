import { invalid } from "../utils/invalid.js";
import { formatCount, formatMs, formatSums, formatUsd, sanitizeLine } from "./format.js";
import { type CallView, type SessionSource, toSessionView } from "./session_view.js";
import { cutToWidth, fitToWidth } from "./text_width.js";

/** The parts of the text that {@link RenderSessionOptions.style} can style. */
export type SessionTextPart = "title" | "muted" | "ok" | "failed";

/** Options of {@link renderSession}. */
export interface RenderSessionOptions {
  /** Columns of the terminal, 80 or more. Default: 100. */
  width?: number | undefined;
  /** Returns a part of the text with the codes of its colour around it. Default: no colours. */
  style?: ((part: SessionTextPart, text: string) => string) | undefined;
}

const STATUS_PARTS = { ok: "ok", failed: "failed", cached: "ok", "no end": "muted" } as const;

/** Columns that `formatLine` uses beside the bar: 8 + 8 + 18 + 13 + 10 + 6, and 6 gaps of 2. */
const COLUMNS_BESIDE_BAR = 75;

/** Puts an error under the bar of its call. */
const ERROR_INDENT = " ".repeat(20);

/**
 * Renders a session as a waterfall in plain text. Each call is a line with its start, duration, model, tokens,
 * cost and status. The sums follow. The function cuts long names to their column, and removes codes from them
 * that would move the cursor or colour the terminal.
 *
 * @param source A `SessionCallbackHandler`, or the rows that `SessionLogs.list` yields.
 * @throws {TypeError} if `width` is not a whole number of at least 80.
 *
 * @example
 * ```typescript
 * const handler = new SessionCallbackHandler();
 * await chain.invoke({ question: "Why?" }, { callbacks: [handler] });
 * console.log(renderSession(handler));
 * ```
 */
export function renderSession(source: SessionSource, options: RenderSessionOptions = {}): string {
  const { width = 100, style = (_part, text) => text } = options;
  if (!Number.isSafeInteger(width) || width < 80) {
    throw invalid('option "width"', "a whole number of at least 80", width);
  }
  const { sessionId, summary, calls, hiddenCalls, spanMs } = toSessionView(source);
  const barWidth = width - COLUMNS_BESIDE_BAR;

  const lines = [style("title", cutToWidth(`Session ${sanitizeLine(sessionId ?? "(none)")}`, width))];
  if (hiddenCalls > 0) lines.push(style("muted", `(${formatCount(hiddenCalls)} older calls not shown)`));
  if (calls.length > 0) {
    const heads: Cells = ["start", "took", " ".repeat(barWidth), "model", "tokens in/out", "cost", "status"];
    lines.push("", style("muted", formatLine(heads)));
  }
  for (const call of calls) {
    const part = STATUS_PARTS[call.status];
    const bar = style(part, formatBar(call, spanMs, barWidth));
    const tokens = `${formatCount(call.inputTokens)}/${formatCount(call.outputTokens)}`;
    const [start, took, cost] = [formatMs(call.startMs), formatMs(call.durationMs), formatUsd(call.costUsd)];
    lines.push(formatLine([start, took, bar, call.model, tokens, cost, style(part, call.status)]));
    if (call.error !== undefined) {
      const error = cutToWidth(sanitizeLine(call.error), width - ERROR_INDENT.length);
      lines.push(ERROR_INDENT + style("failed", error));
    }
  }
  return [...lines, "", ...wrapSums(formatSums(summary), width)].join("\n");
}

type Cells = [start: string, took: string, bar: string, model: string, tokens: string, cost: string, status: string];

/** Leaves `bar` and `status` as they are: they may contain colour codes, which take no column. */
function formatLine([start, took, bar, model, tokens, cost, status]: Cells): string {
  const alignRight = (text: string, width: number) => fitToWidth(sanitizeLine(text), width, "right");
  return [
    alignRight(start, 8),
    alignRight(took, 8),
    bar,
    fitToWidth(sanitizeLine(model), 18),
    alignRight(tokens, 13),
    alignRight(cost, 10),
    status,
  ].join("  ");
}

/** Draws a call on the time axis of the session. A call without an end gets a light bar to the end of the axis. */
function formatBar({ startMs, durationMs }: CallView, spanMs: number, width: number): string {
  const columnOf = (ms: number) => (spanMs === 0 ? 0 : (ms / spanMs) * width);
  const first = Math.min(width - 1, Math.floor(columnOf(startMs)));
  const last = durationMs === undefined ? width : Math.ceil(columnOf(startMs + durationMs));
  const length = Math.max(1, Math.min(width, last) - first);
  return " ".repeat(first) + (durationMs === undefined ? "░" : "█").repeat(length) + " ".repeat(width - first - length);
}

/** Puts the sums on as few lines as the width allows. */
function wrapSums(sums: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const sum of sums) {
    const longer = `${lines.at(-1)} · ${sum}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(cutToWidth(sum, width));
  }
  return lines;
}
