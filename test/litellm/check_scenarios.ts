import { setTimeout as sleep } from "node:timers/promises";
import { SessionChatOpenAI } from "../../src/index.js";
import type { Control, Lab } from "./lab.js";
import type { SeenRequest } from "./provider.js";
import { type SpendRow, settledRows } from "./rows.js";
import { newSession, type Scenario, type ScenarioSession, scenarioRun } from "./scenario.js";
import { createWire, type Wire } from "./wire.js";

const PATH_LIMIT_MS = 120_000;

/** What was found on one proxy: for each path the first problem, or undefined where all is well. */
export type Findings = ReadonlyMap<string, string | undefined>;

interface Walked {
  readonly path: Scenario;
  readonly sessions: readonly ScenarioSession[];
  readonly wire: Wire;
  /** Why the path itself failed. */
  readonly failure: string | undefined;
}

/** The columns' own rows of the table. */
export const CONTROL = "(control: with less than the session)";
export const NO_STRAYS = "(no row belongs to nobody)";

/** Sends all paths' requests through a proxy, one path after the other, then looks at the rows. */
export async function checkScenarios(lab: Lab, paths: readonly Scenario[]): Promise<Findings> {
  const walked: Walked[] = [];
  for (const path of paths) {
    // Only the fake provider has the models that the clients' endpoints need.
    if (path.endpoint === "clients" && !lab.provider) continue;
    if (path.endpoint !== "embeddings" || lab.embeddingModel) walked.push(await walk(lab, path));
  }

  const controls = [newSession(), newSession()];
  const refusals = lab.control ? await runControl(lab, lab.control, controls) : 0;

  const expected = walked.flatMap(({ sessions, wire }) =>
    sessions.map(({ sessionId, mark }) => ({ sessionId, mark, count: wire.answered(mark) })),
  );
  const split = lab.control?.outcome === "split" ? controls : [];
  const rows = await settledRows(lab.rows, [...expected, ...split.map((session) => ({ ...session, count: 1 }))]);
  const seen = groupBy(lab.provider?.seen ?? [], ({ body }) => markOf(JSON.stringify(body)));

  const findings = new Map<string, string | undefined>();
  for (const { path, sessions, wire, failure } of walked) {
    const problems = sessions.flatMap((session) => {
      const sent = wire.answered(session.mark);
      return [
        lab.provider && sent !== path.rows ? `made ${sent} requests, not ${path.rows}` : undefined,
        problemWithChain(path.continued ?? 0, wire.continued(session.mark)),
        problemWithRows(session, sent, rows),
        lab.provider ? problemAtProvider(session, wire, seen.get(session.mark) ?? []) : undefined,
        path.problemInRows?.(rows.filter((row) => row.mark === session.mark)),
        lab.provider && path.problemSeen?.(seen.get(session.mark) ?? []),
      ];
    });
    findings.set(path.name, failure ?? problems.find((problem) => problem !== undefined));
  }
  if (lab.control) findings.set(CONTROL, problemWithControl(lab.control, refusals, controls, rows));
  const known = new Set([...expected, ...controls].map(({ mark }) => mark));
  const ids = new Set(expected.map(({ sessionId }) => sessionId));
  // LiteLLM's log callback gets no prompt of a transcription: its row has no mark.
  const stray = rows.find((row) => (row.mark === undefined ? !ids.has(row.sessionId ?? "") : !known.has(row.mark)));
  if (lab.rows.isComplete) findings.set(NO_STRAYS, stray && `a row of nobody's: ${JSON.stringify(stray)}`);
  return findings;
}

