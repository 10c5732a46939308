import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chown, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { freePorts } from "./ports.js";

/** Where Debian puts each version's programs, which it does not put on the PATH. */
const DEBIAN = "/usr/lib/postgresql";

/** Whether a Postgres can be started here. Says so where none is installed. @throws in CI, where nothing is to be skipped. */
export function hasPostgres(subject: string): boolean {
  const isInstalled = binaries() !== undefined;
  if (!isInstalled && process.env.CI) throw new Error(`There is no Postgres: no initdb on the PATH or in ${DEBIAN}.`);
  if (!isInstalled) console.warn(`skipped: ${subject} (install postgresql, in Debian a package of that name)`);
  return isInstalled;
}

export interface Postgres {
  /** Its connection string. */
  readonly url: string;
  /** Resolves when the process has ended and its data are deleted. */
  stop(): Promise<void>;
}

/** Starts an empty Postgres on a free port of the loopback interface. */
export async function startPostgres(): Promise<Postgres> {
  const bin = binaries();
  if (bin === undefined) throw new Error("There is no Postgres.");
  const user = serverUser();
  const dir = await mkdtemp(join(await reachableTemporaryDir(), "postgres-"));
  if (user) await chown(dir, user.uid, user.gid);
  const data = join(dir, "data");
  execFileSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "-E", "UTF8", "--no-locale", "--auth=trust", "--no-sync"],
    { ...user, cwd: dir, stdio: ["ignore", "ignore", "inherit"] },
  );
  const [port = 0] = await freePorts(1);
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
  const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
  const server = spawn(join(bin, "postgres"), args, { ...user, cwd: dir, stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  // SIGQUIT: an immediate shutdown, which ends the processes of its connections too.
  const quit = () => server.kill("SIGQUIT");
  process.once("exit", quit);
  await untilReady(server);
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      quit();
      await ended;
      process.off("exit", quit);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function untilReady(server: ChildProcess): Promise<void> {
  if (!server.stderr) throw new Error("postgres was started without a pipe for its log");
  const log: string[] = [];
  for await (const line of createInterface({ input: server.stderr })) {
    log.push(line);
    if (!line.includes("ready to accept connections")) continue;
    server.stderr.resume();
    return;
  }
  throw new Error(`postgres ended: ${log.join("\n")}`);
}

/** The folder of `initdb` and `postgres`: the PATH's, else Debian's newest. */
function binaries(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...versions.map((each) => join(DEBIAN, each, "bin"))];
  return folders.find((folder) => ["initdb", "postgres"].every((program) => existsSync(join(folder, program))));
}

/** Postgres refuses to run as root: then the user that its package made runs it. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (option: string) => Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}

async function reachableTemporaryDir(): Promise<string> {
  return (await isReachable(join(tmpdir(), "postgres"))) ? tmpdir() : "/tmp";
}

/** Whether another user can reach what lies in the folders above `dir`. Asked as root alone, who runs Postgres as another. */
export async function isReachable(dir: string): Promise<boolean> {
  if (process.getuid?.() !== 0) return true;
  const parent = dirname(dir);
  if (parent === dir) return true;
  const { mode } = await stat(parent);
  return (mode & 0o001) !== 0 && (await isReachable(parent));
}
