import type { SessionListEntry } from "../logs/session_list.js";
import { SessionLogs } from "../logs/session_logs.js";
import { countOf, formatUsd, sanitizeLine } from "../render/format.js";
import { cutMiddle, cutToWidth, fitToWidth } from "../render/text_width.js";
import type { Command } from "./arguments.js";
import { toPrintableJson } from "./show.js";
import type { Terminal } from "./terminal.js";

const MAX_SESSIONS = 50;

/** Prints the newest sessions. Returns the exit code. */
export async function list(command: Extract<Command, { name: "list" }>, terminal: Terminal): Promise<number> {
  const logs = new SessionLogs({ baseURL: command.baseURL });
  const entries: SessionListEntry[] = [];
  for await (const entry of logs.sessions({ since: new Date(Date.now() - command.sinceMs) })) {
    entries.push(entry);
    if (entries.length === MAX_SESSIONS) break;
  }
  if (command.json) {
    for (const entry of entries) if (!terminal.write(`${toPrintableJson(entry)}\n`)) await terminal.drained();
    return 0;
  }
  if (entries.length === 0) {
    terminal.printError("The log has no sessions in this time. --since 7d looks further back.");
    return 1;
  }
  const idWidth = Math.min(40, terminal.width - 58);
  const formatLine = (id: string, lastCall: string, calls: string, cost: string, models: string) =>
    cutToWidth(
      `${fitToWidth(cutMiddle(id, idWidth), idWidth)}  ${lastCall.padEnd(16)}  ${fitToWidth(calls, 9, "right")}  ${fitToWidth(cost, 10, "right")}  ${models}`,
      terminal.width,
    );
  terminal.print(terminal.style("muted", formatLine("session", "last call (UTC)", "calls", "cost", "models")));
  for (const { sessionId, lastCallAt, calls, costUsd, models } of entries) {
    const lastCall = lastCallAt.toISOString().slice(0, 16).replace("T", " ");
    const names = models.map(sanitizeLine).join(", ");
    terminal.print(formatLine(sanitizeLine(sessionId), lastCall, countOf(calls, "call"), formatUsd(costUsd), names));
  }
  if (entries.length === MAX_SESSIONS) terminal.print(terminal.style("muted", `The newest ${MAX_SESSIONS} are shown.`));
  return 0;
}
