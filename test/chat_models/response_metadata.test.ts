import type { AIMessageChunk } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { LiteLLMResponseMetadata } from "../../src/index.js";
import { ENTRY_POINTS } from "../support/conversation.js";
import { answerLikeLiteLLM, COST, LITELLM_METADATA } from "../support/gateway/litellm_headers.js";
import { ENDPOINTS } from "../support/like_chat_openai.js";
import { collect } from "../support/runnables.js";
import { connection, modelFor, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => answerLikeLiteLLM(gateway.current));
afterEach(() => {
  vi.restoreAllMocks();
});

const saidOf = (message: { response_metadata: Record<string, unknown> }) => message.response_metadata.litellm;

const isStreamed = (name: string) => name !== "invoke";

describe.each(ENDPOINTS)("$endpoint", ({ endpoint, useResponsesApi }) => {
  const modelWith = (fields = {}) => modelFor(gateway.current, { useResponsesApi, ...fields });

  describe.each(ENTRY_POINTS)("$name", ({ ask, fields }) => {
    const said = async () => saidOf(await ask(modelWith(fields), "hi"));

    it("response_metadata.litellm has every value that LiteLLM sent", async () => {
      expect(await said()).toEqual({ callId: "call-1", ...LITELLM_METADATA });
      expect(gateway.current.requests).toMatchObject([{ path: endpoint }]);
    });

    it("response_metadata has no litellm if the proxy sent no LiteLLM headers", async () => {
      gateway.current.responseHeaders = () => ({ "x-request-id": "not LiteLLM's" });
      gateway.current.moreUsage = () => ({});
      const answer = await ask(modelWith(fields), "hi");
      expect(answer.response_metadata).not.toHaveProperty("litellm");
      expect(answer.text).toBe("reply to 1 messages");
    });

    /** The headers of each version, with shortened values. A stream has its cost only in the usage. */
    const VERSIONS: Record<string, { headers: Record<string, string>; cost?: unknown; said: LiteLLMResponseMetadata }> =
      {
        "1.70.4 /responses": {
          headers: { "call-id": "c", "model-id": "m", version: "1.70.4" },
          said: { callId: "c", modelId: "m", version: "1.70.4" },
        },
        "1.81.12 without a price": {
          headers: { "call-id": "c", version: "1.81.12", "response-cost-original": "0.0", "key-spend": "0.0" },
          cost: null,
          said: { callId: "c", version: "1.81.12" },
        },
        "no call id": { headers: { "model-group": "gpt-4o" }, said: { modelGroup: "gpt-4o" } },
        "words that say nothing": {
          headers: { "call-id": "None", "model-id": "", "response-cost": "None", "attempted-retries": "None" },
          cost: "None",
          said: { version: "1.0.0" },
        },
        "numbers that are none": {
          headers: { "response-cost": "free", "attempted-retries": "NaN", "response-duration-ms": "inf" },
          cost: "",
          said: { version: "1.0.0" },
        },
        "retries and fallbacks": {
          headers: { "attempted-retries": "2", "attempted-fallbacks": "1", "response-duration-ms": "0.5" },
          said: { version: "1.0.0", attemptedRetries: 2, attemptedFallbacks: 1, durationMs: 0.5 },
        },
      };
    it.each(Object.entries(VERSIONS))(
      "unknown values are undefined in response_metadata.litellm, never 0: %s",
      async (_, given) => {
        const headers = "version" in given.headers || !("version" in given.said) ? {} : { version: "1.0.0" };
        gateway.current.responseHeaders = () =>
          Object.fromEntries(
            Object.entries({ ...given.headers, ...headers }).map(([key, value]) => [`x-litellm-${key}`, value]),
          );
        gateway.current.moreUsage = () => ("cost" in given ? { cost: given.cost } : {});
        const metadata = await said();
        expect(metadata).toEqual(given.said);
        expect(Object.keys(metadata as object)).toEqual(expect.arrayContaining(Object.keys(given.said)));
        expect(Object.keys(metadata as object)).toHaveLength(Object.keys(given.said).length);
      },
    );

    it("response_metadata.litellm is from the attempt that succeeded", async () => {
      skipRetryDelays();
      gateway.current.failNext(500, { message: "broken" }, { "x-litellm-call-id": "call-broken" });
      expect(saidOf(await ask(modelWith({ ...fields, maxRetries: 1 }), "hi"))).toEqual({
        callId: "call-2",
        ...LITELLM_METADATA,
      });
    });
  });

  it("a stream has LiteLLM's headers in its first chunk and the cost in the chunk with the usage", async () => {
    const chunks: AIMessageChunk[] = await collect(modelWith().stream("hi"));
    const { costUsd, ...said } = LITELLM_METADATA;
    expect(chunks.map(saidOf).filter((each) => each !== undefined)).toEqual([
      { callId: "call-1", ...said },
      { costUsd },
    ]);
    expect(saidOf(chunks[0] as AIMessageChunk)).toBeDefined();
  });

  it("the answers of batch, structured output and a model with tools have response_metadata.litellm", async () => {
    const [a, b] = await modelWith().batch(["a", "b"]);
    expect([a, b].map((answer) => answer && saidOf(answer))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ callId: "call-1" }),
        expect.objectContaining({ callId: "call-2" }),
      ]),
    );
    for (const method of ["jsonSchema", "functionCalling", "jsonMode"] as const) {
      const structured = modelWith().withStructuredOutput(z.object({ a: z.string() }), { method, includeRaw: true });
      const { raw } = await structured.invoke("json");
      expect(saidOf(raw)).toEqual({ callId: `call-${gateway.current.requests.length}`, ...LITELLM_METADATA });
    }
    const tools = [{ type: "function" as const, function: { name: "look_up", parameters: {} } }];
    expect(saidOf(await modelWith().bindTools(tools).invoke("hi"))).toMatchObject({ callId: "call-6", costUsd: COST });
  });

  it("50 concurrent calls of all entry points each have their own response_metadata.litellm", async () => {
    gateway.current.responseHeaders = ({ body }) => ({ "x-litellm-call-id": `call of ${questionIn(body)}` });
    gateway.current.moreUsage = ({ body }) => (body.stream ? { cost: costOf(questionIn(body)) } : {});
    gateway.current.respond(async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
      return false;
    });
    const model = modelWith({ maxConcurrency: 20 });
    const asked = Array.from({ length: 50 }, (_, n) => ({
      entry: ENTRY_POINTS[n % ENTRY_POINTS.length],
      text: `question ${n}.`,
    }));
    const answers = await Promise.all(
      asked.map(async ({ entry, text }) => entry?.ask(n(text) % 2 ? model : model.withSession(), text)),
    );
    expect(answers.map((answer) => answer && saidOf(answer))).toEqual(
      asked.map(({ entry, text }) => ({
        callId: `call of ${text}`,
        ...(isStreamed(entry?.name ?? "") && !entry?.fields ? { costUsd: costOf(text) } : {}),
      })),
    );
  });

  it("a plain ChatOpenAI and the model's client have no LiteLLM metadata after such calls", async () => {
    const fields = { ...connection(gateway.current), useResponsesApi };
    const [ours, plain] = [modelWith(), new ChatOpenAI(fields)];
    const { litellm, ...metadata } = (await ours.invoke("hi")).response_metadata;
    expect(litellm).toBeDefined();
    const expected = (await plain.invoke("hi")).response_metadata;
    expect(Object.keys(metadata).sort()).toEqual(Object.keys(expected).sort());
  });
});

const questionIn = (body: Record<string, unknown>) => String(JSON.stringify(body).match(/question \d+\./)?.[0]);
const n = (text: string) => Number(text.match(/\d+/)?.[0]);
const costOf = (text: string) => (n(text) + 1) / 1_000;