async function walk(lab: Lab, path: Scenario): Promise<Walked> {
  const sessions = Array.from({ length: path.sessions }, newSession);
  const wire = createWire();
  const given = new AbortController();
  const limit = sleep(PATH_LIMIT_MS, undefined, { signal: given.signal, ref: false }).then(() => {
    throw new Error(`not done after ${PATH_LIMIT_MS / 1000} s`);
  });
  try {
    await Promise.race([path.run(scenarioRun(lab, path.endpoint, sessions, wire)), limit]);
    return { path, sessions, wire, failure: undefined };
  } catch (error) {
    return { path, sessions, wire, failure: String(error) };
  } finally {
    limit.catch(() => {});
    given.abort();
  }
}

function problemWithChain(expected: number, continued: number): string | undefined {
  return continued === expected ? undefined : `${continued} requests continued an answer, not ${expected}`;
}

/** Every row of the session has its id and its mark, no other row has either, and there is one a request. */
function problemWithRows(
  { sessionId, mark }: ScenarioSession,
  sent: number,
  rows: readonly SpendRow[],
): string | undefined {
  const own = rows.filter((row) => row.sessionId === sessionId);
  const marked = rows.filter((row) => row.mark === mark);
  const broken = marked.find((row) => row.error !== undefined);
  if (broken) return `the proxy could not make the row: ${broken.error}`;
  const astray = marked.find((row) => row.sessionId !== sessionId);
  if (astray) return `a row of session ${sessionId} is in session ${astray.sessionId}`;
  const foreign = own.find((row) => row.mark !== undefined && row.mark !== mark);
  if (foreign) return `session ${sessionId} has a row of another session (${foreign.mark})`;
  return own.length === sent ? undefined : `session ${sessionId} has ${own.length} rows, not ${sent}`;
}

/** The provider answered each request once, but for what the proxy tried again, and got nothing of the session in it. */
function problemAtProvider(session: ScenarioSession, wire: Wire, seen: readonly SeenRequest[]): string | undefined {
  const sent = wire.answered(session.mark);
  const answered = seen.filter(({ status }) => status === 200).length;
  if (answered < sent || answered > sent + wire.retried(session.mark)) {
    return `the provider answered ${answered} requests, not ${sent}`;
  }
  for (const { body, headers } of seen) {
    const text = JSON.stringify([body, headers]);
    if (text.includes(session.sessionId)) return "the provider saw the session id";
    const field = text.match(/"[^"]*litellm_(session|trace)_id"|"[^"]*session[-_]?id"/i);
    if (field) return `the provider saw the field ${field[0]}`;
  }
  return undefined;
}

/** Two requests with one session of which this proxy gets too little. Returns how many it refused. */
async function runControl(lab: Lab, control: Control, sessions: readonly ScenarioSession[]): Promise<number> {
  const wire = createWire();
  let refused = 0;
  for (const session of sessions) {
    const { connection } = scenarioRun(lab, "chat", [session], wire);
    const fields = { sessionId: "control", sessionTransport: control.transport };
    const model = new SessionChatOpenAI({ ...connection, ...fields, model: lab.model });
    await model.invoke(session.prompt("control")).catch((error: { status?: number }) => {
      if (error.status !== 400) throw error;
      refused += 1;
    });
  }
  return refused;
}

function problemWithControl(
  { outcome }: Control,
  refusals: number,
  sessions: readonly ScenarioSession[],
  rows: readonly SpendRow[],
): string | undefined {
  const own = rows.filter((row) => sessions.some(({ mark }) => mark === row.mark));
  const ids = new Set(own.map((row) => row.sessionId));
  const [expectedRows, expectedRefusals] = outcome === "refused" ? [0, sessions.length] : [sessions.length, 0];
  if (refusals !== expectedRefusals) return `${refusals} requests were refused, not ${expectedRefusals}`;
  return own.length === expectedRows && ids.size === expectedRows
    ? undefined
    : `${own.length} rows in ${ids.size} sessions, expected ${expectedRows} in ${expectedRows}`;
}

function markOf(text: string): string | undefined {
  return text.match(/mark-[0-9a-z]+/)?.[0];
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Map<string | undefined, T[]> {
  const groups = new Map<string | undefined, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
