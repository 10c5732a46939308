import { InMemoryCache } from "@langchain/core/caches";
import { RunnableLambda } from "@langchain/core/runnables";
import { beforeEach, describe, expect, it } from "vitest";
import { type SessionCall, SessionOpenAIEmbeddings } from "../../src/index.js";
import { newHandler, UUID } from "../support/call_records.js";
import { answerLikeLiteLLM, COST } from "../support/gateway/litellm_headers.js";
import { ENDPOINTS } from "../support/like_chat_openai.js";
import { connection, modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => answerLikeLiteLLM(gateway.current));

describe("embeddings", () => {
  it("a request of embeddings under a handler is a call of kind embedding, with its step and its cost", async () => {
    const embeddings = new SessionOpenAIEmbeddings({ ...connection(gateway.current), model: "text-embedding-3-small" });
    const handler = newHandler();
    const search = RunnableLambda.from(() => embeddings.embedQuery("hi")).withConfig({ runName: "search" });
    await search.invoke("hi", { callbacks: [handler] });
    expect(handler.calls).toEqual([
      {
        runId: UUID,
        parentRunId: UUID,
        path: [{ id: UUID, name: "search" }],
        kind: "embedding",
        status: "ok",
        model: "text-embedding-3-small",
        startedAt: expect.any(Date),
        durationMs: expect.any(Number),
        inputTokens: 1,
        outputTokens: undefined,
        callId: "call-1",
        costUsd: COST,
      },
    ]);
    expect(handler.summary()).toMatchObject({ calls: 1, failures: 0, inputTokens: 1, costUsd: COST });
  });

  it("a failed request of embeddings is a failed call, and one outside a handler is in no record", async () => {
    const embeddings = new SessionOpenAIEmbeddings(connection(gateway.current));
    const handler = newHandler();
    gateway.current.failNext(400, { message: "bad field" }, { "x-litellm-call-id": "call-refused" });
    const search = RunnableLambda.from(() => embeddings.embedQuery("hi"));
    await expect(search.invoke("hi", { callbacks: [handler] })).rejects.toThrow("bad field");
    await embeddings.embedQuery("hi");
    expect(handler.calls).toMatchObject([
      { kind: "embedding", status: "failed", error: expect.stringContaining("400 bad field"), callId: "call-refused" },
    ]);
    expect(handler.summary()).toMatchObject({ calls: 1, failures: 1 });
  });
});

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  const modelWith = (fields = {}) => modelFor(gateway.current, { useResponsesApi, ...fields });

  it("a stream has the time to its first content, also if its reader is slow or leaves", async () => {
    const handler = newHandler();
    let heldMs = 0;
    for await (const chunk of await modelWith().stream("hi", { callbacks: [handler] })) {
      if (chunk.text === "") continue;
      const [call] = handler.calls as [SessionCall];
      expect(call.firstTokenMs).toBeGreaterThan(0);
      heldMs = Number(call.firstTokenMs);
      break;
    }
    expect(handler.calls).toMatchObject([{ status: "unfinished", firstTokenMs: heldMs, durationMs: undefined }]);
  });

  it("a call that is not streamed has no time to its first token, nor has an answer from LangChain's cache", async () => {
    const handler = newHandler();
    const model = modelWith({ cache: new InMemoryCache() });
    await model.invoke("hi", { callbacks: [handler] });
    await model.invoke("hi", { callbacks: [handler] });
    expect(handler.calls.map(({ cached, firstTokenMs }) => [cached, firstTokenMs])).toEqual([
      [undefined, undefined],
      [true, undefined],
    ]);
  });

  it("an answer from the proxy's cache is cached and costs nothing", async () => {
    gateway.current.responseHeaders = () => ({ "x-litellm-cache-key": "key", "x-litellm-response-cost": "0.5" });
    const handler = newHandler();
    await modelWith().invoke("hi", { callbacks: [handler] });
    expect(handler.calls).toMatchObject([{ cached: true, costUsd: 0, status: "ok" }]);
  });

  it("a call has the tokens that the provider read from its prompt cache", async () => {
    gateway.current.moreUsage = () => ({
      prompt_tokens_details: { cached_tokens: 4 },
      input_tokens_details: { cached_tokens: 4 },
    });
    const handler = newHandler();
    await modelWith().batch(["a", "b"], { callbacks: [handler] });
    expect(handler.calls).toMatchObject([{ cachedInputTokens: 4 }, { cachedInputTokens: 4 }]);
    expect(handler.summary().cachedInputTokens).toBe(8);
  });

  it.each([
    ["an error", () => new Error("leave")],
    ["a string", () => "leave"],
    ["no reason", () => undefined],
  ])("a call whose caller aborts with %s is aborted, and a timeout is failed", async (_, reason) => {
    const handler = newHandler();
    const controller = new AbortController();
    let requests = 0;
    gateway.current.respond(() => {
      requests += 1;
      if (requests === 1) controller.abort(reason());
      return new Promise<boolean>(() => {});
    });
    const callbacks = [handler];
    await expect(modelWith().invoke("hi", { callbacks, signal: controller.signal })).rejects.toBeDefined();
    await expect(modelWith().invoke("hi", { callbacks, timeout: 50 })).rejects.toBeDefined();
    await expect(modelWith({ timeout: 50 }).invoke("hi", { callbacks })).rejects.toBeDefined();
    expect(handler.calls.map(({ status }) => status)).toEqual(["aborted", "failed", "failed"]);
    expect(handler.summary()).toMatchObject({ calls: 3, aborted: 1, failures: 2 });
  });
});
