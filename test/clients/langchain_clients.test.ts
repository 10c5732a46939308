import { ChatAnthropic } from "@langchain/anthropic";
import { CohereRerank } from "@langchain/cohere";
import { ChatGoogleGenerativeAI } from "@langchain/google-genai";
import { CohereClient } from "cohere-ai";
import { expect, it } from "vitest";
import { SessionCallbackHandler, sessionFetch, sessionHeaders } from "../../src/index.js";
import { useEchoServer } from "../support/echo_server.js";
import { collect } from "../support/runnables.js";

const echo = useEchoServer();

const FIELDS = { litellm_session_id: "conversation-42", litellm_trace_id: "conversation-42" };
const HEADER = { "x-litellm-session-id": "conversation-42" };
const USAGE = { input_tokens: 10, output_tokens: 5, cost: 0.25 };

/** An answer of LiteLLM on `/v1/messages`, with its cost. */
function answerOf(isStream: boolean): Response {
  const message = { id: "msg_1", type: "message", role: "assistant", model: "claude", stop_reason: "end_turn" };
  if (!isStream) return Response.json({ ...message, content: [{ type: "text", text: "hi" }], usage: USAGE });
  const events = [
    { type: "message_start", message: { ...message, content: [], usage: { input_tokens: 10, output_tokens: 0 } } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hi" } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5, cost: 0.25 } },
    { type: "message_stop" },
  ];
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

it.each(["invoke", "stream"] as const)(
  "%s of ChatAnthropic with sessionFetch is in the session, and a handler has the cost of its usage",
  async (way) => {
    const bodies: Record<string, unknown>[] = [];
    const send: typeof fetch = async (_, init) => {
      const body = JSON.parse(String(init?.body));
      bodies.push({ ...body, header: new Headers(init?.headers).get("x-litellm-session-id") });
      return answerOf(body.stream === true);
    };
    const model = new ChatAnthropic({
      model: "claude-sonnet-4-5",
      apiKey: "sk",
      anthropicApiUrl: "http://litellm.example:4000",
      clientOptions: { fetch: sessionFetch({ sessionId: "conversation-42", fetch: send }) },
    });
    const handler = new SessionCallbackHandler({ sessionId: "conversation-42" });
    if (way === "invoke") await model.invoke("hi", { callbacks: [handler] });
    else await collect(await model.stream("hi", { callbacks: [handler] }));
    expect(bodies).toMatchObject([{ ...FIELDS, header: "conversation-42" }]);
    expect(handler.summary()).toMatchObject({ calls: 1, outputTokens: 5, costUsd: 0.25 });
  },
);

it("CohereRerank, whose client has a sessionFetch, is in the session", async () => {
  const fetch = sessionFetch({ sessionId: "conversation-42" });
  const client = new CohereClient({ token: "sk", environment: new URL(echo.url).origin, fetch, maxRetries: 0 });
  const reranker = new CohereRerank({ model: "rerank-v3.5", client });
  await reranker.rerank(["robots"], "Who tells stories?").catch(() => {}); // The answer has no results.
  expect(echo.requests).toMatchObject([{ method: "POST", headers: HEADER }]);
  expect(JSON.parse(String(echo.requests[0]?.body))).toMatchObject({ ...FIELDS, query: "Who tells stories?" });
});

it("ChatGoogleGenerativeAI, which takes no fetch, sends the header of sessionHeaders", async () => {
  const model = new ChatGoogleGenerativeAI({
    model: "gemini-2.5-flash",
    apiKey: "sk",
    baseUrl: new URL(echo.url).origin,
    customHeaders: sessionHeaders({ sessionId: "conversation-42" }),
    maxRetries: 0,
  });
  await model.invoke("hi").catch(() => {}); // The answer has no candidates.
  expect(echo.requests).toMatchObject([{ path: expect.stringContaining("gemini-2.5-flash"), headers: HEADER }]);
});
