import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Gateway } from "../support/gateway/server.js";
import { type LogServer, rowOf } from "../support/log_server.js";

/** What a block of code must do. */
export interface Expected {
  /** The sessions of its requests, in order. */
  readonly sessions: readonly unknown[];
  /** Uses what the block exports, or looks closer at what it sent. */
  run?(module: never, gateway: Gateway): unknown;
  /** For a block that reads the proxy's log: it runs on a proxy that has one. Sets rows that are there before. */
  log?(server: LogServer): void;
  /** What it prints. */
  readonly prints?: readonly unknown[];
}

/** A new id: a UUIDv7. */
export const NEW = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);

const ID = "conversation-42";
const HEADER_ONLY = [undefined, undefined, ID];
const LINK = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/ui\/logs\/\?session_id=/);

/** A proxy with an empty log. */
const empty = () => undefined;

/** Calls a route of Request and Response. */
async function ask(POST: (request: Request) => Promise<Response>): Promise<void> {
  const body = JSON.stringify({ conversation: 7, message: "Hello" });
  const response = await POST(new Request("http://localhost/api/chat", { method: "POST", body }));
  expect(await response.text()).toBe("reply to 1 messages");
}

/** For each page, its blocks by file name, in order. */
export const EXPECTED: Record<string, Record<string, Expected>> = {
  readme: {
    "quickstart.ts": { sessions: [NEW], log: empty, prints: [["OK", LINK]] },
    "model.ts": { sessions: [] },
    "agent.ts": { sessions: [ID, ID, ID] },
    "chain.ts": {
      sessions: [NEW, NEW, ID, ID],
      prints: [[expect.stringContaining("Session conversation-42"), expect.any(Number)]],
    },
    "route.ts": { sessions: ["alice:7"], run: ({ POST }: { POST: never }) => ask(POST) },
  },
  agents: {
    "agent.ts": { sessions: [ID, ID, ID] },
    "one_run.ts": {
      sessions: [NEW, ID, "conversation-43"],
      prints: [[expect.stringMatching(/^session \S{36}$/)], [`session ${ID}`], ["session conversation-43"], [1]],
    },
    "context.ts": { sessions: [ID] },
    "middleware.ts": { sessions: [ID] },
    "graph.ts": { sessions: [ID] },
  },
  "choosing-a-session": {
    "sources.ts": { sessions: [ID, ID, ID, ID, ID, undefined] },
    "script.ts": { sessions: [NEW, NEW], prints: [[expect.stringMatching(/^session \S{36}$/)]] },
    "handler.ts": { sessions: [NEW], prints: [[expect.stringMatching(/^session \S{36}$/)]] },
    "wrapper.ts": {
      sessions: [NEW, NEW, ID, ID],
      prints: [[expect.stringMatching(/^session \S{36}$/)], [`session ${ID}`]],
    },
    "inside.ts": { sessions: [ID], prints: [[`in session ${ID}`]] },
    "queue.ts": { sessions: [ID, ID] },
  },
  cli: {
    "look.js": {
      sessions: [],
      log(server) {
        server.rows = ["a", "b"].map((id, index) => rowOf("1.106.0", id, index, { session_id: ID }));
      },
      prints: [[expect.stringMatching(/^Session conversation-42\n2 calls · /)]],
      run: () => expect(readFileSync("session.html", "utf8")).toContain("<title>Session conversation-42</title>"),
    },
  },
  "costs-and-budgets": {
    "costs.ts": {
      sessions: [ID],
      prints: [
        [expect.objectContaining({ callId: expect.any(String), costUsd: expect.any(Number) })],
        [expect.stringMatching(/^1 calls, 0 failed, 10 \+ 5 tokens, [\d.e-]+ USD$/)],
        ["gpt-4o", expect.any(Number), expect.any(String)],
      ],
    },
    "all_processes.ts": { sessions: [ID], log: empty, prints: [[expect.stringMatching(/^1 calls, [\d.e-]+ USD$/)]] },
    "find_sessions.ts": {
      sessions: [],
      log(server) {
        const row = {
          ...rowOf("1.106.0", "a", 0, { session_id: ID }),
          session_total_count: 2,
          session_total_spend: 0.5,
          session_total_duration_ms: 1_000,
        };
        const body = { data: [row], total: 1, page: 1, page_size: 100, total_pages: 1, has_more: false };
        server.reply = ({ path }) => (path === "/spend/logs/ui" ? { status: 200, body } : undefined);
      },
      prints: [[ID, 2, 0.5, undefined]],
    },
    "budget.ts": { sessions: [ID] },
  },
  "getting-started": {
    "first.ts": { sessions: ["my-first-session", "my-first-session"], log: empty, prints: [[LINK]] },
  },
  migration: {
    "model_kwargs_before.ts": { sessions: [[ID, undefined, undefined]] },
    "model_kwargs_after.ts": { sessions: [ID] },
    "headers_before.ts": { sessions: [HEADER_ONLY] },
    "headers_after.ts": { sessions: [ID] },
    "metadata_before.ts": {
      sessions: [undefined],
      run: (_, { requests }) => expect(requests[0]?.body.metadata).toEqual({ litellm_trace_id: ID, team: "shop" }),
    },
    "metadata_after.ts": {
      sessions: [ID],
      run: (_, { requests }) => expect(requests[0]?.body.metadata).toEqual({ team: "shop" }),
    },
    "sdk_before.ts": { sessions: [[ID, undefined, undefined]] },
    "sdk_after.ts": { sessions: [ID] },
  },
  observability: { "tracing.ts": { sessions: [ID] } },
  "other-clients": {
    "fetch.ts": { sessions: [ID, ID] },
    "clients.ts": { sessions: [] },
    "mcp.ts": { sessions: [] },
    "headers.ts": {
      sessions: [],
      run: ({ headers }: { headers: never }) =>
        expect(headers).toEqual({ Authorization: "Bearer sk-test", "x-litellm-session-id": ID }),
    },
  },
  "responses-api": {
    "conversation.ts": {
      sessions: [ID, ID, "conversation-43", "conversation-43"],
      run(_, { requests }) {
        const sent = requests.map(({ body }) => [body.previous_response_id, (body.input as []).length]);
        const id = expect.stringMatching(/^resp_/);
        expect(sent).toEqual([
          [undefined, 1],
          [id, 1],
          [undefined, 1],
          [id, 1],
        ]);
      },
    },
  },
  retrieval: {
    "retrieval.ts": { sessions: [undefined, ID, ID] },
    "ingest.ts": { sessions: [NEW], prints: [[expect.stringMatching(/^session \S{36}$/)]] },
  },
  servers: {
    "model.ts": { sessions: [] },
    "route.ts": { sessions: ["alice:7"], run: ({ POST }: { POST: never }) => ask(POST) },
    "express.ts": {
      sessions: ["alice:7"],
      async run({ app }: { app: import("express").Express }) {
        const server = app.listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        const { port } = server.address() as import("node:net").AddressInfo;
        const response = await fetch(`http://127.0.0.1:${port}/chat/7`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ message: "Hello" }),
        });
        expect(await response.text()).toBe("reply to 1 messages");
        server.close();
      },
    },
    "hono.js": {
      sessions: ["alice:7"],
      async run({ register }: { register(app: unknown): void }) {
        let handler: (context: { req: { raw: Request } }) => Promise<Response>;
        register({
          post: (_path: string, handle: typeof handler) => {
            handler = handle;
          },
        });
        await ask((raw) => handler({ req: { raw } }));
      },
    },
  },
  "serverless-and-edge": { "pass_config.ts": { sessions: [ID] } },
  steps: {
    "steps.ts": {
      sessions: [ID, ID, ID],
      prints: [
        [expect.stringMatching(/^assistant > /), "gpt-4o", expect.any(Number)],
        [expect.stringMatching(/^assistant > .*translate$/), "gpt-4o", expect.any(Number)],
        [expect.stringMatching(/^assistant > /), "gpt-4o", expect.any(Number)],
        ["translate", expect.any(Number)],
      ],
    },
    "log_steps.ts": {
      sessions: [ID],
      run: (_, { requests }) =>
        expect(requests[0]?.body.metadata).toMatchObject({ spend_logs_metadata: { langchain: expect.any(Object) } }),
    },
  },
  testing: { "fake_model.ts": { sessions: [] }, "stand_in.ts": { sessions: [] } },
  transports: {
    "gateway.ts": { sessions: [[undefined, undefined, "nightly-report"]] },
    "tags.ts": {
      sessions: [ID],
      run: (_, { requests }) => expect(requests[0]?.headers["x-team"]).toBe("shop"),
    },
  },
};
