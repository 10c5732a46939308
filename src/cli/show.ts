import { writeFile } from "node:fs/promises";
import { renderSession } from "../render_session.js";
import { renderSessionHtml } from "../render_session_html.js";
import { SessionLogs } from "../session_logs.js";
import { SessionLogsError } from "../session_logs_error.js";
import type { SessionLogRow } from "../session_logs_rows.js";
import { plainLine } from "../session_picture.js";
import type { Command } from "./arguments.js";
import type { Terminal } from "./terminal.js";

/** How long `--watch` asks for one more call before it asks anew. */
const WATCH_MS = 3_600_000;

/** Shows a session. Returns the exit code. */
export async function show(
  command: Extract<Command, { name: "show" }>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { baseURL, sessionId, json, html, watch } = command;
  const logs = new SessionLogs({ baseURL });
  if (json) return showJson(logs, sessionId, terminal, signal);
  if (watch) return follow(logs, sessionId, terminal, signal);

  const rows = await collect(logs, sessionId, signal);
  if (rows.length === 0) return noCalls(sessionId);
  if (html === "-") terminal.out.write(renderSessionHtml(rows));
  else if (html !== undefined) {
    await writeFile(html, renderSessionHtml(rows));
    terminal.print(`Wrote ${html}: ${rows.length} ${rows.length === 1 ? "call" : "calls"}.`);
  } else {
    terminal.print(renderSession(rows, { style: terminal.style }));
    terminal.print(terminal.style("muted", logs.url(sessionId)));
  }
  return 0;
}

/** A line a call, each written before the next page is asked for. */
async function showJson(
  logs: SessionLogs,
  sessionId: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  let calls = 0;
  for await (const { raw, ...row } of logs.list(sessionId, { signal })) {
    calls += 1;
    if (!terminal.out.write(`${JSON.stringify(row)}\n`)) {
      await new Promise((resolve) => terminal.out.once("drain", resolve));
    }
  }
  return calls === 0 ? noCalls(sessionId) : 0;
}

/** Shows the session anew for each call that comes, until the signal. */
async function follow(logs: SessionLogs, sessionId: string, terminal: Terminal, signal: AbortSignal): Promise<number> {
  try {
    let shown = -1;
    for (;;) {
      const rows = await collect(logs, sessionId, signal);
      if (rows.length !== shown) {
        shown = rows.length;
        terminal.clear();
        terminal.print(
          shown > 0
            ? renderSession(rows, { style: terminal.style })
            : `No calls of session ${plainLine(sessionId)} yet.`,
        );
        terminal.print(terminal.style("muted", "Watching. Ctrl-C ends it."));
      }
      await logs.waitFor(sessionId, { calls: shown + 1, timeoutMs: WATCH_MS, signal }).catch((error: unknown) => {
        if (!SessionLogsError.isInstance(error) || error.code !== "TIMEOUT") throw error;
      });
    }
  } catch (error) {
    if (signal.aborted) return 0;
    throw error;
  }
}

/** What is shown of each row: not the row as it came, which may hold whole prompts. */
async function collect(logs: SessionLogs, sessionId: string, signal: AbortSignal): Promise<SessionLogRow[]> {
  const rows: SessionLogRow[] = [];
  for await (const row of logs.list(sessionId, { signal })) rows.push({ ...row, raw: {} });
  return rows;
}

function noCalls(sessionId: string): number {
  console.error(
    `The log has no calls of session ${plainLine(sessionId)}. They come 3 to 15 s after they end, ` +
      "and a key of an internal user sees only its own.",
  );
  return 1;
}
