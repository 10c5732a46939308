import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach } from "vitest";

/** The versions of LiteLLM whose answers were recorded. Each returns rows in another order. */
export const RECORDED_VERSIONS = ["1.70.4", "1.81.12", "1.106.0"] as const;

export type RecordedVersion = (typeof RECORDED_VERSIONS)[number];

const ORDERS = { "1.70.4": "list", "1.81.12": "oldest first", "1.106.0": "newest first" } as const;

/** A recorded answer of a real proxy, without tracebacks, price lists and metadata that is null. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A recorded answer of this version: see `test/fixtures/README.md`. */
export function recorded(version: RecordedVersion, name: string): RecordedAnswer {
  const file = join(import.meta.dirname, "..", "fixtures", `litellm_${version}.json`);
  const answer = JSON.parse(readFileSync(file, "utf8")).answers[name];
  if (!answer) throw new Error(`${name} was not recorded for ${version}`);
  return answer;
}

/** A row in the database. */
export type RawRow = Record<string, unknown> & { request_id: string; startTime: string; session_id: string };

/** A row of this version for a call that began `startMs` after the first. */
export function rowOf(version: RecordedVersion, id: string, startMs: number, fields: Partial<RawRow> = {}): RawRow {
  const { body } = recorded(version, "session");
  const [template] = (Array.isArray(body) ? body : (body as { data: unknown[] }).data) as RawRow[];
  const time = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
  const row = { startTime: time(startMs), endTime: time(startMs + 1_000), session_id: "s", ...fields };
  return { ...template, request_id: id, ...row } as RawRow;
}

export interface LogRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly key: string | undefined;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingMessage["headers"];
}

/** An answer instead of the server's. `"hang"`: no answer. `"drop"`: ends the connection. */
export type Reply = RecordedAnswer | { readonly html: string; readonly status: number } | "hang" | "drop";

/**
 * A fake LiteLLM proxy with a log, on a free loopback port. It returns the rows of a session in the
 * shape and order of its version. A call to `/v1/chat/completions` adds a row.
 */
export class LogServer {
  rows: RawRow[] = [];

  readonly requests: LogRequest[] = [];

  /** Called for each request. Returns undefined to let the server answer. */
  reply: (request: LogRequest) => Reply | undefined = () => undefined;

  /** The session that the proxy finds in a call. Undefined: the proxy generates one. */
  sessionIn: (request: LogRequest) => unknown = ({ body }) => body.litellm_session_id;

  /** Delay until the row of a call is in the log. Infinity: never. */
  lateMs: (request: LogRequest) => number = () => 0;

  private calls = 0;

  private readonly server = createServer((message, response) => {
    this.handle(message, response).catch(() => response.destroy());
  });

  private constructor(readonly version: RecordedVersion) {}

  static async start(version: RecordedVersion): Promise<LogServer> {
    const server = new LogServer(version);
    await new Promise<void>((resolve) => server.server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The requested pages. */
  get pages(): number[] {
    return this.requests.filter(({ path }) => path === LOG_PATH).map(({ query }) => Number(query.get("page")));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    if (this.server.listening) await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? "", this.url);
    const parts: Buffer[] = [];
    for await (const part of message) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    const request: LogRequest = {
      method: message.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      key: message.headers.authorization?.replace(/^Bearer /, ""),
      body: text ? JSON.parse(text) : {},
      headers: message.headers,
    };
    this.requests.push(request);
    const reply = this.reply(request) ?? this.answer(request);
    if (reply === "hang") return;
    if (reply === "drop") return void response.destroy();
    if ("html" in reply) {
      response.writeHead(reply.status, { "content-type": "text/html" }).end(reply.html);
      return;
    }
    response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
    response.end(JSON.stringify(reply.body));
  }

  private answer(request: LogRequest): RecordedAnswer {
    const { path, query } = request;
    if (path === "/health/liveliness") return recorded(this.version, "liveliness");
    if (path === "/health/readiness") return recorded(this.version, "readiness");
    if (path === "/v1/models") return recorded(this.version, "models as master");
    if (path === "/v1/chat/completions") return this.call(request);
    if (path === "/spend/logs") {
      const row = this.rows.find(({ request_id }) => request_id === query.get("request_id"));
      // LiteLLM 1.70 returns [null] for an unknown row.
      return { status: 200, body: row ? [row] : this.version === "1.70.4" ? [null] : [] };
    }
    if (path !== LOG_PATH) return { status: 404, body: { detail: "Not Found" } };
    const rows = this.rows.filter(({ session_id }) => session_id === query.get("session_id"));
    rows.sort((a, b) => (a.startTime < b.startTime ? -1 : Number(a.startTime > b.startTime)));
    const order = ORDERS[this.version];
    if (order === "list") return { status: 200, body: rows };
    if (order === "newest first") rows.reverse();
    const [page, page_size] = [Number(query.get("page")), Number(query.get("page_size"))];
    // The limits that FastAPI checks.
    if (!(page >= 1 && page_size >= 1 && page_size <= 100)) return { status: 422, body: { detail: [] } };
    const [total, skip] = [rows.length, (page - 1) * page_size];
    const data = rows.slice(skip, skip + page_size);
    return { status: 200, body: { data, total, page, page_size, total_pages: Math.ceil(total / page_size) } };
  }

  private call(request: LogRequest): RecordedAnswer {
    this.calls += 1;
    const number = this.calls;
    const session_id = String(this.sessionIn(request) ?? `made-up-${number}`);
    const row = rowOf(this.version, `call-${number}`, number, { session_id });
    const lateMs = this.lateMs(request);
    if (lateMs === 0) this.rows.push(row);
    else if (Number.isFinite(lateMs)) setTimeout(() => this.rows.push(row), lateMs);
    const message = { role: "assistant", content: "OK" };
    const headers = { "x-litellm-version": this.version, "x-litellm-response-cost": "7.5e-05" };
    return { status: 200, headers, body: { id: `call-${number}`, choices: [{ index: 0, message }] } };
  }
}

const LOG_PATH = "/spend/logs/session/ui";

/** Starts servers that are stopped after the test. */
export function useLogServers(): (version?: RecordedVersion) => Promise<LogServer> {
  const running: LogServer[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.stop()));
  });
  return async (version = "1.106.0") => {
    const server = await LogServer.start(version);
    running.push(server);
    return server;
  };
}
