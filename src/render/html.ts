import { STYLE } from "./html_style.js";
import {
  type CallView,
  formatCount,
  formatMs,
  formatSums,
  formatUsd,
  type SessionSource,
  type SessionView,
  sanitizeLine,
  toSessionView,
} from "./session_view.js";

/**
 * A session as a page of HTML, to be saved or sent as it is: bars for the calls on a time axis, and
 * a table under them. It loads nothing and runs no script, follows the reader's light or dark
 * setting, and fits a phone. Everything from outside is escaped.
 *
 * @param source A `SessionCallbackHandler`, or the rows that `SessionLogs` lists.
 *
 * @example
 * ```typescript
 * app.get("/session", (request, response) => response.type("html").send(renderSessionHtml(handler)));
 * ```
 */
export function renderSessionHtml(source: SessionSource): string {
  const session = toSessionView(source);
  const id = escapeHtml(session.sessionId ?? "(none)");
  const calls = session.calls.length > 0 ? `${waterfall(session)}\n${table(session)}` : "<p>No calls.</p>";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Session ${id}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Session <code>${id}</code></h1>
<p class="when">${session.startedAt ? `Began <time datetime="${timeOf(session.startedAt)}">${timeOf(session.startedAt)}</time>` : ""}</p>
<ul class="sums">${formatSums(session)
    .map((sum) => `<li>${escapeHtml(sum)}</li>`)
    .join("")}</ul>
${calls}
</main>
</body>
</html>
`;
}

/** Bars for the eye alone: all that they say is in the table. */
function waterfall({ calls, spanMs, hidden }: SessionView): string {
  const bars = calls.map((call) => {
    const label = `${formatMs(call.durationMs)}${call.status === "ok" ? "" : ` · ${call.status}`}`;
    return `<div class="call"><span class="name">${escapeHtml(call.model)}</span><span class="track"><span class="bar ${classOf(call)}" style="${place(call, spanMs)}"></span></span><span class="took">${label}</span></div>`;
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => `<span>${formatMs(part * spanMs)}</span>`).join("");
  const older = hidden > 0 ? `<p>${formatCount(hidden)} older calls are counted, but not shown.</p>\n` : "";
  return `${older}<div class="waterfall" aria-hidden="true">
<div class="axis"><span class="ticks">${ticks}</span></div>
${bars.join("\n")}
</div>`;
}

/** On a phone each row is a card, which would cost the table its meaning: hence the roles. */
function table({ calls }: SessionView): string {
  const heads = ["#", "Start", "Duration", "Model", "Tokens in", "Tokens out", "Cost", "Status"];
  const rows = calls.map((call, index) => {
    const cells = [
      formatCount(index + 1),
      formatMs(call.startMs),
      formatMs(call.durationMs),
      escapeHtml(call.model),
      formatCount(call.inputTokens),
      formatCount(call.outputTokens),
      formatUsd(call.costUsd),
      `<strong class="${classOf(call)}">${call.status}</strong>${call.error === undefined ? "" : `<span class="error">${escapeHtml(call.error)}</span>`}`,
    ];
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

/** Where the bar stands on its track. One that has no end goes to the end. */
function place({ startMs, durationMs }: CallView, spanMs: number): string {
  const percent = (ms: number) => (spanMs === 0 ? 0 : Math.min(100, Math.max(0, (ms / spanMs) * 100)));
  const left = percent(startMs);
  const width = durationMs === undefined || spanMs === 0 ? 100 - left : percent(durationMs);
  return `left:min(${left.toFixed(2)}%, 100% - 3px);width:${Math.min(width, 100 - left).toFixed(2)}%`;
}

function classOf({ status }: CallView): string {
  return status.replace(" ", "-");
}

function timeOf(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text from outside, for an element or an attribute in quotes. */
function escapeHtml(text: string): string {
  return sanitizeLine(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
