import { invalid } from "../utils/invalid.js";
import {
  type CallView,
  formatCount,
  formatMs,
  formatSums,
  formatUsd,
  type SessionSource,
  sanitizeLine,
  toSessionView,
} from "./session_view.js";

/** What a part of the text is, for a style of one's own. */
export type SessionTextPart = "title" | "muted" | "ok" | "failed";

/** Options of {@link renderSession}. */
export interface RenderSessionOptions {
  /** Columns of the terminal, 80 or more. Default: 100. */
  width?: number | undefined;

  /** Colours a part of the text: it returns the text with codes around it. Default: no colours. */
  style?: ((part: SessionTextPart, text: string) => string) | undefined;
}

/** How wide each column is beside the bars, and on which side its text stands. */
const COLUMNS = {
  start: { width: 8, align: "right" },
  duration: { width: 8, align: "right" },
  model: { width: 18, align: "left" },
  tokens: { width: 13, align: "right" },
  cost: { width: 10, align: "right" },
  status: { width: 6, align: "left" },
} as const;

const GAP = "  ";

const STATUS_PARTS = { ok: "ok", failed: "failed", cached: "ok", "no end": "muted" } as const;

/**
 * A session as a waterfall in plain text: one line a call with its start, duration, model, tokens,
 * cost and status, then the sums. Names from outside are cut to their column and can't move the
 * cursor or colour the terminal.
 *
 * @param source A `SessionCallbackHandler`, or the rows that `SessionLogs` lists.
 * @throws {TypeError} if `width` is no whole number of 80 or more.
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
  const session = toSessionView(source);
  const fixed = Object.values(COLUMNS).reduce((sum, column) => sum + column.width + GAP.length, 0);
  const barWidth = width - fixed;

  const lines = [style("title", toWidth(`Session ${sanitizeLine(session.sessionId ?? "(none)")}`, width).trimEnd())];
  if (session.hidden > 0) lines.push(style("muted", `(${formatCount(session.hidden)} older calls not shown)`));
  if (session.calls.length > 0) {
    const heads = { start: "start", duration: "took", model: "model", tokens: "tokens in/out", cost: "cost" };
    lines.push("", style("muted", line({ ...heads, bar: " ".repeat(barWidth), status: "status" }).trimEnd()));
  }
  for (const call of session.calls) {
    const part = STATUS_PARTS[call.status];
    const cells = {
      start: formatMs(call.startMs),
      duration: formatMs(call.durationMs),
      bar: style(part, bar(call, session.spanMs, barWidth)),
      model: sanitizeLine(call.model),
      tokens: `${formatCount(call.inputTokens)}/${formatCount(call.outputTokens)}`,
      cost: formatUsd(call.costUsd),
      status: "",
    };
    lines.push(line(cells).slice(0, -COLUMNS.status.width) + style(part, call.status));
    if (call.error !== undefined) {
      const indent = " ".repeat(COLUMNS.start.width + COLUMNS.duration.width + 2 * GAP.length);
      lines.push(indent + style("failed", toWidth(sanitizeLine(call.error), width - indent.length).trimEnd()));
    }
  }
  return [...lines, "", ...joined(formatSums(session), width)].join("\n");
}

/** The sums on one line, or on more, where they are longer than it. */
function joined(sums: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const sum of sums) {
    const longer = `${lines.at(-1)} · ${sum}`;
    if (lines.length > 0 && longer.length <= width) lines.splice(-1, 1, longer);
    else lines.push(toWidth(sum, width).trimEnd());
  }
  return lines;
}

/** One line of the table. The bar has its width already: it may be styled. */
function line(cells: Record<keyof typeof COLUMNS | "bar", string>): string {
  const cell = (name: keyof typeof COLUMNS) => toWidth(cells[name], COLUMNS[name].width, COLUMNS[name].align);
  return [cell("start"), cell("duration"), cells.bar, cell("model"), cell("tokens"), cell("cost"), cell("status")].join(
    GAP,
  );
}

/** When the call ran, within the session. One that has no end is drawn lightly to the end. */
function bar({ startMs, durationMs }: CallView, spanMs: number, width: number): string {
  const cell = (ms: number) => (spanMs === 0 ? 0 : (ms / spanMs) * width);
  const first = Math.min(width - 1, Math.floor(cell(startMs)));
  const last = durationMs === undefined ? width : Math.ceil(cell(startMs + durationMs));
  const length = Math.max(1, Math.min(width, last) - first);
  return " ".repeat(first) + (durationMs === undefined ? "░" : "█").repeat(length) + " ".repeat(width - first - length);
}

/**
 * What a terminal draws two columns wide: East Asian letters and emoji. Two of the letters that
 * make a flag take two columns together.
 */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d37f}\u{1f000}-\u{1f1e5}\u{1f200}-\u{1faff}\u{20000}-\u{3fffd}]|(?!\p{Regional_Indicator})\p{Emoji_Presentation}/u;

/** Marks are drawn onto the letter before. The others, of \p{Mc}, take a column. */
const MARK = /[\p{Mn}\p{Me}]/u;

/** More marks than any script puts on a letter would be drawn over the lines around. */
const MAX_MARKS = 4;

/** The text in exactly `width` columns, cut if it must be. */
export function toWidth(text: string, width: number, align: "left" | "right" = "left"): string {
  let columns = 0;
  let marks = 0;
  let kept = "";
  // What is kept if the rest does not fit: it leaves a column for the sign that says so.
  let cut = { text: "", columns: 0 };
  // U+FE0F makes some signs wide emoji, but not in every terminal.
  for (const character of text.replaceAll("\ufe0f", "")) {
    const isMark = MARK.test(character);
    marks = isMark ? marks + 1 : 0;
    if (marks > MAX_MARKS) continue;
    columns += isMark ? 0 : WIDE.test(character) ? 2 : 1;
    if (columns > width) {
      kept = `${cut.text}…`;
      columns = cut.columns + 1;
      break;
    }
    kept += character;
    if (columns < width) cut = { text: kept, columns };
  }
  const padding = " ".repeat(width - columns);
  return align === "right" ? padding + kept : kept + padding;
}
