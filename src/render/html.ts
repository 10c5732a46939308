import { countOf, formatCost, formatCount, formatMs, formatSums, sanitizeLine, ticksOf, wordOf } from "./format.js";
import { STYLE } from "./html_style.js";
import { type SessionNode, toRows, toTree } from "./session_tree.js";
import { type SessionSource, type SessionView, toSessionView } from "./session_view.js";

/** More rows would make a page that no browser shows well. */
const MAX_ROWS = 2_000;

/** A session with more rows has its inner steps closed. */
const MAX_OPEN_ROWS = 200;

/**
 * Renders a session as a complete HTML page: the tree of its steps and calls on one axis of time. The page loads nothing
 * and runs no script. It follows the reader's light or dark setting and fits a phone. Names and errors are escaped.
 *
 * @param source A `SessionCallbackHandler`, or the rows that `SessionLogs.list` yields.
 * @throws {TypeError} if `source` is neither.
 *
 * @example
 * ```typescript
 * app.get("/session", (request, response) => response.type("html").send(renderSessionHtml(handler)));
 * ```
 */
export function renderSessionHtml(source: SessionSource): string {
  const view = toSessionView(source);
  const id = escapeHtml(view.sessionId ?? "(none)");
  const start = view.startedAt.toISOString().replace(/\.\d+Z$/, "Z");
  const hasRuns = view.calls.length + view.steps.length > 0;
  const sums = formatSums(view).map((sum) => `<li>${escapeHtml(sum)}</li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Session ${id}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Session <code>${id}</code></h1>
<p class="when">${hasRuns ? `Started <time datetime="${escapeHtml(start)}">${escapeHtml(start)}</time>` : ""}</p>
<ul class="sums">${sums.join("")}</ul>
${hasRuns ? renderTree(view) : "<p>No calls.</p>"}
</main>
</body>
</html>
`;
}

function renderTree(view: SessionView): string {
  const { spanMs, hiddenCalls } = view;
  const { rows, foldedRows } = toRows(toTree(view), MAX_ROWS);
  const notes: string[] = [];
  if (hiddenCalls > 0) notes.push(`${formatCount(hiddenCalls)} older calls are counted, but not shown.`);
  if (foldedRows > 0) notes.push(`${countOf(foldedRows, "row")} are not shown.`);
  // The label of a later tick would not fit on the axis.
  const ticks = ticksOf(spanMs, 4)
    .filter((tick) => tick <= 0.8 * spanMs)
    .map(
      (tick) => `<span style="left:${percent(tick, spanMs)}%">${tick === 0 ? "0" : escapeHtml(formatMs(tick))}</span>`,
    );
  const lines: string[] = [];
  let open = 0;
  const close = (depth: number) => {
    for (; open > depth; open -= 1) lines.push("</details>");
  };
  for (const { node, depth, folded } of rows) {
    close(depth);
    const row = renderRow(node, depth, spanMs);
    if (node.children.length === 0 || folded > 0) {
      lines.push(`<div class="row">${row}</div>${noteOf(node, depth)}`);
    } else {
      const isOpen = rows.length <= MAX_OPEN_ROWS || depth === 0;
      lines.push(`<details${isOpen ? " open" : ""}><summary class="row">${row}</summary>${noteOf(node, depth)}`);
      open += 1;
    }
  }
  close(0);
  return `${notes.map((note) => `<p>${escapeHtml(note)}</p>\n`).join("")}<div class="tree">
<div class="row head"><span class="name">Step or call</span><span class="track ticks">${ticks.join("")}</span><span class="took">Took</span><span class="tokens">Tokens in · out</span><span class="cost">Cost</span></div>
${lines.join("\n")}
</div>
<ul class="legend"><li><i class="wait"></i>waiting for the first token</li><li><i class="bar"></i>answering</li><li><i class="tool"></i>tool or retriever</li><li><i class="step"></i>step</li><li><i class="failed"></i>failed</li><li><i class="cached"></i>from the cache</li></ul>`;
}

function renderRow(node: SessionNode, depth: number, spanMs: number): string {
  const { run, kind } = node;
  const isStep = run === undefined || kind === "tool" || kind === "retriever";
  const name = escapeHtml(node.name || "(no name)");
  const words = [kind === "chat" || kind === "step" ? "" : `<span class="kind">${kind}</span>`];
  const word = run && wordOf(run);
  if (word !== undefined) words.push(`<strong class="${word.replace(" ", "-")}">${word}</strong>`);
  else if (node.failures > 0) words.push(`<strong class="failed">${formatCount(node.failures)} failed</strong>`);
  const hasTokens = node.inputTokens !== undefined || node.outputTokens !== undefined;
  const cells = {
    took: node.endMs === undefined ? "" : formatMs(node.endMs - node.startMs),
    tokens: hasTokens ? `${formatCount(node.inputTokens)} · ${formatCount(node.outputTokens)}` : "",
    cost: run?.isCached ? "cached" : formatCost(node.costUsd),
  };
  const spans = Object.entries(cells).map(([name, text]) => `<span class="${name}">${escapeHtml(text)}</span>`);
  return `<span class="name${isStep ? " own" : ""}" style="--depth:${Math.min(depth, 10)}"><span class="label">${name}</span>${words.join("")}</span><span class="track">${renderBar(node, spanMs)}</span>${spans.join("")}`;
}

/** A bar that starts at the end of the axis still shows 3 pixels. A run without an end gets a bar to that end. */
function renderBar({ kind, run, startMs, endMs }: SessionNode, spanMs: number): string {
  const left = percent(startMs, spanMs);
  const end = endMs === undefined ? 100 : percent(endMs, spanMs);
  const style = `left:min(${left}%, 100% - 3px);width:${Math.max(0, end - left).toFixed(2)}%`;
  const isTool = kind === "tool" || kind === "retriever";
  const word = run === undefined ? "step" : isTool ? "tool" : (wordOf(run) ?? "ok").replace(" ", "-");
  const wait = run?.firstTokenMs !== undefined && run.durationMs ? Math.min(1, run.firstTokenMs / run.durationMs) : 0;
  const waiting = wait > 0 && !isTool ? `<span class="wait" style="width:${(wait * 100).toFixed(2)}%"></span>` : "";
  return `<span class="bar ${word}" style="${style}">${waiting}</span>`;
}

function noteOf({ run }: SessionNode, depth: number): string {
  const text = run?.status === "stopped" ? "stopped by the app" : run?.status === "failed" ? run.error : undefined;
  if (text === undefined) return "";
  return `<p class="note" style="--depth:${Math.min(depth, 10)}"><span class="${run?.status === "failed" ? "error" : "stopped-note"}">${escapeHtml(text)}</span></p>`;
}

function percent(ms: number, spanMs: number): number {
  return spanMs > 0 ? Math.max(0, Math.min(100, Math.round((ms / spanMs) * 10_000) / 100)) : 0;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Makes a text from the proxy or a model safe in an element and in a quoted attribute. */
function escapeHtml(text: string): string {
  return sanitizeLine(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
