import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Everything this test starts, so that nothing outlives it. Each process leads a group of its own:
 * what it starts itself ends with it, and Ctrl-C in a terminal reaches only this test, which then
 * ends the others in order.
 */
const groups = new Set<number>();

const cleanups: (() => Promise<unknown>)[] = [];

let ending: Promise<void> | undefined;

/** A process that was started, and the last of what it said. */
export interface Started {
  readonly pid: number;
  /** Resolves with the exit code when the process has ended; null after a signal. */
  readonly ended: Promise<number | null>;
  /** The last lines of its output, for an error message. */
  tail(): string;
}

/** Starts a process as the leader of a new group. */
export function start(command: string, args: readonly string[], options: SpawnOptions = {}): Started {
  if (ending) throw new Error("the test is ending");
  const child: ChildProcess = spawn(command, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
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
export async function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const started = start(command, args, options);
  const code = await started.ended;
  // What the command left running (up.sh: a proxy) keeps the group.
  if (!isRunning(started.pid)) groups.delete(started.pid);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${started.tail()}`);
  return started.tail();
}

/** Ends a whole group: SIGTERM, and SIGKILL to what is left of it after 5 s. */
export async function end(pid: number): Promise<void> {
  if (!groups.has(pid)) return;
  signalGroup(pid, "SIGTERM");
  for (let waitedMs = 0; isRunning(pid) && waitedMs < 5_000; waitedMs += 50) await sleep(50);
  signalGroup(pid, "SIGKILL");
  groups.delete(pid);
}

/** Registers what has to happen before the test ends, however it ends. The last registered goes first. */
export function onEnd(cleanup: () => Promise<unknown>): void {
  cleanups.push(cleanup);
}

/** Runs the cleanups and ends every group. */
export function endAll(): Promise<void> {
  ending ??= (async () => {
    for (const cleanup of cleanups.reverse()) {
      await cleanup().catch((error: unknown) => console.error("While ending:", error));
    }
    await Promise.all([...groups].map(end));
  })();
  return ending;
}

/** Makes an interrupted or crashed test end what it started. */
export function endAllOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      console.error(`\n${signal}: ending the processes that were started`);
      void endAll().then(() => process.exit(128 + constants.signals[signal]));
    });
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
