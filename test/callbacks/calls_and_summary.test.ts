import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { awaitAllCallbacks } from "@langchain/core/callbacks/promises";
import { SimpleChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { RunnableLambda, RunnableParallel } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { FakeListChatModel, FakeLLM } from "@langchain/core/utils/testing";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent } from "langchain";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type SessionCall, SessionCallbackHandler, type SessionChatOpenAI } from "../../src/index.js";
import { answeredCall, callsOf, newHandler, TRACED_ENTRY_POINTS, UUID } from "../support/call_records.js";
import { answerLikeLiteLLM, COST } from "../support/gateway/litellm_headers.js";
import { ENDPOINTS } from "../support/like_chat_openai.js";
import { collect } from "../support/runnables.js";
import { connection, modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => answerLikeLiteLLM(gateway.current));

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  const modelWith = (fields = {}) => modelFor(gateway.current, { useResponsesApi, ...fields });

  it.each(TRACED_ENTRY_POINTS)(
    "$name: a call has one record, which is complete when the promise resolves",
    async ({ ask, fields }) => {
      const handler = newHandler();
      const before = Date.now();
      await ask(modelWith(fields), "hi", { callbacks: [handler] });
      expect(callsOf(handler)).toEqual([answeredCall(1)]);
      expect(handler.calls[0]?.startedAt.getTime()).toBeGreaterThanOrEqual(before);
      const { durationMs } = handler.calls[0] as SessionCall;
      expect(handler.summary()).toEqual({
        sessionId: "conversation-42",
        calls: 1,
        failures: 0,
        aborted: 0,
        inputTokens: 10,
        outputTokens: 5,
        cachedInputTokens: 0,
        costUsd: COST,
        totalMs: durationMs,
        wallMs: expect.closeTo(durationMs as number, 6),
      });
    },
  );

  const MANY: Record<string, { run: (model: SessionChatOpenAI, handler: SessionCallbackHandler) => unknown }> = {
    "a batch with one config": { run: (model, handler) => model.batch(["a", "b", "c"], { callbacks: [handler] }) },
    "a batch with a config an input": {
      run: (model, handler) => model.batch(["a", "b", "c"], Array(3).fill({ callbacks: [handler] })),
    },
    "generate with three prompts": {
      run: (model, handler) => model.generate([["a"], ["b"], ["c"]], undefined, [handler]),
    },
    "parallel branches": {
      run: (model, handler) =>
        RunnableParallel.from({ a: model, b: model, c: model }).invoke("hi", { callbacks: [handler] }),
    },
    "structured output, tools, and a chain": {
      run: async (model, handler) => {
        const config = { callbacks: [handler] };
        await model.withStructuredOutput(z.object({ word: z.string() })).invoke("hi", config);
        await model
          .bindTools([{ type: "function", function: { name: "look_up", parameters: {} } }])
          .invoke("hi", config);
        await model.withSession("another").invoke("hi", config);
      },
    },
  };
  it.each(Object.entries(MANY))("%s: each request has a record", async (_, { run }) => {
    const handler = newHandler();
    await run(modelWith(), handler);
    expect(handler.calls.map(({ callId }) => callId).sort()).toEqual(["call-1", "call-2", "call-3"]);
    for (const call of callsOf(handler)) {
      const { callId, parentRunId, path } = call;
      expect(call).toEqual({ ...answeredCall(1), callId, parentRunId, path });
    }
    expect(new Set(handler.calls.map(({ runId }) => runId)).size).toBe(3);
    const { totalMs, wallMs, ...sums } = handler.summary();
    expect(sums).toEqual({
      sessionId: "conversation-42",
      calls: 3,
      failures: 0,
      aborted: 0,
      inputTokens: 30,
      outputTokens: 15,
      cachedInputTokens: 0,
      costUsd: expect.closeTo(3 * COST, 12),
    });
    expect(totalMs).toBeCloseTo(
      handler.calls.reduce((sum, { durationMs }) => sum + Number(durationMs), 0),
      6,
    );
    expect(wallMs).toBeGreaterThanOrEqual(Math.max(...handler.calls.map(({ durationMs }) => Number(durationMs))));
  });

  it("an agent whose tool calls the model has a record for each call, with its step", async () => {
    const model = modelWith();
    const ask = tool(async () => (await model.invoke("in the tool")).text, {
      name: "ask",
      description: "Asks.",
      schema: z.object({ question: z.string() }),
    });
    const handler = newHandler();
    await createAgent({ model, tools: [ask] }).invoke({ messages: "Ask." }, { callbacks: [handler] });
    expect(callsOf(handler)).toEqual(
      [1, 2, 3].map((n) => ({ ...answeredCall(n), parentRunId: UUID, path: expect.any(Array) })),
    );
    expect(new Set(handler.calls.map(({ parentRunId }) => parentRunId)).size).toBe(3);
    expect(handler.summary()).toMatchObject({ calls: 3, failures: 0, inputTokens: 30, outputTokens: 15 });
    expect(sessions(gateway.current)).toEqual(Array(3).fill("conversation-42"));
  });

  it("a graph in streamEvents v3 has a record for each call", async () => {
    const handler = newHandler();
    const graph = createAgent({ model: modelWith(), tools: [] });
    await collect(graph.streamEvents({ messages: "hi" }, { version: "v3", callbacks: [handler] }));
    expect(callsOf(handler)).toEqual([{ ...answeredCall(1), parentRunId: UUID, path: expect.any(Array) }]);
  });

  it("a model in streamEvents v3 has no records, because LangChain calls no handler", async () => {
    for (const model of [modelWith(), new ChatOpenAI({ ...connection(gateway.current), useResponsesApi })]) {
      const handler = newHandler();
      await collect(model.streamEvents("hi", { callbacks: [handler] }));
      expect(handler.calls).toEqual([]);
    }
    expect(sessions(gateway.current)).toEqual(["conversation-42", undefined]);
  });

  it("a handler of an inner chain records only that chain, and its session is used there", async () => {
    const [outer, inner] = [new SessionCallbackHandler(), new SessionCallbackHandler()];
    const model = modelWith();
    const part = RunnableLambda.from((text: string) => model.invoke(text)).withConfig({ callbacks: [inner] });
    const chain = RunnableLambda.from(async (text: string, config) =>
      part.invoke((await model.invoke(text)).text, config),
    );
    await chain.invoke("hi", { callbacks: [outer] });
    expect(outer.calls).toMatchObject([{ callId: "call-1" }, { callId: "call-2" }]);
    expect(inner.calls).toMatchObject([{ callId: "call-2" }]);
    expect(inner.calls[0]?.runId).toBe(outer.calls[1]?.runId);
    expect(sessions(gateway.current)).toEqual([outer.sessionId, inner.sessionId]);
  });

  it("calls of a plain ChatOpenAI are recorded, and their requests carry no session", async () => {
    const handler = newHandler();
    const model = new ChatOpenAI({ ...connection(gateway.current), useResponsesApi });
    await model.invoke("hi", { callbacks: [handler] });
    await collect(model.stream("hi", { callbacks: [handler] }));
    const plain = { ...answeredCall(0), callId: undefined, costUsd: undefined };
    expect(callsOf(handler)).toEqual([plain, plain]);
    expect(handler.summary()).toMatchObject({ calls: 2, inputTokens: 20, outputTokens: 10, costUsd: undefined });
    expect(sessions(gateway.current)).toEqual([undefined, undefined]);
  });

  it("records are complete at once also with LANGCHAIN_CALLBACKS_BACKGROUND and a slow handler", async () => {
    vi.stubEnv("LANGCHAIN_CALLBACKS_BACKGROUND", "true");
    class Slow extends BaseCallbackHandler {
      override name = "slow";
      override async handleChatModelStart(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    const handler = newHandler();
    const callbacks = [new Slow(), handler];
    const chain = RunnableLambda.from((text: string) => modelWith().invoke(text));
    await chain.invoke("hi", { callbacks });
    expect(callsOf(handler)).toEqual([{ ...answeredCall(1), parentRunId: UUID, path: expect.any(Array) }]);
    await collect(modelWith().stream("hi", { callbacks }));
    expect(callsOf(handler).slice(1)).toEqual([answeredCall(2)]);
    await awaitAllCallbacks();
  });
});

