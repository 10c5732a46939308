import { describe, expect, it } from "vitest";
import { SessionLogs } from "../../src/index.js";
import {
  type LogServer,
  RECORDED_VERSIONS,
  type RecordedVersion,
  rowOf,
  useLogServers,
} from "../support/log_server.js";

const startServer = useLogServers();

const PAGED = RECORDED_VERSIONS.filter((version) => version !== "1.70.4");

/** Ids of rows: `row-0` is the oldest. */
const ids = (count: number) => Array.from({ length: count }, (_, index) => `row-${index}`);

function fill(server: LogServer, version: RecordedVersion, count: number): void {
  server.rows = ids(count).map((id, index) => rowOf(version, id, index));
}

/** The ids that are listed; `meanwhile` runs before the answer to each request but the first. */
async function listed(server: LogServer, meanwhile?: (request: number) => void): Promise<string[]> {
  server.reply = () => {
    if (server.requests.length > 1) meanwhile?.(server.requests.length - 1);
    return undefined;
  };
  const found: string[] = [];
  for await (const { requestId } of new SessionLogs({ baseURL: server.url }).list("s")) found.push(requestId);
  return found;
}

describe.each(RECORDED_VERSIONS)("LiteLLM %s", (version) => {
  it.each([0, 1, 99, 100, 101, 200, 250])("list returns %d rows, the oldest first", async (count) => {
    const server = await startServer(version);
    fill(server, version, count);
    expect(await listed(server)).toEqual(ids(count));
  });
});

describe.each(PAGED)("LiteLLM %s, while rows are added", (version) => {
  it.each([1, 7, 100, 130])(
    "list returns each row once and in order while %d rows are added per request",
    async (more) => {
      const server = await startServer(version);
      fill(server, version, 350);
      const found = await listed(server, (request) => {
        if (request > 3) return;
        for (let index = 0; index < more; index += 1) {
          const number = server.rows.length;
          server.rows.push(rowOf(version, `row-${number}`, number));
        }
      });
      expect(found).toEqual(ids(350 + 3 * more));
      // Reading from the oldest row on, added rows need no second request.
      if (version === "1.81.12") expect(new Set(server.pages).size).toBe(server.pages.length);
    },
  );

  it("list returns a call that is written late after the rows before it", async () => {
    const server = await startServer(version);
    fill(server, version, 350);
    const found = await listed(server, (request) => {
      if (request === 2) server.rows.push(rowOf(version, "late", -1), rowOf(version, "late-too", 20.5));
    });
    expect(found.filter((id) => id.startsWith("row-"))).toEqual(ids(350));
    expect(found).toHaveLength(352);
    for (const late of ["late", "late-too"]) expect(found.indexOf(late)).toBeGreaterThanOrEqual(50);
  });

  it("list returns all remaining rows while old ones are deleted", async () => {
    const server = await startServer(version);
    fill(server, version, 450);
    const found = await listed(server, (request) => {
      if (request === 3) server.rows.splice(0, 60);
    });
    expect(new Set(found).size).toBe(found.length);
    expect(found.filter((id) => Number(id.slice(4)) >= 60).sort()).toEqual(ids(450).slice(60).sort());
  });
});

it.each(PAGED)("list returns rows of one millisecond once each, even if their order changes (%s)", async (version) => {
  const server = await startServer(version);
  // The server reverses the order of equal rows with each request.
  server.rows = ids(205).map((id) => rowOf(version, id, id === "row-0" ? -1 : 0));
  const found = await listed(server, () => server.rows.reverse());
  expect(found.sort()).toEqual(ids(205).sort());
});

it.each(PAGED)("list returns both of two rows that swap between two pages (%s)", async (version) => {
  const server = await startServer(version);
  fill(server, version, 200);
  const [a, b] = [rowOf(version, "row-99", 99), rowOf(version, "row-100", 99)];
  server.reply = ({ query }) => {
    // With 100 rows a page, one of the two is on both pages, and the other one on none.
    server.rows.splice(99, 2, ...(Number(query.get("page")) % 2 === 1 ? [a, b] : [b, a]));
    return undefined;
  };
  const found: string[] = [];
  for await (const { requestId } of new SessionLogs({ baseURL: server.url }).list("s")) found.push(requestId);
  expect(found.sort()).toEqual(ids(200).sort());
});

it.each(PAGED)("list requests a page only when its rows are read (%s)", async (version) => {
  const server = await startServer(version);
  fill(server, version, 1_000);
  const rows = new SessionLogs({ baseURL: server.url }).list("s");
  expect(server.pages).toEqual([]);
  expect((await rows.next()).value?.requestId).toBe("row-0");
  await rows.return();
  expect(server.pages).toEqual(version === "1.106.0" ? [1, 10] : [1]);
});

it("list reads 10,000 rows with one request per page, and one more", async () => {
  const server = await startServer();
  fill(server, "1.106.0", 10_000);
  const found: string[] = [];
  for await (const { requestId } of new SessionLogs({ baseURL: server.url }).list("s")) found.push(requestId);
  expect(found).toEqual(ids(10_000));
  expect(server.pages).toHaveLength(101);
}, 60_000);

it("list ends if the server announces pages that it does not have", async () => {
  const server = await startServer();
  const rows = ids(100).map((id, index) => rowOf("1.106.0", id, index));
  for (const data of [rows, [...rows].reverse()]) {
    server.requests.length = 0;
    server.reply = ({ query }) => ({
      status: 200,
      body: { data: query.get("page") === "1" ? data : [], total: 1e12, page: 1, page_size: 100, total_pages: 1e10 },
    });
    const found: string[] = [];
    for await (const { requestId } of new SessionLogs({ baseURL: server.url }).list("s")) found.push(requestId);
    expect(server.requests.length).toBeLessThan(10);
  }
});

it("two concurrent lists return their own sessions", async () => {
  const server = await startServer();
  server.rows = ["a", "b"].flatMap((session_id) =>
    ids(150).map((id, index) => rowOf("1.106.0", `${session_id}-${id}`, index, { session_id })),
  );
  const logs = new SessionLogs({ baseURL: server.url });
  const both = await Promise.all(["a", "b"].map((id) => logs.summary(id)));
  expect(both.map(({ sessionId, calls }) => [sessionId, calls])).toEqual([
    ["a", 150],
    ["b", 150],
  ]);
});
