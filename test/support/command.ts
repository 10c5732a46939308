import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");

/** The directory of the built command, inside node_modules so that its packages are found. Built once per test file. */
let directory = "";

beforeAll(async () => {
  const cache = join(ROOT, "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  directory = await mkdtemp(join(cache, "litellm-session-"));
  const entryPoints = [join(ROOT, "src/cli/main.ts")];
  const outfile = join(directory, "cli.mjs");
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "esm", packages: "external" });
}, 60_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command while it runs. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** The exit code. Resolves also if the output is not read. */
  readonly exited: Promise<number | null>;
  /** The output so far. */
  stdout(): string;
  interrupt(): void;
  /** Closes the pipe of its output, as `head` does. */
  stopReading(from?: "stdout" | "stderr"): void;
}

/** Starts `litellm-session` from its source, with no other environment variables than PATH and HOME. */
export function startCommand(
  args: readonly string[],
  env: Record<string, string> = {},
  { reads = true }: { reads?: boolean } = {},
): Running {
  const command = [join(directory, "cli.mjs"), ...args];
  return start(process.execPath, command, env, (child) => child.kill("SIGINT"), reads);
}

/** Starts it in a terminal of 100 columns: `stdout` is what is drawn, errors too. */
export function startInTerminal(args: readonly string[], env: Record<string, string> = {}): Running {
  const quoted = [process.execPath, join(directory, "cli.mjs"), ...args].map((part) => `'${part}'`).join(" ");
  const command = `stty cols 100 rows 40; exec ${quoted}`;
  const hasScript = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");
  const [program, options] = hasScript
    ? ["script", ["-qec", command, "/dev/null"]]
    : ["python3", ["-c", PYTHON_TERMINAL, command]];
  return start(program, options, { TERM: "xterm-256color", ...env }, (child) => child.stdin?.write("\u0003"));
}

const PYTHON_TERMINAL =
  "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh', '-c', sys.argv[1]])))";

function start(
  program: string,
  args: string[],
  env: Record<string, string>,
  interrupt: (child: ChildProcess) => void,
  reads = true,
): Running {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(program, args, { cwd: ROOT, env: { PATH, HOME, ...env } });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  if (!reads) child.stdout.pause();
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return {
    ended,
    exited,
    stdout: () => stdout,
    interrupt: () => interrupt(child),
    stopReading: (from = "stdout") => child[from].destroy(),
  };
}

/** Runs `litellm-session` to its end. */
export function runCommand(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return startCommand(args, env).ended;
}
