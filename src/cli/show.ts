import { writeFile } from "node:fs/promises";
import type { SessionLogRow } from "../logs/rows.js";
import { SessionLogs } from "../logs/session_logs.js";
import { SessionLogsError } from "../logs/session_logs_error.js";
import { sanitizeLine } from "../render/format.js";
import { renderSessionHtml } from "../render/html.js";
import { renderSession } from "../render/text.js";
import type { Command } from "./arguments.js";
import type { Terminal } from "./terminal.js";

/** Pause of `--watch` for each request that it sent. */
const WATCH_MS = 500;

/** Prints a session. Returns the exit code. */
export async function show(command: Extract<Command, { name: "show" }>, terminal: Terminal): Promise<number> {
  const { baseURL, sessionId, json, html, watch } = command;
  const logs = new SessionLogs({ baseURL });
  if (json) return showJson(logs, sessionId, terminal);
  if (watch) return watchSession(baseURL, sessionId, terminal);

  const rows = await readRows(logs, sessionId);
  if (rows.length === 0) return reportNoCalls(sessionId, terminal);
  if (html === "-") terminal.write(renderSessionHtml(rows));
  else if (html !== undefined) {
    await writePage(html, terminal.redact(renderSessionHtml(rows)));
    terminal.print(`Wrote ${html}: ${rows.length} ${rows.length === 1 ? "call" : "calls"}.`);
  } else {
    terminal.print(renderSession(rows, { style: terminal.style, width: terminal.width }));
    terminal.print(terminal.style("muted", logs.url(sessionId)));
  }
  return 0;
}

async function writePage(file: string, page: string): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (error) {
    // Node's message: `EISDIR: illegal operation on a directory, open '/file'`.
    const [, reason] = /^\w+: (.*?),/.exec((error as Error).message) ?? [];
    throw reason === undefined ? error : new Error(`The page can't be written to ${file}: ${reason}.`);
  }
}

/** Prints one line of JSON for each call. Waits for a slow reader, so that a long session does not fill the memory. */
async function showJson(logs: SessionLogs, sessionId: string, terminal: Terminal): Promise<number> {
  let calls = 0;
  for await (const { raw, ...row } of logs.list(sessionId)) {
    calls += 1;
    if (!terminal.write(`${toPrintableJson(row)}\n`)) await terminal.drained();
  }
  return calls === 0 ? reportNoCalls(sessionId, terminal) : 0;
}

/** JSON with `\u` escapes for control and format characters, which a terminal would obey. */
export function toPrintableJson(value: unknown): string {
  const escapeUnit = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character.split("").map(escapeUnit).join(""),
  );
}

/** Prints the session again for each new call, until the user interrupts the command. */
async function watchSession(baseURL: string | undefined, sessionId: string, terminal: Terminal): Promise<never> {
  let requests = 0;
  const countingFetch: typeof fetch = (input, init) => {
    requests += 1;
    return fetch(input, init);
  };
  const logs = new SessionLogs({ baseURL, fetch: countingFetch });
  let shownCalls = -1; // -1: nothing has been printed yet.
  for (;;) {
    requests = 0;
    try {
      const rows = await readRows(logs, sessionId);
      terminal.endProgress();
      if (rows.length !== shownCalls) {
        shownCalls = rows.length;
        terminal.clear();
        terminal.print(
          shownCalls > 0
            ? renderSession(rows, { style: terminal.style, width: terminal.width })
            : `No calls of session ${sanitizeLine(sessionId)} yet.`,
        );
        terminal.print(terminal.style("muted", `Watching ${logs.url(sessionId)} Ctrl-C ends it.`));
      }
    } catch (error) {
      if (shownCalls < 0 || !isTransient(error)) throw error;
      terminal.progress(`Trying again: ${sanitizeLine(error.message)}`, true);
    }
    // As long for each request of this round: on average, never more than two a second.
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS * Math.max(1, requests)));
  }
}

/** Whether a proxy that answered before may answer again. `NO_DATABASE` too: the proxy has lost its connection. */
function isTransient(error: unknown): error is SessionLogsError {
  if (!SessionLogsError.isInstance(error)) return false;
  const { code, status = 0 } = error;
  if (code === "PROXY_ERROR") return status >= 500 || status === 429;
  return code === "UNREACHABLE" || code === "TIMEOUT" || code === "NO_DATABASE";
}

/** Drops `raw`, which may contain whole prompts: a long session would fill the memory with them. */
async function readRows(logs: SessionLogs, sessionId: string): Promise<SessionLogRow[]> {
  const rows: SessionLogRow[] = [];
  for await (const row of logs.list(sessionId)) rows.push({ ...row, raw: {} });
  return rows;
}

function reportNoCalls(sessionId: string, terminal: Terminal): number {
  terminal.printError(
    `The log has no calls of session ${sanitizeLine(sessionId)}. They come 3 to 15 s after they end, ` +
      "and a key of an internal user sees only its own.",
  );
  return 1;
}
