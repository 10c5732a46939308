import type { LogPage, SessionLogRow } from "./rows.js";

/** Requests a page of a session's log. The number of the first page is 1. */
export type ReadPage = (number: number, pageSize: number) => Promise<LogPage>;

/**
 * Rows that began in the same millisecond may swap places between two requests, so that a pass misses one
 * at the border of two pages. The next pass has its borders elsewhere. LiteLLM allows 100 rows a page.
 */
const PAGE_SIZES = [100, 97, 89] as const;

/** 200,000 calls, in pages of 100. The ids of the listed rows are kept, so that there must be an end. */
export const MAX_PAGES = 2_000;

/** Why the reading ended early: the proxy answers as no log does. Continues the sentence after the base URL. */
export class EndlessLog extends Error {}

/**
 * Lists all rows of a session, the oldest first, and reads a page when its first row is asked for.
 *
 * Each row comes once, and none is missing that is in the log at the end. LiteLLM writes a row when its call
 * ends: if the call began before calls that were listed already, its row comes out of order.
 *
 * @throws {EndlessLog} if a page repeats the rows of earlier pages, or pages do not end.
 */
export async function* listOldestFirst(read: ReadPage): AsyncGenerator<SessionLogRow, void, undefined> {
  const listedIds = new Set<string>();
  for (const pageSize of PAGE_SIZES) {
    // The maximum: if the proxy deletes old rows during a pass, the remaining rows move to other pages.
    let total = 0;
    const idsOfPass = new Set<string>();
    let isRepeating = false;
    for await (const page of readPages(withLimit(read), pageSize)) {
      // Only if another page follows: two rows of one millisecond may swap places, and the last page may be one of them.
      if (isRepeating) throw new EndlessLog("repeats the pages of a session without end");
      const countBefore = idsOfPass.size;
      for (const { requestId } of page.rows) idsOfPass.add(requestId);
      isRepeating = page.rows.length > 0 && idsOfPass.size === countBefore;
      total = Math.max(total, page.total);
      for (const row of [...page.rows].sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime())) {
        if (listedIds.has(row.requestId)) continue;
        listedIds.add(row.requestId);
        yield row;
      }
    }
    if (listedIds.size >= total) return;
  }
}

/** Limits the requests of one pass. Twice the pages that the first answer announces, and ten: a session may grow meanwhile. */
function withLimit(read: ReadPage): ReadPage {
  let maxPages = MAX_PAGES;
  let count = 0;
  return async (number, pageSize) => {
    if (count >= maxPages) throw new EndlessLog(`has more than ${maxPages} pages of a session`);
    const page = await read(number, pageSize);
    if (count === 0) maxPages = Math.min(MAX_PAGES, 2 * page.totalPages + 10);
    count += 1;
    return page;
  };
}

/** Reads the pages from the oldest to the newest: LiteLLM 1.81 has the oldest rows on page 1, 1.106 the newest. */
async function* readPages(read: ReadPage, pageSize: number): AsyncGenerator<LogPage, void, undefined> {
  const firstPage = await read(1, pageSize);
  if (firstPage.totalPages > 1 && isNewestFirst(firstPage)) {
    yield* readPagesBackwards(read, pageSize, firstPage.total);
    return;
  }
  yield firstPage;
  let { totalPages } = firstPage;
  for (let number = 2; number <= totalPages; number += 1) {
    const page = await read(number, pageSize);
    if (page.rows.length === 0) return;
    totalPages = page.totalPages;
    yield page;
  }
}

/**
 * Reads from the last page to page 1, which has the newest rows. A new row moves all others to a higher
 * place, counted from the newest. Their place counted from the oldest stays: `start`, `end` and `readCount`
 * count from there.
 */
async function* readPagesBackwards(
  read: ReadPage,
  pageSize: number,
  firstTotal: number,
): AsyncGenerator<LogPage, void, undefined> {
  let total = firstTotal;
  let readCount = 0;
  while (readCount < total) {
    const number = Math.ceil((total - readCount) / pageSize);
    const page = await read(number, pageSize);
    const hasNewRows = page.total > total;
    total = page.total;
    const end = total - (number - 1) * pageSize;
    const start = end - page.rows.length;
    if (start <= readCount && end > readCount) {
      yield page;
      readCount = end;
    } else if (!hasNewRows) {
      return; // The proxy deleted rows. The next pass lists those that this one misses.
    }
    // Otherwise new rows moved the next row to a higher page, which the next round requests.
  }
}

function isNewestFirst({ rows }: LogPage): boolean {
  const [newest, oldest] = [rows[0], rows.at(-1)];
  return newest !== undefined && oldest !== undefined && newest.startedAt > oldest.startedAt;
}
