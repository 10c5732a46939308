import type { Findings } from "./check_scenarios.js";

/** A column of the table: a proxy, with its findings or the reason why it did not start. */
export interface Column {
  readonly name: string;
  readonly findings: Findings | undefined;
  readonly failure?: string | undefined;
}

/** The row that shows whether a proxy started and its rows could be read. */
const STARTS = "(proxy and log are there)";

/** Prints a table of scenario x proxy, the failures and the closing line. Returns the number of failures. */
export function report(columns: readonly Column[], rowNames: readonly string[]): number {
  const names = [STARTS, ...rowNames].filter((name) => columns.some((column) => cell(column, name) !== "-"));
  const width = Math.max(...names.map((name) => name.length));
  const line = (cells: readonly string[]) =>
    cells.map((text, index) => text.padEnd(index === 0 ? width : (columns[index - 1]?.name.length ?? 0))).join("  ");

  if (columns.length > 0) console.log(`\n${line(["scenario", ...columns.map(({ name }) => name)]).trimEnd()}`);
  for (const name of names) {
    console.log(line([name, ...columns.map((column) => cell(column, name))]).trimEnd());
  }

  const problems = columns.flatMap((column) => [
    ...(column.failure === undefined ? [] : [`${column.name}, ${STARTS}: ${column.failure}`]),
    ...[...(column.findings ?? [])].flatMap(([name, problem]) =>
      problem ? [`${column.name}, ${name}: ${problem}`] : [],
    ),
  ]);
  if (problems.length > 0) console.log(`\n${problems.map((problem) => `FAILED ${problem}`).join("\n")}`);

  const cells = columns.flatMap((column) => names.map((name) => cell(column, name)));
  const passed = cells.filter((text) => text === "ok").length;
  const failed = cells.filter((text) => text === "FAILED").length;
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed;
}

function cell({ findings, failure }: Column, name: string): "ok" | "FAILED" | "-" {
  if (name === STARTS) return failure === undefined ? "ok" : "FAILED";
  if (!findings?.has(name)) return "-";
  return findings.get(name) === undefined ? "ok" : "FAILED";
}
