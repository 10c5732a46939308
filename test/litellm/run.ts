import { CONTROL, checkScenarios, type Findings, NO_STRAYS } from "./check_scenarios.js";
import { SESSION_LOG_CHECKS } from "./check_session_logs.js";
import { databaseIsMissing, ownProxy, startWithDatabase } from "./database.js";
import { sessionLogColumns } from "./database_session_logs.js";
import type { Control, Lab } from "./lab.js";
import { lockWorkDir } from "./lock.js";
import { endAll, endAllOnSignals, isEnding } from "./processes.js";
import { type ProxySettings, startProxy } from "./proxy.js";
import { findPython, installLitellm, type Python } from "./python.js";
import { type Column, report } from "./report.js";
import { SCENARIOS } from "./scenarios.js";
import { checkVersion, NEWEST, VERSIONS } from "./versions.js";

/** A proxy to check, and how to start it. */
interface Target {
  readonly name: string;
  open(): Promise<Lab>;
}

/** Settings of the newest release that change which field is the session, each with a control that proves it is on. */
const VARIANTS: readonly { name: string; settings: ProxySettings; control: Control }[] = [
  {
    name: "correlation",
    settings: { litellm_settings: { request_correlation_in_logs: true } },
    control: { transport: { body: ["litellm_session_id"] }, outcome: "split" },
  },
  {
    name: "reject",
    settings: { general_settings: { missing_session_id: "reject" } },
    control: { transport: "none", outcome: "refused" },
  },
];

/**
 * Runs the package against real LiteLLM proxies: `npm run test:litellm`, or with versions as
 * arguments (`npm run test:litellm -- 1.70.4 database`) against these alone.
 */
async function main(): Promise<number> {
  const wanted = process.argv.slice(2);
  const versions = wanted.length > 0 ? wanted.filter((name) => name !== "database") : VERSIONS;
  versions.forEach(checkVersion);
  forgetEnvironment();
  await lockWorkDir();
  const python = await findPython();

  const isWanted = wanted.length === 0 || wanted.includes("database");
  const databases = isWanted ? databaseTargets(python) : [];
  // Two lanes for two cores: the proxy with the database takes as long to start as all other proxies.
  const columns = await Promise.all([checkAll(proxyTargets(python, versions)), checkAll(databases)]);
  const logs = isWanted && !ownProxy() ? await sessionLogColumns(python) : [];
  if (isEnding()) return 1;
  const names = [...SCENARIOS.map(({ name }) => name), CONTROL, NO_STRAYS, ...SESSION_LOG_CHECKS];
  return report([...columns.flat(), ...logs], names);
}

function proxyTargets(python: Python, versions: readonly string[]): Target[] {
  const plain = versions.map((version) => ({
    name: version,
    open: async () => startProxy(await installLitellm(python, version)),
  }));
  const variants = VARIANTS.map(({ name, settings, control }) => ({
    name: `${NEWEST} ${name}`,
    open: async () => startProxy(await installLitellm(python, NEWEST), settings, control),
  }));
  return versions.includes(NEWEST) ? [...plain, ...variants] : plain;
}

function databaseTargets(python: Python): Target[] {
  const own = ownProxy();
  if (own) return [{ name: "LITELLM_BASE_URL", open: own }];
  const missing = databaseIsMissing();
  if (missing === undefined) return [{ name: `${NEWEST} Postgres`, open: () => startWithDatabase(python, NEWEST) }];
  console.log(`skipped: the proxy with its database (${missing})`);
  return [];
}

/** Checks one target after the other; the next one starts while one is checked. */
async function checkAll(targets: readonly Target[]): Promise<Column[]> {
  const columns: Column[] = [];
  let next = targets[0] && opened(targets[0]);
  for (const [index, target] of targets.entries()) {
    const lab = await next;
    const following = targets[index + 1];
    next = following && opened(following);
    columns.push(await check(target.name, lab));
  }
  return columns;
}

async function opened(target: Target): Promise<Lab | Error> {
  const startedAt = Date.now();
  try {
    const lab = await target.open();
    console.log(`${target.name}: up after ${seconds(startedAt)}`);
    return lab;
  } catch (error) {
    return error as Error;
  }
}

async function check(name: string, lab: Lab | Error | undefined): Promise<Column> {
  if (lab === undefined || lab instanceof Error) return { name, findings: undefined, failure: String(lab) };
  const startedAt = Date.now();
  let findings: Findings;
  try {
    findings = await checkScenarios(lab, SCENARIOS);
  } catch (error) {
    return { name, findings: undefined, failure: String(error) };
  } finally {
    await lab.close();
  }
  const failed = [...findings.values()].filter((problem) => problem !== undefined).length;
  console.log(`${name}: ${findings.size - failed} of ${findings.size} paths ok, ${seconds(startedAt)}`);
  return { name, findings };
}

/** Variables of a developer's shell that change the ids or send traces. */
function forgetEnvironment(): void {
  for (const name of Object.keys(process.env)) {
    if (/^(LITELLM_SESSION_ID|OPENAI_|LANGSMITH_|LANGCHAIN_)/.test(name)) delete process.env[name];
  }
}

function seconds(sinceMs: number): string {
  return `${((Date.now() - sinceMs) / 1_000).toFixed(1)} s`;
}

endAllOnSignals();
let code = 1;
try {
  code = (await main()) > 0 ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
}
await endAll();
process.exit(code);
