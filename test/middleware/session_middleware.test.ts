import type { RunnableConfig } from "@langchain/core/runnables";
import { MemorySaver } from "@langchain/langgraph";
import { ChatOpenAI } from "@langchain/openai";
import {
  type AgentMiddleware,
  createAgent,
  modelFallbackMiddleware,
  providerStrategy,
  tool,
  toolStrategy,
} from "langchain";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { SessionBudgetError, SessionCallbackHandler, withSession } from "../../src/index.js";
import { sessionMiddleware } from "../../src/middleware/session_middleware.js";
import { callTools } from "../support/gateway/call_tool.js";
import { sendJson } from "../support/gateway/server.js";
import { collect } from "../support/runnables.js";
import { connection, modelFor, sessions, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => {
  skipRetryDelays();
  vi.spyOn(console, "warn").mockImplementation(() => {}); // The tokenizer of a streaming ChatOpenAI.
});
afterEach(() => {
  vi.restoreAllMocks();
});

const INPUT = { messages: [{ role: "user", content: "hi" }] };
const schema = z.object({});
const answer = z.object({ answer: z.string() });

const plainModel = (fields: object = {}) => new ChatOpenAI({ ...connection(gateway.current), ...fields });

const clock = tool(async () => "noon", { name: "clock", description: "The time.", schema });
const broken = tool(
  async () => {
    throw new Error("out of order");
  },
  { name: "broken", description: "Throws.", schema },
);

const headers = () => gateway.current.requests.map((request) => request.headers["x-litellm-session-id"]);

/** Refuses each request after the first `allowed` ones as LiteLLM does for a session. */
function refuseAfter(allowed: number, text = "Session budget exceeded for session S. Current spend: $0.1"): void {
  gateway.current.respond((_, response) => {
    if (gateway.current.requests.length <= allowed) return undefined;
    sendJson(response, 429, { error: { message: text, type: "throttling_error", param: null, code: "429" } });
    return true;
  });
}

const ITERATIONS = "Max iterations exceeded for session S. Current count: 3, max_iterations: 2.";

describe.each([
  { name: "invoke", fields: {} },
  { name: "streaming: true", fields: { streaming: true } },
  { name: "useResponsesApi", fields: { useResponsesApi: true } },
])("the header of a plain ChatOpenAI's calls: $name", ({ fields }) => {
  const agentOf = (modelFields: object = {}) =>
    createAgent({
      model: plainModel({ ...fields, ...modelFields }),
      tools: [clock],
      middleware: [sessionMiddleware()],
      checkpointer: new MemorySaver(),
    });
  const thread = { configurable: { thread_id: "thread" } };

  it("is the session of the context, of configurable, a handler, a thread or a wrapper", async () => {
    await agentOf().invoke(INPUT, { ...thread, context: { sessionId: "context" } });
    await agentOf().invoke(INPUT, { configurable: { thread_id: "thread", sessionId: "configured" } });
    await agentOf().invoke(INPUT, { ...thread, callbacks: [new SessionCallbackHandler({ sessionId: "handled" })] });
    await agentOf().invoke(INPUT, thread);
    await withSession(agentOf(), { sessionId: "wrapped" }).invoke(INPUT, thread);
    const ids = ["context", "configured", "handled", "thread", "wrapped"];
    expect(headers()).toEqual(ids.flatMap((id) => [id, id]));
  });

  it("is in streamed runs too, and concurrent runs have their own", async () => {
    const agent = agentOf();
    const run = async (id: string) => {
      const stream = await agent.stream(INPUT, {
        context: { sessionId: id },
        configurable: { thread_id: id },
        streamMode: "messages",
      });
      return collect(stream);
    };
    await Promise.all(["a", "b", "c"].map(run));
    expect(headers().sort()).toEqual(["a", "a", "b", "b", "c", "c"]);
  });

  it("is not sent where nothing names a session, and never replaces the user's own", async () => {
    await createAgent({ model: plainModel(fields), tools: [], middleware: [sessionMiddleware()] }).invoke(INPUT);
    const configuration = { baseURL: gateway.current.url, defaultHeaders: { "X-LiteLLM-Session-Id": "user's" } };
    await agentOf({ configuration }).invoke(INPUT, thread);
    expect(headers()).toEqual([undefined, "user's", "user's"]);
  });
});

it("a SessionChatOpenAI writes its session itself, body and header", async () => {
  const agent = createAgent({ model: modelFor(gateway.current), tools: [clock], middleware: [sessionMiddleware()] });
  await agent.invoke(INPUT, { context: { sessionId: "context" } });
  expect(sessions(gateway.current)).toEqual(["context", "context"]);
});

it("a plain ChatOpenAI for OpenAI's own host gets no header", async () => {
  const seen: unknown[] = [];
  const fetch: typeof globalThis.fetch = async (_, init) => {
    seen.push(new Headers(init?.headers).get("x-litellm-session-id"));
    return new Response("{}", { status: 401 });
  };
  const model = plainModel({ configuration: { baseURL: "https://api.openai.com/v1", fetch } });
  const agent = createAgent({ model, tools: [], middleware: [sessionMiddleware()] });
  await expect(agent.invoke(INPUT, { context: { sessionId: "context" } })).rejects.toThrow();
  expect(seen).toEqual([null]);
});

