import { formatCount, formatMs, formatSums, formatUsd, sanitizeLine } from "./format.js";
import { STYLE } from "./html_style.js";
import { type CallView, type SessionSource, type SessionView, toSessionView } from "./session_view.js";

/**
 * Renders a session as a complete HTML page: a waterfall of its calls, and a table below. The page loads nothing
 * and runs no script. It follows the reader's light or dark setting and fits a phone. Names and errors are escaped.
 *
 * @param source A `SessionCallbackHandler`, or the rows that `SessionLogs.list` yields.
 *
 * @example
 * ```typescript
 * app.get("/session", (request, response) => response.type("html").send(renderSessionHtml(handler)));
 * ```
 */
export function renderSessionHtml(source: SessionSource): string {
  const view = toSessionView(source);
  const id = escapeHtml(view.sessionId ?? "(none)");
  const start = view.calls.length > 0 ? view.startedAt.toISOString().replace(/\.\d+Z$/, "Z") : undefined;
  const sums = formatSums(view.summary).map((sum) => `<li>${escapeHtml(sum)}</li>`);
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
<p class="when">${start ? `Began <time datetime="${start}">${start}</time>` : ""}</p>
<ul class="sums">${sums.join("")}</ul>
${start ? `${renderWaterfall(view)}\n${renderTable(view)}` : "<p>No calls.</p>"}
</main>
</body>
</html>
`;
}

/** Hidden from screen readers: the table has the same numbers. */
function renderWaterfall({ calls, spanMs, hiddenCalls }: SessionView): string {
  const bars = calls.map((call) => {
    const label = `${formatMs(call.durationMs)}${call.status === "ok" ? "" : ` · ${call.status}`}`;
    return `<div class="call"><span class="name">${escapeHtml(call.model)}</span><span class="track"><span class="bar ${classOf(call)}" style="${barStyle(call, spanMs)}"></span></span><span class="took">${label}</span></div>`;
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => `<span>${formatMs(part * spanMs)}</span>`).join("");
  const note = hiddenCalls > 0 ? `<p>${formatCount(hiddenCalls)} older calls are counted, but not shown.</p>\n` : "";
  return `${note}<div class="waterfall" aria-hidden="true">
<div class="axis"><span class="ticks">${ticks}</span></div>
${bars.join("\n")}
</div>`;
}

/** On a phone, CSS makes each row a card. The roles keep it a table for screen readers, which would lose it then. */
function renderTable({ calls }: SessionView): string {
  const heads = ["#", "Start", "Duration", "Model", "Tokens in", "Tokens out", "Cost", "Status"];
  const rows = calls.map((call, index) => {
    const cells = [
      formatCount(index + 1),
      formatMs(call.startMs),
      formatMs(call.durationMs),
      call.model,
      formatCount(call.inputTokens),
      formatCount(call.outputTokens),
      formatUsd(call.costUsd),
    ].map(escapeHtml);
    const error = call.error === undefined ? "" : `<span class="error">${escapeHtml(call.error)}</span>`;
    cells.push(`<strong class="${classOf(call)}">${call.status}</strong>${error}`);
    const columns = cells.map((cell, column) => `<td role="cell" data-head="${heads[column]}">${cell}</td>`);
    return `<tr role="row">${columns.join("")}</tr>`;
  });
  return `<table role="table">
<caption>Calls, the first at the top</caption>
<thead role="rowgroup"><tr role="row">${heads.map((head) => `<th role="columnheader" scope="col">${head}</th>`).join("")}</tr></thead>
<tbody role="rowgroup">
${rows.join("\n")}
</tbody>
</table>`;
}

/** A bar that starts at the end of the axis still shows 3 pixels. A call without an end gets a bar to that end. */
function barStyle({ startMs, durationMs }: CallView, spanMs: number): string {
  const percentOf = (ms: number) => Math.max(0, (ms / spanMs) * 100);
  const left = spanMs === 0 ? 0 : percentOf(startMs);
  const width = durationMs === undefined || spanMs === 0 ? 100 : percentOf(durationMs);
  return `left:min(${left.toFixed(2)}%, 100% - 3px);width:${Math.min(width, 100 - left).toFixed(2)}%`;
}

function classOf({ status }: CallView): string {
  return status.replace(" ", "-");
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Makes a text from the proxy or a model safe in an element and in a quoted attribute. */
function escapeHtml(text: string): string {
  return sanitizeLine(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
