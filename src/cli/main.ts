#!/usr/bin/env node
import { version } from "../../package.json";
import { sanitizeLine } from "../render/format.js";
import { SessionIdError } from "../session/session_id_error.js";
import { type Command, parseCommand, UsageError } from "./arguments.js";
import { doctor } from "./doctor/index.js";
import { HELP } from "./help.js";
import { show } from "./show.js";
import { Terminal } from "./terminal.js";

const INTERRUPTED = 130;

const terminal = new Terminal(process.stdout, process.stderr);

async function run(command: Command): Promise<number> {
  switch (command.name) {
    case "help":
      process.stdout.write(HELP);
      return 0;
    case "version":
      terminal.print(version);
      return 0;
    case "doctor":
      return doctor(command, terminal);
    case "show":
      return show(command, terminal);
  }
}

/** What an error says, and the exit code for it. */
function explain(error: unknown): { code: number; message: string } {
  const message = sanitizeLine(String((error as Error)?.message ?? error));
  if (error instanceof UsageError) return { code: 2, message: `${message} See litellm-session --help.` };
  // What the package says of a setting that can't be.
  if (SessionIdError.isInstance(error) || (error instanceof TypeError && message.startsWith("Invalid "))) {
    return { code: 2, message };
  }
  return { code: 1, message };
}

/** Says what is wrong. Returns the exit code for it. */
function complain(error: unknown): number {
  const { code, message } = explain(error);
  console.error(`litellm-session: ${message}`);
  return code;
}

let command: Command | undefined;

/** Ends at once, whatever is under way: nothing would have to be undone. */
function end(code: number): never {
  terminal.endProgress();
  process.exit(code);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => end(command?.name === "show" && command.watch ? 0 : INTERRUPTED));
}
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") end(complain(error));
  // Who read a session has seen enough: `| head`. Of the doctor, nobody may have read the verdict.
  end(command?.name === "doctor" ? 1 : 0);
});
// Who does not read the progress may still read the rest.
process.stderr.on("error", () => {});

// The exit code is set rather than forced, so that what was printed is not cut off in a pipe.
try {
  command = parseCommand(process.argv.slice(2));
  process.exitCode = await run(command);
} catch (error) {
  terminal.endProgress();
  process.exitCode = complain(error);
}