describe.each([
  { name: "SessionChatOpenAI", model: (fields?: object) => modelFor(gateway.current, fields) },
  { name: "ChatOpenAI", model: (fields?: object) => plainModel(fields) },
])("a used-up session of a $name", ({ model }) => {
  const context = { sessionId: "S" };

  it.each([undefined, "error"] as const)(
    "throws an error that SessionBudgetError recognises: exitBehavior %s",
    async (exitBehavior) => {
      refuseAfter(0);
      const agent = createAgent({ model: model(), tools: [clock], middleware: [sessionMiddleware({ exitBehavior })] });
      const error = await agent.invoke(INPUT, { context }).then(
        () => undefined,
        (reason) => reason,
      );
      expect(SessionBudgetError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({ limit: "budget", status: 429, sessionId: "S" });
    },
  );

  it.each([
    ["budget", undefined, /used up its budget/],
    ["iterations", ITERATIONS, /used up its number of model calls/],
  ] as const)('ends the run with a last message that says so with "end": %s', async (_, text, expected) => {
    for (const streaming of [false, true]) {
      for (const allowed of [0, 1]) {
        gateway.current.reset();
        refuseAfter(allowed, text);
        const middleware = [sessionMiddleware({ exitBehavior: "end" })];
        const agent = createAgent({ model: model({ streaming }), tools: [clock], middleware });
        const { messages } = await agent.invoke(INPUT, { context });
        expect(messages.map((message) => message.getType())).toEqual(
          allowed === 0 ? ["human", "ai"] : ["human", "ai", "tool", "ai"],
        );
        expect(messages.at(-1)?.text).toMatch(expected);
      }
    }
  });

  it.each([
    ["toolStrategy", () => toolStrategy(answer)],
    ["providerStrategy", () => providerStrategy(answer)],
  ] as const)('has no structuredResponse with "end" and %s', async (_, responseFormat) => {
    for (const allowed of [0, 1]) {
      gateway.current.reset();
      refuseAfter(allowed);
      const agent = createAgent({
        model: model(),
        tools: [clock],
        responseFormat: responseFormat() as ReturnType<typeof providerStrategy<typeof answer>>,
        middleware: [sessionMiddleware({ exitBehavior: "end" })],
      });
      const result = await agent.invoke(INPUT, { context });
      expect(result.structuredResponse).toBeUndefined();
      expect(result.messages.at(-1)?.text).toMatch(/budget/);
    }
  });

  it('ends after parallel tools with "end", in a stream, and the thread goes on in the next turn', async () => {
    let isRefusing = true;
    gateway.current.respond((_, response) => {
      if (!isRefusing || gateway.current.requests.length < 2) return undefined;
      sendJson(response, 429, { error: { message: ITERATIONS, type: "throttling_error", code: "429" } });
      return true;
    });
    gateway.current.respond((request, response) =>
      gateway.current.requests.length === 1
        ? callTools({ name: "clock", args: {} }, { name: "broken", args: {} })(request, response)
        : undefined,
    );
    const agent = createAgent({
      model: model(),
      tools: [clock, broken],
      middleware: [sessionMiddleware({ exitBehavior: "end" })],
      checkpointer: new MemorySaver(),
    });
    const config = { context, configurable: { thread_id: "thread" } };
    const chunks = await collect(await agent.stream(INPUT, { ...config, streamMode: "values" }));
    const types = (chunks.at(-1) as { messages: { getType(): string }[] }).messages.map((each) => each.getType());
    expect(types).toEqual(["human", "ai", "tool", "tool", "ai"]);
    isRefusing = false;
    const { messages } = await agent.invoke(INPUT, config);
    expect(messages.length).toBeGreaterThan(6);
    expect(messages.at(-1)?.text).not.toMatch(/used up/);
  });

  it('the budget of a key, and every other error, is an error with "end" too', async () => {
    for (const [status, message] of [
      [429, "Budget has been exceeded! Current cost: 1, Max budget: 0.5"],
      [500, "down"],
    ] as const) {
      gateway.current.reset();
      gateway.current.failNext(status, { message, type: "budget_exceeded" });
      const middleware = [sessionMiddleware({ exitBehavior: "end" })];
      const agent = createAgent({ model: model({ maxRetries: 0 }), tools: [], middleware });
      await expect(agent.invoke(INPUT, { context })).rejects.toThrow(message);
    }
  });

  it("is seen through the middleware of others", async () => {
    refuseAfter(0);
    const others: AgentMiddleware = modelFallbackMiddleware(model() as never);
    const ours: AgentMiddleware = sessionMiddleware({ exitBehavior: "end" });
    for (const middleware of [
      [others, ours],
      [ours, others],
    ]) {
      const agent = createAgent({ model: model(), tools: [], middleware });
      expect((await agent.invoke(INPUT, { context } as RunnableConfig)).messages.at(-1)?.text).toMatch(/budget/);
    }
  });
});

it("a tool that throws gives the same messages with and without the middleware", async () => {
  const run = async (middleware: ReturnType<typeof sessionMiddleware>[]) => {
    const { messages } = await createAgent({ model: plainModel(), tools: [broken], middleware }).invoke(INPUT);
    return messages.map((message) => [message.getType(), message.getType() === "tool" ? message.text : ""]);
  };
  const expected = await run([]);
  expect(expected[2]?.[1]).toContain("out of order");
  expect(await run([sessionMiddleware({ exitBehavior: "end" })])).toEqual(expected);
});

it.each([["ends"], [null], [true]])("sessionMiddleware throws a TypeError for exitBehavior %j", (exitBehavior) => {
  expect(() => sessionMiddleware({ exitBehavior: exitBehavior as never })).toThrow(TypeError);
  expect(() => sessionMiddleware("end" as never)).toThrow('sessionMiddleware({ exitBehavior: "end" })');
});
