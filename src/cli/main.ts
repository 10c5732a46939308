#!/usr/bin/env node
import { version } from "../../package.json";
import { SessionIdError } from "../session_id.js";
import { SessionLogsError } from "../session_logs_error.js";
import { plainLine } from "../session_picture.js";
import { type Command, parseCommand, UsageError } from "./arguments.js";
import { doctor } from "./doctor.js";
import { HELP } from "./help.js";
import { show } from "./show.js";
import { Terminal } from "./terminal.js";

const INTERRUPTED = 130;

async function run(command: Command, signal: AbortSignal): Promise<number> {
  const terminal = new Terminal(process.stdout, process.stderr);
  try {
    switch (command.name) {
      case "help":
        process.stdout.write(HELP);
        return 0;
      case "version":
        terminal.print(version);
        return 0;
      case "doctor":
        return await doctor(command, terminal, signal);
      case "show":
        return await show(command, terminal, signal);
    }
  } finally {
    terminal.endProgress();
  }
}

/** What an error says, and the exit code for it. */
function explain(error: unknown): { code: number; message: string } {
  const message = plainLine(String((error as Error)?.message ?? error));
  if (error instanceof UsageError) return { code: 2, message: `${message} See litellm-session --help.` };
  if (SessionLogsError.isInstance(error)) return { code: 1, message };
  // What the package says of a setting that can't be.
  if (SessionIdError.isInstance(error) || (error instanceof TypeError && message.startsWith("Invalid "))) {
    return { code: 2, message };
  }
  return { code: 1, message };
}

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
process.once("SIGTERM", () => interrupted.abort());
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0); // Who read this has seen enough: `| head`.
});

// The exit code is set rather than forced, so that what was printed is not cut off in a pipe.
try {
  process.exitCode = await run(parseCommand(process.argv.slice(2)), interrupted.signal);
} catch (error) {
  if (interrupted.signal.aborted) process.exitCode = INTERRUPTED;
  else {
    const { code, message } = explain(error);
    console.error(`litellm-session: ${message}`);
    process.exitCode = code;
  }
}
