import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { onEnd } from "./processes.js";
import { WORK_DIR } from "./python.js";

/**
 * Locks the work folder for this run: a second run would find the database of the first and mistake it
 * for a leftover.
 *
 * @throws {Error} if another run has it. The lock of a run that is gone does not count.
 */
export async function lockWorkDir(): Promise<void> {
  await mkdir(WORK_DIR, { recursive: true });
  const file = join(WORK_DIR, "run.lock");
  if (!(await write(file))) {
    const pid = Number(await readFile(file, "utf8"));
    if (isAlive(pid)) {
      throw new Error(`test:litellm runs already, as process ${pid}; if not, remove ${relative(process.cwd(), file)}`);
    }
    await rm(file, { force: true });
    if (!(await write(file))) throw new Error("test:litellm was started twice at the same time");
  }
  onEnd(() => rm(file, { force: true }));
}

async function write(file: string): Promise<boolean> {
  return writeFile(file, String(process.pid), { flag: "wx" }).then(
    () => true,
    () => false,
  );
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
