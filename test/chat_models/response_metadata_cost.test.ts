import type { AIMessageChunk } from "@langchain/core/messages";
import { beforeEach, describe, expect, it } from "vitest";
import { ENTRY_POINTS } from "../support/conversation.js";
import { answerLikeLiteLLM, COST, LITELLM_METADATA } from "../support/gateway/litellm_headers.js";
import { sendEvents } from "../support/gateway/server.js";
import { ENDPOINTS } from "../support/like_chat_openai.js";
import { collect } from "../support/runnables.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => answerLikeLiteLLM(gateway.current));

const STREAMED = ENTRY_POINTS.filter(({ name }) => name !== "invoke");

const saidOf = (message: { response_metadata: Record<string, unknown> }) => message.response_metadata.litellm;

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  const modelWith = (fields = {}) => modelFor(gateway.current, { useResponsesApi, ...fields });

  describe.each(STREAMED)("$name", ({ ask, fields }) => {
    const said = async () => saidOf(await ask(modelWith(fields), "hi"));

    it("the cost of a stream comes only from its usage", async () => {
      gateway.current.responseHeaders = () => ({});
      gateway.current.moreUsage = () => ({ cost: COST });
      expect(await said()).toEqual({ costUsd: COST });
    });

    it("the cost of a stream is undefined if LiteLLM 1.81.12 reports 0 for a model without a price", async () => {
      gateway.current.moreUsage = () => ({ cost: 0 });
      const { costUsd: _, ...rest } = LITELLM_METADATA;
      expect(await said()).toEqual({ callId: "call-1", ...rest });
    });

    it("the cost header of a stream is ignored: LiteLLM sends it before the first token", async () => {
      // LiteLLM 1.81.12 with its cache on sends 5e-06 for a stream on /responses that costs 7.5e-05.
      const { responseHeaders } = gateway.current;
      gateway.current.responseHeaders = (request) => ({
        ...responseHeaders(request),
        "x-litellm-response-cost": "5e-06",
      });
      expect(await said()).toEqual({ callId: "call-1", ...LITELLM_METADATA });
    });
  });

  it.each(ENTRY_POINTS)("$name: an answer from the proxy's cache costs 0", async ({ ask, fields }) => {
    // LiteLLM 1.81.12 and 1.106.0 report the original cost; their log row says 0.
    const { responseHeaders } = gateway.current;
    gateway.current.responseHeaders = (request) => ({ ...responseHeaders(request), "x-litellm-cache-key": "5b67" });
    expect(saidOf(await ask(modelWith(fields), "hi"))).toEqual({ callId: "call-1", ...LITELLM_METADATA, costUsd: 0 });
  });

  it("a stream that repeats its usage in each event has one cost", async () => {
    // LiteLLM 1.106.0 does so on /responses for an answer from its cache.
    gateway.current.respond((request, response) => {
      if (request.path !== "/responses") return undefined;
      const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15, cost: COST };
      const events = ["created", "in_progress", "completed"].map((name) => {
        const status = name === "completed" ? name : "in_progress";
        const answer = { id: "resp_1", object: "response", model: "gpt-4o", created_at: 1, status, output: [], usage };
        return { event: `response.${name}`, data: { type: `response.${name}`, response: answer } };
      });
      sendEvents(response, events, gateway.current.responseHeaders(request));
      return true;
    });
    for (const { ask, fields } of STREAMED) {
      expect(saidOf(await ask(modelWith(fields), "hi"))).toMatchObject({ costUsd: COST });
    }
  });

  it("a stream without usage has no cost, but all other metadata", async () => {
    gateway.current.moreUsage = () => ({});
    const { costUsd: _, ...said } = LITELLM_METADATA;
    const model = modelWith({ streamUsage: false });
    const [first, ...others] = await collect(model.stream("hi"));
    expect(saidOf(first as AIMessageChunk)).toEqual({ callId: "call-1", ...said });
    expect(others.every((chunk) => saidOf(chunk) === undefined)).toBe(true);
  });
});
