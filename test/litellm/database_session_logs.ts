import { checkSessionLogs } from "./check_session_logs.js";
import { databaseIsMissing, startWithDatabase } from "./database.js";
import { isEnding } from "./processes.js";
import type { Python } from "./python.js";
import type { Column } from "./report.js";
import { VERSIONS } from "./versions.js";

/**
 * Reads sessions back from a proxy of each version with its database, one after the other: they
 * share one Postgres. Without the scripts that start them, there is nothing to check.
 */
export async function sessionLogColumns(python: Python, versions: readonly string[] = VERSIONS): Promise<Column[]> {
  if (databaseIsMissing() !== undefined) return [];
  const columns: Column[] = [];
  for (const version of versions) {
    if (isEnding()) break;
    const name = `${version} log`;
    const startedAt = performance.now();
    try {
      const lab = await startWithDatabase(python, version);
      try {
        columns.push({ name, findings: await checkSessionLogs(lab, version) });
      } finally {
        await lab.close();
      }
    } catch (error) {
      columns.push({ name, findings: undefined, failure: String(error) });
    }
    console.log(`${name}: checked after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  }
  return columns;
}
