import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { RunnableLambda } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { embed, generateText, streamText } from "ai";
import { createAgent } from "langchain";
import OpenAI from "openai";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { SessionCallbackHandler, type SessionFetchOptions, sessionFetch, withSession } from "../../src/index.js";
import type { Gateway } from "../support/gateway/server.js";
import { comparable } from "../support/like_chat_openai.js";
import { collect } from "../support/runnables.js";
import { connection, modelFor, sessionOf, sessions, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

afterEach(() => {
  vi.restoreAllMocks();
});

type Fetch = typeof globalThis.fetch;

const openaiOf = ({ url }: Gateway, fetch: Fetch, maxRetries = 0) =>
  new OpenAI({ baseURL: url, apiKey: "sk-test", fetch, maxRetries });

const vercelOf = ({ url }: Gateway, fetch: Fetch) =>
  createOpenAICompatible({ name: "litellm", baseURL: url, apiKey: "sk-test", fetch });

const chatOf = (current: Gateway, fetch: Fetch, useResponsesApi: boolean) =>
  new ChatOpenAI({ ...connection(current), configuration: { baseURL: current.url, fetch }, useResponsesApi });

const MESSAGES = [{ role: "user" as const, content: "hi" }];

/** Clients that are not of this package. Each call makes one request. */
const CLIENTS: Record<string, (current: Gateway, fetch: Fetch) => Promise<unknown>> = {
  "openai, chat": async (current, fetch) =>
    openaiOf(current, fetch).chat.completions.create({ model: "gpt-4o", messages: MESSAGES }),
  "openai, chat, streamed": async (current, fetch) =>
    collect(
      await openaiOf(current, fetch).chat.completions.create({ model: "gpt-4o", messages: MESSAGES, stream: true }),
    ),
  "openai, responses": async (current, fetch) =>
    openaiOf(current, fetch).responses.create({ model: "gpt-4o", input: "hi" }),
  "openai, responses, streamed": async (current, fetch) =>
    collect(await openaiOf(current, fetch).responses.create({ model: "gpt-4o", input: "hi", stream: true })),
  "openai, embeddings": async (current, fetch) =>
    openaiOf(current, fetch).embeddings.create({ model: "text-embedding-3-small", input: ["hi"] }),
  "Vercel AI SDK, generateText": async (current, fetch) =>
    generateText({ model: vercelOf(current, fetch)("gpt-4o"), prompt: "hi" }),
  "Vercel AI SDK, streamText": async (current, fetch) =>
    collect(streamText({ model: vercelOf(current, fetch)("gpt-4o"), prompt: "hi" }).textStream),
  "Vercel AI SDK, embed": async (current, fetch) =>
    embed({ model: vercelOf(current, fetch).textEmbeddingModel("text-embedding-3-small"), value: "hi" }),
  "ChatOpenAI, chat": async (current, fetch) => chatOf(current, fetch, false).invoke("hi"),
  "ChatOpenAI, responses": async (current, fetch) => chatOf(current, fetch, true).invoke("hi"),
  OpenAIEmbeddings: async (current, fetch) =>
    new OpenAIEmbeddings({ ...connection(current), configuration: { baseURL: current.url, fetch } }).embedQuery("hi"),
};

describe.each(Object.entries(CLIENTS))("%s", (_, ask) => {
  const asking = (options?: SessionFetchOptions) => ask(gateway.current, sessionFetch(options));

  it("a client with sessionFetch sends its session, and everything else is unchanged", async () => {
    const steady = (value: unknown) =>
      JSON.stringify(comparable(value)).replace(
        /[0-9a-f]{32}|\d{4}-\d\d-\d\dT[\d:.]+Z|\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT|aitxt-\w+/g,
        "<new>",
      );
    const expected = steady(await ask(gateway.current, globalThis.fetch));
    expect(steady(await asking({ sessionId: "conversation-42" }))).toBe(expected);
    expect(sessions(gateway.current)).toEqual([undefined, "conversation-42"]);

    const [plain, tagged] = gateway.current.requests.map(({ headers, body }) => {
      const { litellm_session_id: _1, litellm_trace_id: _2, ...rest } = body;
      const { "x-litellm-session-id": _3, "content-length": _4, ...others } = headers;
      return { headers: others, body: rest };
    });
    expect(tagged).toEqual(plain);
  });

  it("a client with sessionFetch uses the session of the LangChain run", async () => {
    await asking();
    const handler = new SessionCallbackHandler();
    const lambda = RunnableLambda.from(() => asking());
    await lambda.invoke("", { callbacks: [handler] });
    await withSession(lambda, { sessionId: "wrapper" }).invoke("");
    await lambda.invoke("", { configurable: { thread_id: "thread" } });
    expect(sessions(gateway.current)).toEqual([undefined, handler.sessionId, "wrapper", "thread"]);
  });

  it("20 concurrent requests with sessionFetch each carry their own session", async () => {
    const lambda = RunnableLambda.from(() => asking());
    const ids = Array.from({ length: 20 }, (_, n) => `session-${n}`);
    await Promise.all(ids.map((sessionId) => lambda.invoke("", { configurable: { sessionId } })));
    expect(sessions(gateway.current).sort()).toEqual(ids.sort());
  });
});

it("a streamed plain ChatOpenAI with sessionFetch uses its sessionId or a wrapper's, because LangChain streams without the implicit config", async () => {
  const model = chatOf(gateway.current, sessionFetch(), false);
  const stream = RunnableLambda.from(async (text: string, config) => collect(await model.stream(text, config)));
  await collect(await chatOf(gateway.current, sessionFetch({ sessionId: "own" }), false).stream("hi"));
  await withSession(stream, { sessionId: "wrapper" }).invoke("hi");
  await collect(await withSession(model, { sessionId: "streamed wrapper" }).stream("hi"));
  await stream.invoke("hi", { configurable: { sessionId: "configurable" } });
  expect(sessions(gateway.current)).toEqual(["own", "wrapper", "streamed wrapper", undefined]);
});

it("a retry by the client carries the session", async () => {
  skipRetryDelays();
  gateway.current.failNext(500, { message: "broken" });
  const client = openaiOf(gateway.current, sessionFetch({ sessionId: "conversation-42" }), 1);
  await client.chat.completions.create({ model: "gpt-4o", messages: MESSAGES });
  expect(sessions(gateway.current)).toEqual(["conversation-42", "conversation-42"]);
});

it("a tool's client with sessionFetch uses the session of its agent", async () => {
  const client = openaiOf(gateway.current, sessionFetch());
  const ask = tool(
    async ({ question }) => {
      const { choices } = await client.chat.completions.create({
        model: "gpt-4o",
        messages: [{ role: "user", content: question }],
      });
      return choices[0]?.message.content ?? "";
    },
    { name: "ask", description: "Asks.", schema: z.object({ question: z.string() }) },
  );
  const agent = createAgent({ model: modelFor(gateway.current), tools: [ask], checkpointer: new MemorySaver() });
  await agent.invoke({ messages: "Ask." }, { configurable: { thread_id: "thread-1" } });
  expect(sessions(gateway.current)).toEqual(Array(3).fill("thread-1"));
});

it("a SessionChatOpenAI with a sessionFetch sends its own session", async () => {
  const configuration = { baseURL: gateway.current.url, fetch: sessionFetch({ sessionId: "fetch" }) };
  const model = modelFor(gateway.current, { configuration });
  await model.invoke("hi", { sessionId: "model" });
  await model.invoke("hi");
  expect(gateway.current.requests.map(sessionOf)).toEqual(["model", "fetch"]);
});

it("concurrent calls of OpenAIEmbeddings with sessionFetch and no queue each carry their own session", async () => {
  gateway.current.respond(() => new Promise<false>((resolve) => setTimeout(resolve, 20, false)));
  const embeddings = new OpenAIEmbeddings({
    ...connection(gateway.current),
    batchSize: 1,
    maxConcurrency: Number.POSITIVE_INFINITY, // Its default is 2: p-queue starts a call in the context of another's end.
    configuration: { baseURL: gateway.current.url, fetch: sessionFetch() },
  });
  const users = ["anne", "bert", "cleo"];
  const asks = users.map((sessionId) =>
    withSession(
      RunnableLambda.from(() => embeddings.embedDocuments([`${sessionId} 1`, `${sessionId} 2`])),
      {
        sessionId,
      },
    ).invoke("x"),
  );
  await Promise.all(asks);
  const { requests } = gateway.current;
  expect(requests).toHaveLength(6);
  for (const request of requests) expect(String(request.body.input)).toContain(String(sessionOf(request)));
});

it.each(["invoke", "stream"] as const)(
  "%s: a plain model with sessionFetch in a chain uses the session of a wrapper, not of the config",
  async (way) => {
    const chain = RunnableLambda.from(() => "hi").pipe(chatOf(gateway.current, sessionFetch(), false));
    for (const runnable of [chain, withSession(chain)]) {
      const config = { configurable: { sessionId: "s" } };
      if (way === "invoke") await runnable.invoke("x", config);
      else await collect(await runnable.stream("x", config));
    }
    expect(sessions(gateway.current)).toEqual([undefined, "s"]);
  },
);
