import { InMemoryCache } from "@langchain/core/caches";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SessionCall } from "../../src/index.js";
import { answeredCall, callsOf, failedCall, newHandler, TRACED_ENTRY_POINTS, UUID } from "../support/call_records.js";
import { answerLikeLiteLLM, COST } from "../support/gateway/litellm_headers.js";
import { ENDPOINTS } from "../support/like_chat_openai.js";
import { modelFor, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => answerLikeLiteLLM(gateway.current));
afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  const modelWith = (fields = {}) => modelFor(gateway.current, { useResponsesApi, ...fields });

  it.each(TRACED_ENTRY_POINTS)(
    "$name: an error response is recorded as a failed call with LiteLLM's call id",
    async ({ ask, fields }) => {
      const handler = newHandler();
      gateway.current.failNext(400, { message: "bad field" }, { "x-litellm-call-id": "call-refused" });
      await expect(ask(modelWith(fields), "hi", { callbacks: [handler] })).rejects.toThrow("400 bad field");
      expect(callsOf(handler)).toEqual([failedCall(expect.stringMatching(/^\w*Error: 400 bad field/), "call-refused")]);
      const { durationMs: totalMs } = handler.calls[0] as SessionCall;
      expect(handler.summary()).toMatchObject({ calls: 1, failures: 1, inputTokens: 0, costUsd: undefined, totalMs });
    },
  );

  it("a retry by the model is recorded as one call, a retry by withRetry as two", async () => {
    skipRetryDelays();
    const [once, twice] = [newHandler(), newHandler()];
    gateway.current.failNext(500, { message: "broken" });
    await modelWith({ maxRetries: 1 }).invoke("hi", { callbacks: [once] });
    expect(callsOf(once)).toEqual([answeredCall(2)]);

    gateway.current.failNext(500, { message: "broken" });
    await modelWith()
      .withRetry({ stopAfterAttempt: 2 })
      .invoke("hi", { callbacks: [twice] });
    expect(callsOf(twice)).toEqual([
      { ...failedCall("Error: 500 broken"), parentRunId: UUID, path: expect.any(Array) },
      { ...answeredCall(4), parentRunId: UUID, path: expect.any(Array) },
    ]);
    expect(twice.summary()).toMatchObject({ calls: 2, failures: 1, inputTokens: 10, costUsd: COST });
  });

  it("a batch with returnExceptions records its failed calls as failed", async () => {
    const handler = newHandler();
    gateway.current.failNext(400, { message: "bad field" });
    await modelWith().batch(["a", "b"], { callbacks: [handler] }, { returnExceptions: true });
    expect(handler.summary()).toMatchObject({ calls: 2, failures: 1, inputTokens: 10, costUsd: COST });
  });

  it("an answer from LangChain's cache is recorded as a call without tokens and cost", async () => {
    const handler = newHandler();
    const model = modelWith({ cache: new InMemoryCache() });
    await model.invoke("hi", { callbacks: [handler] });
    const { inputTokens, outputTokens, costUsd } = handler.summary();
    await model.invoke("hi", { callbacks: [handler] });
    expect(gateway.current.requests).toHaveLength(1);
    const {
      inputTokens: cachedInput = 0,
      outputTokens: cachedOutput = 0,
      ...cached
    } = callsOf(handler)[1] as SessionCall;
    expect([callsOf(handler)[0], cached]).toEqual([answeredCall(1), { ...failedCall(undefined), cached: true }]);
    expect([cachedInput, cachedOutput]).toEqual([0, 0]);
    expect(handler.summary()).toMatchObject({ calls: 2, failures: 0, inputTokens, outputTokens, costUsd });
  });

  it.each(TRACED_ENTRY_POINTS)(
    "$name: a call that its caller aborts is recorded as aborted, not as failed",
    async ({ ask, fields }) => {
      const handler = newHandler();
      const controller = new AbortController();
      gateway.current.respond(() => {
        controller.abort();
        return new Promise<boolean>(() => {});
      });
      const options = { callbacks: [handler], signal: controller.signal };
      await expect(ask(modelWith(fields), "hi", options)).rejects.toThrow();
      await vi.waitFor(
        () => expect(callsOf(handler)).toEqual([{ ...failedCall(expect.stringMatching(/abort/i)), status: "aborted" }]),
        15_000,
      );
      expect(handler.summary()).toMatchObject({
        calls: 1,
        failures: 0,
        aborted: 1,
        inputTokens: 0,
        costUsd: undefined,
      });
    },
  );

  it("a stream that is left early is recorded without a duration", async () => {
    const handler = newHandler();
    for await (const _ of await modelWith().stream("hi", { callbacks: [handler] })) break;
    expect(callsOf(handler)).toEqual([{ ...failedCall(undefined), durationMs: undefined, status: "unfinished" }]);
    expect(handler.summary()).toMatchObject({ calls: 1, failures: 0, totalMs: 0, wallMs: 0, costUsd: undefined });
  });
});
