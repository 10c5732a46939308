import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");

/** Where the command is built to, once a test file: its packages are found from there. */
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
  /** What it has printed so far. */
  stdout(): string;
  interrupt(): void;
}

/** Starts `litellm-session` from its source, in an environment without settings of anyone's. */
export function startCommand(args: readonly string[], env: Record<string, string> = {}): Running {
  const foreign = /^(OPENAI|LITELLM|LANG|NODE_|VITEST|NO_COLOR|FORCE_COLOR)/;
  const inherited = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const child = spawn(process.execPath, [join(directory, "cli.mjs"), ...args], {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject).once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { ended, stdout: () => stdout, interrupt: () => child.kill("SIGINT") };
}

/** Runs `litellm-session` to its end. */
export function runCommand(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return startCommand(args, env).ended;
}
