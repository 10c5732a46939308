import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * All processes that this test starts, so that none outlives it. Each process leads a group:
 * its children end with it, and Ctrl-C in a terminal reaches only this test, which then
 * ends the groups in order.
 */
const groups = new Set<number>();

const cleanups: (() => Promise<unknown>)[] = [];

let ending: Promise<void> | undefined;

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether it may be started when the test is ending, to stop another process. Default: false. */
  readonly whileEnding?: boolean;
}

/** A running process, and the last lines of its output. */
export interface Started {
  readonly pid: number;
  /** Resolves with the exit code when the process has ended; null after a signal. */
  readonly ended: Promise<number | null>;
  /** The last lines of its output, for an error message. */
  tail(): string;
}

/** Starts a process as the leader of a new group. */
export function start(command: string, args: readonly string[], options: StartOptions = {}): Started {
  const { whileEnding = false, ...where } = options;
  if (ending && !whileEnding) throw new Error("the test is ending");
  const child: ChildProcess = spawn(command, args, { ...where, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-8_000);
    });
  }
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  ended.catch(() => {});
  return { pid: pid ?? -1, ended, tail: () => output.trimEnd().split("\n").slice(-15).join("\n") };
}

/**
 * Runs a command to its end and returns the last of its output.
 *
 * @throws {Error} with that output, if the command can't be started or exits with another code than 0.
 */
export async function run(command: string, args: readonly string[], options: StartOptions = {}): Promise<string> {
  // When the test is ending, the caller must not see a failure of the command.
  if (ending && !options.whileEnding) return new Promise(() => {});
  const started = start(command, args, options);
  const code = await started.ended;
  // Processes that the command left running (up.sh: a proxy) stay in the group.
  if (!isRunning(started.pid)) groups.delete(started.pid);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${started.tail()}`);
  return started.tail();
}

/** Ends a whole group: SIGTERM, and SIGKILL to its remaining processes after 5 s. */
export async function end(pid: number): Promise<void> {
  if (!groups.has(pid)) return;
  signalGroup(pid, "SIGTERM");
  for (let waitedMs = 0; isRunning(pid) && waitedMs < 5_000; waitedMs += 50) await sleep(50);
  signalGroup(pid, "SIGKILL");
  groups.delete(pid);
}

/** Registers a cleanup that runs after the test's processes have ended, also after a crash. */
export function onEnd(cleanup: () => Promise<unknown>): void {
  cleanups.push(cleanup);
}

/** Ends every group, then runs the cleanups, the last registered first. */
export function endAll(): Promise<void> {
  ending ??= (async () => {
    await Promise.all([...groups].map(end));
    for (const cleanup of cleanups.reverse()) {
      await cleanup().catch((error: unknown) => console.error("While ending:", error));
    }
  })();
  return ending;
}

/** Whether the test is ending: later failures are a consequence. */
export function isEnding(): boolean {
  return ending !== undefined;
}

/** Ends the processes of an interrupted or crashed test. */
export function endAllOnSignals(): void {
  const interrupt = (signal: NodeJS.Signals) => {
    console.error(`\n${signal}: ending the processes that were started`);
    void endAll().then(() => process.exit(128 + constants.signals[signal]));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  if (process.env.npm_lifecycle_event !== undefined) {
    // npm passes a SIGTERM on to the shell between them, and that dies without passing it on.
    const { ppid } = process;
    setInterval(() => process.ppid !== ppid && !ending && interrupt("SIGTERM"), 500).unref();
  }
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (error: unknown) => {
      console.error(error);
      void endAll().then(() => process.exit(1));
    });
  }
  process.on("exit", () => {
    for (const pid of groups) signalGroup(pid, "SIGKILL");
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

function isRunning(pid: number): boolean {
  return pid > 0 && signalGroup(pid, 0);
}
