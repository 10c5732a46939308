import { writeFile } from "node:fs/promises";
import type { SessionLogRow } from "../logs/rows.js";
import { SessionLogs } from "../logs/session_logs.js";
import { SessionLogsError } from "../logs/session_logs_error.js";
import { sanitizeLine } from "../render/format.js";
import { renderSessionHtml } from "../render/html.js";
import { renderSession } from "../render/text.js";
import type { Command } from "./arguments.js";
import type { Terminal } from "./terminal.js";

/** How long `--watch` asks for one more call before it asks anew. */
const WATCH_MS = 3_600_000;

/** How long `--watch` lets a proxy that failed alone. */
const RETRY_MS = 1_000;

/** Shows a session. Returns the exit code. */
export async function show(command: Extract<Command, { name: "show" }>, terminal: Terminal): Promise<number> {
  const { baseURL, sessionId, json, html, watch } = command;
  const logs = new SessionLogs({ baseURL });
  if (json) return showJson(logs, sessionId, terminal);
  if (watch) return follow(logs, sessionId, terminal);

  const rows = await collect(logs, sessionId);
  if (rows.length === 0) return noCalls(sessionId);
  if (html === "-") terminal.out.write(renderSessionHtml(rows));
  else if (html !== undefined) {
    await writePage(html, renderSessionHtml(rows));
    terminal.print(`Wrote ${html}: ${rows.length} ${rows.length === 1 ? "call" : "calls"}.`);
  } else {
    terminal.print(renderSession(rows, { style: terminal.style }));
    terminal.print(terminal.style("muted", logs.url(sessionId)));
  }
  return 0;
}

async function writePage(file: string, page: string): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (error) {
    // Node says `EISDIR: illegal operation on a directory, open '/file'`.
    const [, why] = /^\w+: (.*?),/.exec((error as Error).message) ?? [];
    throw why === undefined ? error : new Error(`The page can't be written to ${file}: ${why}.`);
  }
}

/** A line a call, each written before the next page is asked for. */
async function showJson(logs: SessionLogs, sessionId: string, terminal: Terminal): Promise<number> {
  let calls = 0;
  for await (const { raw, ...row } of logs.list(sessionId)) {
    calls += 1;
    if (!terminal.out.write(`${plainJson(row)}\n`)) {
      await new Promise((resolve) => terminal.out.once("drain", resolve));
    }
  }
  return calls === 0 ? noCalls(sessionId) : 0;
}

/** JSON that means the same, without what a terminal would obey. */
function plainJson(value: unknown): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character.split("").map(escaped).join(""),
  );
}

/** Shows the session anew for each call that comes, until the command is interrupted. */
async function follow(logs: SessionLogs, sessionId: string, terminal: Terminal): Promise<never> {
  let shown = -1;
  for (;;) {
    try {
      const rows = await collect(logs, sessionId);
      terminal.endProgress();
      if (rows.length !== shown) {
        shown = rows.length;
        terminal.clear();
        terminal.print(
          shown > 0
            ? renderSession(rows, { style: terminal.style })
            : `No calls of session ${sanitizeLine(sessionId)} yet.`,
        );
        terminal.print(terminal.style("muted", "Watching. Ctrl-C ends it."));
      }
      await logs.waitFor(sessionId, { calls: shown + 1, timeoutMs: WATCH_MS }).catch((error: unknown) => {
        // A proxy that hangs says nothing to the next question, either.
        if (!SessionLogsError.isInstance(error) || error.code !== "TIMEOUT") throw error;
      });
    } catch (error) {
      if (shown < 0 || !isTransient(error)) throw error;
      terminal.progress(`Trying again: ${sanitizeLine(error.message)}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Whether a proxy that has answered before may answer again. Its database was there, so it is away for now. */
function isTransient(error: unknown): error is SessionLogsError {
  if (!SessionLogsError.isInstance(error)) return false;
  const { code, status = 0 } = error;
  if (code === "PROXY_ERROR") return status >= 500 || status === 429;
  return code === "UNREACHABLE" || code === "TIMEOUT" || code === "NO_DATABASE";
}

/** What is shown of each row: not the row as it came, which may hold whole prompts. */
async function collect(logs: SessionLogs, sessionId: string): Promise<SessionLogRow[]> {
  const rows: SessionLogRow[] = [];
  for await (const row of logs.list(sessionId)) rows.push({ ...row, raw: {} });
  return rows;
}

function noCalls(sessionId: string): number {
  console.error(
    `The log has no calls of session ${sanitizeLine(sessionId)}. They come 3 to 15 s after they end, ` +
      "and a key of an internal user sees only its own.",
  );
  return 1;
}
