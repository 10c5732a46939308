import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** A row of a proxy's spend log. */
export interface SpendRow {
  readonly sessionId: string | undefined;
  /** The mark in the prompt of the request. Undefined if the proxy stores no prompts. */
  readonly mark: string | undefined;
  /** The row's metadata and tags. Older versions of LiteLLM have them as JSON text. */
  readonly metadata?: unknown;
  readonly tags?: unknown;
  /** The reason why the proxy could not write the row. */
  readonly error?: string | undefined;
}

/** The expected rows of a session in the spend log. */
export interface ExpectedRows {
  readonly sessionId: string;
  readonly mark: string;
  readonly count: number;
}

/** Reads a proxy's rows. */
export interface RowSource {
  /** The maximum delay of a row after the answer. */
  readonly patienceMs: number;
  /** Whether it returns the rows of all sessions, not only of the requested ones. */
  readonly isComplete: boolean;
  /** The rows of these sessions, at least. */
  read(expected: readonly ExpectedRows[]): Promise<readonly SpendRow[]>;
}

/** All rows that `spend_rows.py` writes in a proxy without a database. */
export function rowsFromFile(file: string): RowSource {
  return {
    patienceMs: 15_000,
    isComplete: true,
    async read() {
      const text = await readFile(file, "utf8");
      // The last line may be half written: it ends with a line feed when it is whole.
      return text
        .split("\n")
        .slice(0, -1)
        .map((line): SpendRow => {
          const row = JSON.parse(line) as Record<string, string | null | undefined>;
          const { metadata, request_tags: tags } = row;
          return {
            sessionId: row.session_id ?? undefined,
            mark: row.mark ?? undefined,
            error: row.error ?? undefined,
            metadata,
            tags,
          };
        });
    },
  };
}

/** The rows of the proxy's database, by its endpoint. Needs the master key. */
export function rowsFromEndpoint(baseURL: string, masterKey: string): RowSource {
  const root = baseURL.replace(/(\/v1)?\/*$/, "");

  async function readSession(sessionId: string): Promise<SpendRow[]> {
    const query = new URLSearchParams({ session_id: sessionId, page: "1", page_size: "100" });
    const response = await fetch(`${root}/spend/logs/session/ui?${query}`, {
      headers: { authorization: `Bearer ${masterKey}` },
      signal: AbortSignal.timeout(30_000),
    }).catch((error: Error) => {
      throw new Error(`GET ${root}/spend/logs/session/ui: ${error.cause ?? error}`);
    });
    if (!response.ok) throw new Error(`GET /spend/logs/session/ui: ${response.status} ${await response.text()}`);
    const answer = (await response.json()) as Row[] | { data: Row[] };
    // LiteLLM 1.70 answers with a bare list. The database also has rows of rejected requests.
    return (Array.isArray(answer) ? answer : answer.data)
      .filter(({ status }) => status !== "failure")
      .map((row) => ({
        sessionId: row.session_id,
        mark: JSON.stringify(row).match(MARK)?.[0],
        metadata: row.metadata,
        tags: row.request_tags,
      }));
  }

  return {
    patienceMs: 60_000,
    isComplete: false,
    async read(expected) {
      const rows: SpendRow[] = [];
      for (const { sessionId } of expected) rows.push(...(await readSession(sessionId)));
      return rows;
    },
  };
}

interface Row {
  session_id?: string;
  metadata?: unknown;
  request_tags?: unknown;
  status?: string;
}

/** Identifies the requests of a session, independently of its id. */
export const MARK: RegExp = /mark-[0-9a-z]+/;

/**
 * Waits until each session has its rows, then reads once more after a moment, for rows that should
 * not be there. After the time limit it returns the rows so far, and the caller judges them.
 */
export async function settledRows(source: RowSource, expected: readonly ExpectedRows[]): Promise<readonly SpendRow[]> {
  const deadline = Date.now() + source.patienceMs;
  let missing = expected;
  while (missing.length > 0 && Date.now() < deadline) {
    const rows = await source.read(missing);
    missing = missing.filter(
      ({ sessionId, mark, count }) =>
        rows.filter((row) => row.sessionId === sessionId || row.mark === mark).length < count,
    );
    if (missing.length > 0) await sleep(250);
  }
  await sleep(500);
  return source.read(expected);
}
