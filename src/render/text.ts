import { invalid } from "../utils/invalid.js";
import { countOf, formatCost, formatCount, formatMs, formatSums, sanitizeLine, ticksOf } from "./format.js";
import { type SessionNode, type TreeRow, toRows, toTree } from "./session_tree.js";
import { type SessionSource, toSessionView } from "./session_view.js";
import { cutMiddle, cutToWidth, fitToWidth } from "./text_width.js";

/** The parts of the text that {@link RenderSessionOptions.style} can style. */
export type SessionTextPart = "title" | "muted" | "ok" | "failed";

/** Options of {@link renderSession}. */
export interface RenderSessionOptions {
  /** Columns of the terminal, 80 or more. Default: 100. */
  width?: number | undefined;
  /** Rows of the tree, at least 1. A longer session folds its deepest steps. Default: 200. */
  maxRows?: number | undefined;
  /** Returns a part of the text with the codes of its colour around it. Default: no colours. */
  style?: ((part: SessionTextPart, text: string) => string) | undefined;
}

const LEGEND = [
  "▒ waiting for the first token",
  "█ answering",
  "░ tool or retriever",
  "─ step",
  "╳ failed",
  "◇ from the cache",
];

interface Columns {
  readonly name: number;
  readonly bar: number;
  /** Undefined in a narrow terminal. */
  readonly tokens: number | undefined;
}

/** The widths of the columns `took` and `cost`. */
const TOOK = 9;
const COST = 10;

/**
 * Renders a session as a tree in plain text: the steps of the app with the calls inside them, each with its time,
 * tokens and cost. It cuts long names, and removes codes from them that would move the cursor or colour the terminal.
 *
 * @param source A `SessionCallbackHandler`, or the rows that `SessionLogs.list` yields.
 * @throws {TypeError} if `source` is neither, `width` is not a whole number of at least 80, or `maxRows` is below 1.
 *
 * @example
 * ```typescript
 * const handler = new SessionCallbackHandler();
 * await chain.invoke({ question: "Why?" }, { callbacks: [handler] });
 * console.log(renderSession(handler));
 * ```
 */
export function renderSession(source: SessionSource, options: RenderSessionOptions = {}): string {
  const { width = 100, maxRows = 200, style = (_part, text) => text } = options;
  if (!Number.isSafeInteger(width) || width < 80) {
    throw invalid('option "width"', "a whole number of at least 80", width);
  }
  if (!(maxRows >= 1)) throw invalid('option "maxRows"', "a number of at least 1", maxRows);
  const view = toSessionView(source);
  const { rows, foldedRows } = toRows(toTree(view), maxRows);

  const lines = [style("title", cutToWidth(`Session ${sanitizeLine(view.sessionId ?? "(none)")}`, width))];
  if (view.hiddenCalls > 0) lines.push(style("muted", `(${formatCount(view.hiddenCalls)} older calls not shown)`));
  const sums = formatSums(view);
  if (rows.length > 0) sums.push(`started ${view.startedAt.toISOString().replace("T", " ").slice(0, -5)} UTC`);
  lines.push(...wrap(sums, " · ", width));
  if (rows.length === 0) return lines.join("\n");

  const columns = columnsFor(width);
  lines.push("", style("muted", formatHead(columns, view.spanMs)));
  for (const row of rows) lines.push(...formatRow(row, columns, view.spanMs, width, style));
  if (foldedRows > 0) {
    lines.push(style("muted", `${countOf(foldedRows, "row")} folded. The option maxRows, or --html, shows them.`));
  }
  lines.push("", ...wrap(LEGEND, "  ", width).map((line) => style("muted", line)));
  return lines.join("\n");
}

function columnsFor(width: number): Columns {
  const tokens = width < 100 ? undefined : width < 120 ? 16 : 20;
  const name = Math.max(30, Math.min(48, Math.floor(width * 0.34)));
  return { name, tokens, bar: width - name - 2 - TOOK - COST - (tokens ?? 0) };
}

function formatHead({ name, bar, tokens }: Columns, spanMs: number): string {
  let axis = "";
  for (const tick of ticksOf(spanMs, Math.max(1, Math.floor(bar / 9)))) {
    const column = spanMs > 0 ? Math.floor((tick / spanMs) * bar) : 0;
    const label = tick === 0 ? "0" : formatMs(tick);
    const gap = column - axis.length;
    if (gap >= (axis === "" ? 0 : 2) && column + label.length <= bar) axis += " ".repeat(gap) + label;
  }
  const tokensHead = tokens === undefined ? "" : "tokens".padStart(tokens);
  return `${" ".repeat(name + 2)}${axis.padEnd(bar)}${"took".padStart(TOOK)}${tokensHead}${"cost".padStart(COST)}`;
}

