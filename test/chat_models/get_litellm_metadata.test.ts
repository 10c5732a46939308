import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { beforeEach, describe, expect, it } from "vitest";
import { getLiteLLMMetadata } from "../../src/index.js";
import { ENTRY_POINTS } from "../support/conversation.js";
import { answerLikeLiteLLM } from "../support/gateway/litellm_headers.js";
import { sendEvents, sendJson } from "../support/gateway/server.js";
import { ENDPOINTS } from "../support/like_chat_openai.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => answerLikeLiteLLM(gateway.current));

const completed = (more: object) => ({
  id: "resp_1",
  object: "response",
  status: "completed",
  model: "gpt-4o",
  output: [
    { id: "m", type: "message", role: "assistant", content: [{ type: "output_text", text: "hi", annotations: [] }] },
  ],
  usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  ...more,
});

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  it.each(ENTRY_POINTS)("getLiteLLMMetadata returns the metadata of an answer of $name", async ({ ask, fields }) => {
    const model = modelFor(gateway.current, { useResponsesApi, ...fields });
    const answer = await ask(model, "hi");
    expect(getLiteLLMMetadata(answer)).toEqual(answer.response_metadata.litellm);
    expect(getLiteLLMMetadata(answer)).toMatchObject({ callId: "call-1", modelId: "deployment-1" });
  });

  it.each([
    ["0", undefined],
    ["0.0", undefined],
    ["-1", undefined],
    ["-7.5e-05", undefined],
    ["Infinity", undefined],
    ["1e999", undefined],
    ["NaN", undefined],
    ["{}", undefined],
    ["7.5e-05", 7.5e-5],
  ])("a cost of %s in the header is %s", async (cost, costUsd) => {
    gateway.current.responseHeaders = () => ({ "x-litellm-response-cost": cost, "x-litellm-call-id": "a" });
    const answer = await modelFor(gateway.current, { useResponsesApi }).invoke("hi");
    expect(getLiteLLMMetadata(answer)?.costUsd).toBe(costUsd);
  });

  it("an answer from the proxy's cache costs 0, whatever its cost header says", async () => {
    for (const cost of ["0.0", "7.5e-05", "-1"]) {
      gateway.current.responseHeaders = () => ({ "x-litellm-response-cost": cost, "x-litellm-cache-key": "key" });
      const answer = await modelFor(gateway.current, { useResponsesApi }).invoke("hi");
      expect(getLiteLLMMetadata(answer)).toEqual({ costUsd: 0 });
    }
  });

  it("counts that are negative or no numbers are undefined, and long texts are cut", async () => {
    gateway.current.responseHeaders = () => ({
      "x-litellm-call-id": "y".repeat(5_000),
      "x-litellm-attempted-retries": "-1",
      "x-litellm-attempted-fallbacks": "1e400",
      "x-litellm-response-duration-ms": "soon",
    });
    const answer = await modelFor(gateway.current, { useResponsesApi }).invoke("hi");
    expect(getLiteLLMMetadata(answer)).toEqual({ callId: `${"y".repeat(999)}…` });
  });
});

describe("a key litellm that the provider puts into a response", () => {
  const theirs = { callId: "theirs", costUsd: 1_000 };

  it.each(ENTRY_POINTS)("the provider's own key litellm does not reach an answer of $name", async ({ ask, fields }) => {
    gateway.current.responseHeaders = () => ({});
    for (const more of [{ litellm: theirs }, JSON.parse(`{"__proto__":{"litellm":${JSON.stringify(theirs)}}}`)]) {
      gateway.current.respond(({ body }, response) => {
        const event = { type: "response.completed", response: completed(more) };
        if (body.stream) sendEvents(response, [{ event: event.type, data: event }], {});
        else sendJson(response, 200, completed(more), {});
        return true;
      });
      const answer = await ask(modelFor(gateway.current, { useResponsesApi: true, ...fields }), "hi");
      expect(answer.response_metadata.litellm).toBeUndefined();
      expect(getLiteLLMMetadata(answer)).toBeUndefined();
    }
  });

  it("only the proxy's headers reach a streamed answer whose provider has a key litellm too", async () => {
    gateway.current.respond((request, response) => {
      const event = { type: "response.completed", response: completed({ litellm: theirs }) };
      sendEvents(response, [{ event: event.type, data: event }], gateway.current.responseHeaders(request));
      return true;
    });
    let answer: AIMessageChunk | undefined;
    for await (const chunk of await modelFor(gateway.current, { useResponsesApi: true }).stream("hi")) {
      answer = answer ? answer.concat(chunk) : chunk;
    }
    expect(getLiteLLMMetadata(answer)).toMatchObject({ callId: "call-1", modelId: "deployment-1" });
    expect(getLiteLLMMetadata(answer)).not.toHaveProperty("costUsd");
  });
});

describe("messages that the package did not make", () => {
  const of = (litellm: unknown) => new AIMessage({ content: "", response_metadata: { litellm } });

  it("fields of another type are undefined, and unknown ones are left out", () => {
    const hostile = {
      callId: { toString: 1 },
      modelId: 7,
      version: "",
      modelGroup: "y".repeat(5_000),
      costUsd: -1,
      attemptedRetries: "3",
      attemptedFallbacks: Number.POSITIVE_INFINITY,
      durationMs: Number.NaN,
      other: "<script>",
    };
    expect(getLiteLLMMetadata(of(hostile))).toEqual({ modelGroup: `${"y".repeat(999)}…` });
    expect(getLiteLLMMetadata(of({ callId: "a", costUsd: 0, durationMs: 12.5 }))).toEqual({
      callId: "a",
      costUsd: 0,
      durationMs: 12.5,
    });
  });

  it("a message without the metadata, and what is no message, has none", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = {
      get response_metadata() {
        throw new Error("no");
      },
    };
    const none = [
      of(undefined),
      of(null),
      of("text"),
      of([]),
      of({}),
      new AIMessageChunk(""),
      {},
      null,
      undefined,
      7,
      "a",
    ];
    for (const message of [...none, proxy, throwing, of(proxy)]) expect(getLiteLLMMetadata(message)).toBeUndefined();
    expect(getLiteLLMMetadata({ response_metadata: undefined } as unknown as BaseMessage)).toBeUndefined();
  });
});