it("models without tokens or a name, and any thrown value, are recorded", async () => {
  const handler = newHandler();
  const config = { callbacks: [handler] };
  await new FakeListChatModel({ responses: ["hi"] }).invoke("hi", config);
  await new FakeLLM({ response: "hi" }).invoke("hi", config);
  class Throwing extends FakeLLM {
    override async _call(): Promise<string> {
      throw "a string";
    }
  }
  await expect(new Throwing({}).invoke("hi", config)).rejects.toBeDefined();
  expect(handler.calls).toMatchObject([
    { durationMs: expect.any(Number), inputTokens: undefined, outputTokens: undefined },
    { durationMs: expect.any(Number), inputTokens: undefined, outputTokens: undefined },
    { error: expect.stringContaining("a string") },
  ]);
  expect(handler.summary()).toMatchObject({ calls: 3, failures: 1, inputTokens: 0, outputTokens: 0 });
});

/** A model of another class, whose answers have this metadata. */
class OtherModel extends SimpleChatModel {
  constructor(private readonly responseMetadata: Record<string, unknown>) {
    super({});
  }

  _llmType(): string {
    return "other";
  }

  async _call(): Promise<string> {
    return "";
  }

  override async _generate(): Promise<ChatResult> {
    return {
      generations: [
        { text: "hi", message: new AIMessage({ content: "hi", response_metadata: this.responseMetadata }) },
      ],
    };
  }
}

it.each<[string, Record<string, unknown>, number | undefined]>([
  ["in ChatAnthropic's usage", { model_provider: "anthropic", usage: { cost: 0.25 } }, 0.25],
  ["0: a model without a price", { usage: { cost: 0 } }, undefined],
  ["negative", { usage: { cost: -1 } }, undefined],
  ["a text", { usage: { cost: "<b>" } }, undefined],
  ["no usage", { usage: null }, undefined],
  ["in a stream of ChatOpenAI", { model_provider: "openai", usage: { cost: 0.25 } }, undefined],
])("the cost of another class's call is the one in response_metadata.usage: %s", async (_, metadata, costUsd) => {
  const handler = new SessionCallbackHandler();
  await new OtherModel(metadata).invoke("hi", { callbacks: [handler] });
  expect(handler.calls.map((call) => call.costUsd)).toEqual([costUsd]);
  expect(handler.summary().costUsd).toBe(costUsd);
});