function formatRow(
  { node, depth, isLast, folded }: TreeRow,
  columns: Columns,
  spanMs: number,
  width: number,
  style: (part: SessionTextPart, text: string) => string,
): string[] {
  const { run } = node;
  // Of a very deep row, the innermost levels: the name needs a place.
  const branches = (levels: readonly boolean[]) => levels.slice(1).slice(-Math.floor((columns.name - 12) / 3));
  const inside = branches(isLast).slice(0, -1);
  const indent = inside.map((last) => (last ? "   " : "│  ")).join("");
  const branch = depth === 0 ? "" : isLast.at(-1) ? "└─ " : "├─ ";
  const failures = node.failures > 0 ? `, ${formatCount(node.failures)} failed` : "";
  const suffix = folded > 0 ? ` (+${formatCount(folded)}${failures})` : "";
  const nameWidth = columns.name - indent.length - branch.length - suffix.length;
  const name = cutMiddle(sanitizeLine(node.name) || "(no name)", nameWidth) + suffix;

  const isCall = run !== undefined && node.kind !== "tool" && node.kind !== "retriever";
  const part = run?.status === "failed" ? "failed" : isCall && run?.status === "ok" ? "ok" : "muted";
  const took = node.endMs === undefined ? "no end" : formatMs(node.endMs - node.startMs);
  const hasTokens = node.inputTokens !== undefined || node.outputTokens !== undefined;
  const tokens = hasTokens ? `${formatCount(node.inputTokens)}/${formatCount(node.outputTokens)}` : "";
  const cells = [
    right(took, TOOK),
    columns.tokens === undefined ? "" : right(tokens, columns.tokens),
    right(run?.isCached ? "cached" : formatCost(node.costUsd), COST),
  ];
  const head = fitToWidth(indent + branch + name, columns.name);
  const lines = [`${head}  ${style(part, formatBar(node, spanMs, columns.bar))}${cells.join("")}`.trimEnd()];
  const below = isCall ? (isLast.at(-1) ? "   " : "│  ") : node.children.length > 0 && folded === 0 ? "│  " : "   ";
  const indentBelow =
    depth === 0 ? "   " : indent + (isCall ? below : isLast.at(-1) ? "   " : "│  ") + (isCall ? "" : below);
  const noteWidth = width - indentBelow.length - 3;
  if (run?.status === "failed" && run.error !== undefined) {
    lines.push(`${indentBelow}   ${style("failed", cutToWidth(`✗ ${sanitizeLine(run.error)}`, noteWidth))}`);
  } else if (run?.status === "failed") lines.push(`${indentBelow}   ${style("failed", "✗ failed")}`);
  else if (run?.status === "stopped") lines.push(`${indentBelow}   ${style("muted", "■ stopped by the app")}`);
  return lines;
}

function right(text: string, width: number): string {
  return ` ${fitToWidth(text, width - 1, "right")}`;
}

/** Draws a run on the time axis of the session: what has no end, to the end of the axis. */
function formatBar({ kind, run, startMs, endMs }: SessionNode, spanMs: number, width: number): string {
  const columnOf = (ms: number) => (spanMs > 0 ? (ms / spanMs) * width : 0);
  const first = Math.min(width - 1, Math.floor(columnOf(startMs)));
  const last = endMs === undefined ? width : Math.min(width, Math.ceil(columnOf(endMs)));
  const length = Math.max(1, last - first);
  const draw = () => {
    if (kind === "tool" || kind === "retriever") return "░".repeat(length);
    if (run === undefined) return "─".repeat(length);
    if (run.isCached) return "◇";
    if (run.status === "failed") return `${"▒".repeat(length - 1)}╳`;
    const waiting = run.firstTokenMs === undefined ? 0 : Math.round(columnOf(run.firstTokenMs));
    const waited = Math.min(length - 1, waiting);
    if (run.status === "no end") return "█".repeat(Math.min(1, length)) + "╌".repeat(length - 1);
    const bar = "▒".repeat(waited) + "█".repeat(length - waited);
    return run.status === "stopped" ? `${bar.slice(0, -1)}╌` : bar;
  };
  return fitToWidth(" ".repeat(first) + draw(), width);
}

/** Puts phrases on as few lines as the width allows. */
function wrap(phrases: readonly string[], separator: string, width: number): string[] {
  const lines: string[] = [];
  for (const phrase of phrases) {
    const longer = `${lines.at(-1)}${separator}${phrase}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(cutToWidth(phrase, width));
  }
  return lines;
}
