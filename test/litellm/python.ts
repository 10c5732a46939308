import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { run } from "./processes.js";
import { checkVersion } from "./versions.js";

/** The folder of the virtual environments. Ignored by git, and reused by later runs. */
export const WORK_DIR: string = join(import.meta.dirname, "..", "..", ".litellm");

const MINIMUM_MINOR = 10;

/** Newer versions are only used if no other is installed: old releases may not have wheels for them. */
const PROVEN_MINOR = 13;

/** The tools that create virtual environments: a Python, and uv if it could be installed. */
export interface Python {
  readonly command: string;
  readonly uv: string | undefined;
  /** `PATH` with uv on it. */
  readonly path: string;
}

/**
 * Finds a Python and uv. Where uv is not on the PATH, it is installed into an environment of its
 * own; where that fails too, pip has to do.
 *
 * @throws {Error} in one line, if there is no Python 3.10 or newer.
 */
export async function findPython(): Promise<Python> {
  const command = await findInterpreter();
  const path = process.env.PATH ?? "";
  if (await succeeds("uv", ["--version"])) return { command, uv: "uv", path };

  await mkdir(WORK_DIR, { recursive: true });
  const bin = join(WORK_DIR, "uv", "bin");
  const uv = join(bin, "uv");
  if (!(await succeeds(uv, ["--version"]))) {
    const venv = await succeeds(command, ["-m", "venv", "--clear", join(WORK_DIR, "uv")]);
    if (!venv) throw new Error(`test:litellm: "${command} -m venv" does not work: install Python's venv module, or uv`);
    if (!(await succeeds(join(bin, "python"), ["-m", "pip", "install", "-q", "uv"]))) {
      return { command, uv: undefined, path };
    }
  }
  return { command, uv, path: bin + delimiter + path };
}

/**
 * Makes a virtual environment with `litellm[proxy]` of this version, or takes the finished one of
 * an earlier run. Returns its `bin` folder.
 */
export async function installLitellm({ command, uv }: Python, version: string): Promise<string> {
  checkVersion(version);
  const venv = join(WORK_DIR, `venv-${version}`);
  const bin = join(venv, "bin");
  const done = join(venv, ".done");
  if (existsSync(done) && (await installedVersion(bin)) === version) return bin;

  const requirement = `litellm[proxy]==${version}`;
  await rm(venv, { recursive: true, force: true });
  if (uv) {
    await run(uv, ["venv", "-q", "--python", command, venv]);
    await run(uv, ["pip", "install", "-q", "--python", join(bin, "python"), requirement]);
  } else {
    await run(command, ["-m", "venv", venv]);
    await run(join(bin, "python"), ["-m", "pip", "install", "-q", requirement]);
  }
  await writeFile(done, "");
  return bin;
}

/** Asked of the environment itself, because one whose interpreter was removed still has its folders. */
async function installedVersion(bin: string): Promise<string | undefined> {
  const script = "import importlib.metadata as m; print(m.version('litellm'))";
  return run(join(bin, "python"), ["-c", script]).catch(() => undefined);
}

async function findInterpreter(): Promise<string> {
  const found: { command: string; minor: number }[] = [];
  for (const command of ["python3", "python", "python3.12", "python3.13", "python3.11", "python3.10"]) {
    const version = await run(command, ["-c", "import sys; print(*sys.version_info[:2])"]).catch(() => "");
    const [major, minor] = version.split(" ").map(Number);
    if (major === 3 && minor !== undefined && minor >= MINIMUM_MINOR) found.push({ command, minor });
    if (found.some((python) => python.minor <= PROVEN_MINOR)) break;
  }
  const best = found.find((python) => python.minor <= PROVEN_MINOR) ?? found[0];
  if (!best) throw new Error(`test:litellm needs Python 3.${MINIMUM_MINOR} or newer on the PATH: there is none`);
  return best.command;
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}
