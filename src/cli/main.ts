#!/usr/bin/env node
import { version } from "../../package.json";
import { sanitizeLine } from "../render/format.js";
import { SessionIdError } from "../session/session_id_error.js";
import { cutText, MAX_ERROR_LENGTH } from "../utils/error_text.js";
import { type Command, parseCommand, UsageError } from "./arguments.js";
import { doctor } from "./doctor/index.js";
import { HELP } from "./help.js";
import { list } from "./list.js";
import { show } from "./show.js";
import { Terminal } from "./terminal.js";

/** The shell's exit code for SIGINT: 128 + 2. */
const INTERRUPTED = 130;

const terminal = new Terminal(process.stdout, process.stderr, process.env.LITELLM_API_KEY);

async function run(command: Command): Promise<number> {
  switch (command.name) {
    case "help":
      terminal.write(HELP);
      return 0;
    case "version":
      terminal.print(version);
      return 0;
    case "doctor":
      return doctor(command, terminal);
    case "list":
      return list(command, terminal);
    case "show":
      return show(command, terminal);
  }
}

/** The message and the exit code for an error. */
function toExit(error: unknown): { code: number; message: string } {
  const message = cutText(sanitizeLine(String((error as Error)?.message ?? error)), MAX_ERROR_LENGTH);
  if (error instanceof UsageError) return { code: 2, message: `${message} See litellm-session --help.` };
  // A setting that the package rejects: its message starts with "Invalid ", that of another TypeError does not.
  if (SessionIdError.isInstance(error) || (error instanceof TypeError && message.startsWith("Invalid "))) {
    return { code: 2, message };
  }
  return { code: 1, message };
}

/** Prints the error. Returns the exit code for it. */
function reportError(error: unknown): number {
  const { code, message } = toExit(error);
  terminal.printError(`litellm-session: ${message}`);
  return code;
}

let command: Command | undefined;

/** Exits without waiting for open requests: none of them needs a clean-up. */
function exitNow(code: number): never {
  terminal.endProgress();
  process.exit(code);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => exitNow(command?.name === "show" && command.watch ? 0 : INTERRUPTED));
}
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") exitNow(reportError(error));
  // EPIPE (`| head`): success for `show`. For `doctor` it is a failure, because the verdict is printed last.
  exitNow(command?.name === "doctor" ? 1 : 0);
});
// If the reader of the progress closes stderr, the result on stdout may still have a reader.
process.stderr.on("error", () => {});

// `process.exitCode` instead of `process.exit()`, which would cut off output that is still on its way into a pipe.
try {
  command = parseCommand(process.argv.slice(2));
  process.exitCode = await run(command);
} catch (error) {
  terminal.endProgress();
  process.exitCode = reportError(error);
}
