import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePorts } from "../support/ports.js";
import { isReachable } from "../support/postgres.js";
import { type Lab, plainEnvironment } from "./lab.js";
import { onEnd, run } from "./processes.js";
import { startProvider } from "./provider.js";
import { MODELS, proxyConfig } from "./proxy.js";
import { type Python, WORK_DIR } from "./python.js";
import { rowsFromEndpoint } from "./rows.js";
import { checkVersion } from "./versions.js";

/** Scripts that start a LiteLLM proxy with its Postgres. They lie beside the project, where they are there at all. */
const SCRIPTS = join(import.meta.dirname, "..", "..", "..", "shared", "litellm-db");

/** Opens a proxy of somebody's own, with a database, that the environment names; undefined if it names none. */
export function ownProxy(): (() => Promise<Lab>) | undefined {
  const { LITELLM_BASE_URL: baseURL, LITELLM_MASTER_KEY: apiKey } = process.env;
  const { LITELLM_MODEL: model, LITELLM_EMBEDDING_MODEL: embeddingModel } = process.env;
  if (!baseURL || !apiKey) return undefined;
  const rows = rowsFromEndpoint(baseURL, apiKey);
  return async () => {
    // A wrong address or key shows here, before there are requests to pay for.
    await rows.read([{ sessionId: "no such session", mark: "", count: 0 }]);
    return { baseURL, apiKey, model: model || MODELS.chat, embeddingModel, rows, close: async () => {} };
  };
}

/** Why no proxy with a database can be started here; undefined if one can. */
export function databaseIsMissing(): string | undefined {
  if (existsSync(join(SCRIPTS, "up.sh"))) return undefined;
  return "set LITELLM_BASE_URL and LITELLM_MASTER_KEY to check the rows in the database of a proxy of yours";
}

/**
 * Starts a proxy with its Postgres in front of a stand-in of its own, with an empty history or with
 * that of earlier runs. Rows are read with its own endpoint.
 */
export async function startWithDatabase(python: Python, version: string): Promise<Lab> {
  checkVersion(version);
  const dir = await databaseDir();
  await stopLeftovers(dir);
  const provider = await startProvider();
  const apiKey = `sk-${randomUUID()}`;
  const config = join(dir, "test-config.yaml");
  // Rows every 1 to 7 s. 1.70 waits up to 3 s less than this, and with 0 or less it never gets to answer.
  const general_settings = { store_prompts_in_spend_logs: true, proxy_batch_write_at: 4 };
  await writeFile(config, proxyConfig(provider, apiKey, { general_settings }));

  const [port, postgresPort, otherPort] = await freePorts(3);
  let stopped: Promise<unknown> | undefined;
  const stop = () => {
    stopped ??= down(dir);
    return stopped;
  };
  onEnd(stop);
  const env = { PORT: String(port), PG_PORT: String(postgresPort), UP_PORT: String(otherPort), CONFIG: config };
  await run("bash", [join(SCRIPTS, "up.sh"), dir, version], {
    env: { ...plainEnvironment(), PATH: python.path, ...env },
  });

  const baseURL = `http://127.0.0.1:${port}`;
  return {
    baseURL,
    apiKey,
    model: MODELS.chat,
    embeddingModel: MODELS.embeddings,
    rows: rowsFromEndpoint(baseURL, apiKey),
    provider,
    async close() {
      await stop();
      provider.close();
    },
  };
}

/**
 * Postgres does not run as root: its user must be able to reach its folder, and the path of its
 * socket has to be short. Where the project lies elsewhere, a temporary folder has to do.
 */
async function databaseDir(): Promise<string> {
  const dir = join(WORK_DIR, "db");
  await mkdir(dir, { recursive: true });
  if (dir.length < 80 && (await isReachable(dir))) return dir;
  const temporary = await mkdtemp(join(tmpdir(), "litellm-db-"));
  onEnd(() => rm(temporary, { recursive: true, force: true }));
  return temporary;
}

/** Stops what a run that was killed outright left behind. A pid that another process has by now is forgotten. */
async function stopLeftovers(dir: string): Promise<void> {
  let found = existsSync(join(dir, "pg", "data", "postmaster.pid"));
  for (const name of ["proxy.pid", "upstream.pid"]) {
    const file = join(dir, name);
    const pid = await readFile(file, "utf8").catch(() => undefined);
    if (pid === undefined) continue;
    const command = await promisify(execFile)("ps", ["-ww", "-o", "args=", "-p", pid.trim()]).catch(() => undefined);
    if (command?.stdout.includes(dir)) found = true;
    else await rm(file);
  }
  if (found) await down(dir);
}

/** Fails where Postgres was not up: then there is nothing to stop. */
async function down(dir: string): Promise<void> {
  await run("bash", [join(SCRIPTS, "down.sh"), dir], { env: plainEnvironment(), whileEnding: true }).catch(() => {});
}
