import type { LogPage, SessionLogRow } from "./rows.js";

/** Asks for a page of a session's log. The first is 1. */
export type ReadPage = (page: number, pageSize: number) => Promise<LogPage>;

/**
 * LiteLLM gives at most 100 rows a page. What is missing after one pass is looked for with pages
 * that end elsewhere: rows that began in the same millisecond may change places between two pages.
 */
const PAGE_SIZES = [100, 97, 89] as const;

/**
 * All rows of a session, the oldest first, a page at a time, whichever way the proxy orders them.
 * No row comes twice, and none that is there at the end is left out, though rows are added
 * meanwhile. A row is written when its call ends: one whose call began before rows that were given
 * already comes out of order.
 */
export async function* listOldestFirst(read: ReadPage): AsyncGenerator<SessionLogRow, void, undefined> {
  const seen = new Set<string>();
  for (const pageSize of PAGE_SIZES) {
    // The most that were there at once: when a proxy deletes old rows, the others change places.
    let total = 0;
    for await (const page of readPages(read, pageSize)) {
      total = Math.max(total, page.total);
      for (const row of page.rows) {
        if (seen.has(row.requestId)) continue;
        seen.add(row.requestId);
        yield row;
      }
    }
    if (seen.size >= total) return;
  }
}

async function* readPages(read: ReadPage, pageSize: number): AsyncGenerator<LogPage, void, undefined> {
  const first = await read(1, pageSize);
  if (first.totalPages > 1 && isNewestFirst(first)) {
    yield* readPagesBackwards(read, pageSize, first.total);
    return;
  }
  yield sorted(first);
  let { totalPages } = first;
  for (let number = 2; number <= totalPages; number += 1) {
    const page = await read(number, pageSize);
    if (page.rows.length === 0) return;
    totalPages = page.totalPages;
    yield sorted(page);
  }
}

/**
 * From the last page to the first, where the newest rows come first. A row that is added moves all
 * others; their place counted from the oldest stays. So that is what is counted.
 */
async function* readPagesBackwards(
  read: ReadPage,
  pageSize: number,
  firstTotal: number,
): AsyncGenerator<LogPage, void, undefined> {
  let total = firstTotal;
  let taken = 0;
  while (taken < total) {
    const number = Math.ceil((total - taken) / pageSize);
    const page = await read(number, pageSize);
    const isGrown = page.total > total;
    total = page.total;
    const end = total - (number - 1) * pageSize;
    const start = end - page.rows.length;
    if (start <= taken && end > taken) {
      yield sorted(page);
      taken = end;
    } else if (!isGrown) {
      return; // Rows were deleted. The next pass finds what this one leaves out.
    }
    // Else rows were added, and the one that is next is a page further on now.
  }
}

function isNewestFirst({ rows }: LogPage): boolean {
  const [newest, oldest] = [rows[0], rows.at(-1)];
  return newest !== undefined && oldest !== undefined && newest.startedAt > oldest.startedAt;
}

function sorted(page: LogPage): LogPage {
  return { ...page, rows: [...page.rows].sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime()) };
}
