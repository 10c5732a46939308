import { tool } from "@langchain/core/tools";
import { createAgent, modelRetryMiddleware } from "langchain";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { SessionBudgetError, SessionCallbackHandler, SessionOpenAIEmbeddings } from "../../src/index.js";
import { ENTRY_POINTS } from "../support/conversation.js";
import { answerLikeLiteLLM } from "../support/gateway/litellm_headers.js";
import { sendJson } from "../support/gateway/server.js";
import { describeError, ENDPOINTS, threeModels } from "../support/like_chat_openai.js";
import { connection, modelFor, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => {
  answerLikeLiteLLM(gateway.current);
  skipRetryDelays();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Errors recorded from LiteLLM 1.90.7 and 1.106.0: a 429 without `retry-after`, streamed or not. */
const LIMITS = [
  {
    limit: "budget",
    message:
      "Session budget exceeded for session conversation-42. Current spend: $0.0002, max_budget_per_session: $0.00.",
  },
  {
    limit: "iterations",
    message: "Max iterations exceeded for session conversation-42. Current count: 3, max_iterations: 2.",
  },
];
const errorOf = (message: string) => ({ message, type: "throttling_error", param: null, code: "429" });
const HEADERS = { "x-litellm-call-id": "call-refused", "x-litellm-response-cost": "0" };

function refuse(status: number, error: Record<string, unknown>, headers: Record<string, string> = {}): void {
  gateway.current.respond((_, response) => {
    sendJson(response, status, { error }, { ...HEADERS, ...headers });
    return true;
  });
}

async function thrownBy(run: () => Promise<unknown>): Promise<unknown> {
  return run().then(
    () => expect.fail("nothing was thrown"),
    (error) => error,
  );
}

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  const modelWith = (fields = {}) => modelFor(gateway.current, { useResponsesApi, ...fields });

  describe.each(ENTRY_POINTS)("$name", ({ ask, fields }) => {
    it.each(LIMITS)(
      "an error for a session over its $limit is a SessionBudgetError and still ChatOpenAI's error",
      async ({ limit, message }) => {
        refuse(429, errorOf(message));
        const { plain } = threeModels(gateway.current, { useResponsesApi, ...fields });
        const expected = await thrownBy(() => ask(plain, "hi"));
        const error = await thrownBy(() => ask(modelWith(fields), "hi", { sessionId: "conversation-42" }));
        expect(SessionBudgetError.isInstance(error)).toBe(true);
        expect(error).toMatchObject({ limit, status: 429, sessionId: "conversation-42", callId: "call-refused" });
        // Core gives the name RateLimitCapacityError to a 429 that it lets pass.
        expect(describeError(error)).toEqual({ ...Object(describeError(expected)), name: expect.any(String) });
        expect((error as Error).constructor).toBe((expected as Error).constructor);
        expect(SessionBudgetError.isInstance(expected)).toBe(false);
      },
    );

    it.each(LIMITS)(
      "a call over the session's $limit is not retried, even with a retry-after header",
      async ({ message }) => {
        refuse(429, errorOf(message), { "retry-after": "1" });
        const error = await thrownBy(() => ask(modelWith({ ...fields, maxRetries: 3 }), "hi"));
        expect(SessionBudgetError.isInstance(error)).toBe(true);
        expect(gateway.current.requests).toHaveLength(1);
      },
    );

    it("a 429 that is not about the session is retried as in ChatOpenAI", async () => {
      const others: { status: number; message: string; headers: Record<string, string> }[] = [
        { status: 429, message: "Rate limit exceeded for api_key: 8e8c", headers: { "retry-after": "1" } },
        { status: 429, message: "Rate limit exceeded for api_key: 8e8c", headers: {} },
        { status: 429, message: "Budget has been exceeded! Current cost: 2, Max budget: 1", headers: {} },
        { status: 500, message: "Session budget exceeded for session a", headers: {} },
        { status: 400, message: "Max iterations exceeded for session a", headers: {} },
      ];
      for (const { status, message, headers } of others) {
        const { plain, inSession } = threeModels(gateway.current, { useResponsesApi, ...fields, maxRetries: 1 });
        refuse(status, errorOf(message), headers);
        const before = gateway.current.requests.length;
        const expected = await thrownBy(() => ask(plain, "hi"));
        const requests = gateway.current.requests.length - before;
        const error = await thrownBy(() => ask(inSession, "hi"));
        expect(SessionBudgetError.isInstance(error)).toBe(false);
        expect(describeError(error)).toEqual(describeError(expected));
        expect(error).not.toHaveProperty("limit");
        expect(gateway.current.requests.length - before).toBe(2 * requests);
        if (headers["retry-after"] || status === 500) expect(requests).toBe(2);
      }
    });
  });

  it("each call of a batch over the session's budget rejects with a SessionBudgetError", async () => {
    refuse(429, errorOf(String(LIMITS[1]?.message)));
    const options = { sessionId: "conversation-42" };
    const errors = await modelWith().batch(["a", "b"], options, { returnExceptions: true });
    expect(errors.map(SessionBudgetError.isInstance)).toEqual([true, true]);
  });

  it("an agent over max iterations ends with the error, and its handler recorded every call", async () => {
    let calls = 0;
    gateway.current.respond((_, response) => {
      calls += 1;
      if (calls <= 2) return undefined;
      sendJson(response, 429, { error: errorOf(String(LIMITS[1]?.message)) }, HEADERS);
      return true;
    });
    const model = modelWith({ maxRetries: 3 });
    const ask = tool(async () => (await model.invoke("in the tool")).text, {
      name: "ask",
      description: "Asks.",
      schema: z.object({ question: z.string() }),
    });
    const agent = createAgent({ model, tools: [ask] });
    const handler = new SessionCallbackHandler({ sessionId: "conversation-42" });
    const error = await thrownBy(() => agent.invoke({ messages: "Ask." }, { callbacks: [handler] }));
    expect(SessionBudgetError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ limit: "iterations", sessionId: "conversation-42" });
    expect(gateway.current.requests).toHaveLength(3);
    expect(handler.calls.map(({ callId }) => callId)).toEqual(["call-1", "call-2", "call-refused"]);
    expect(handler.calls[2]?.error).toContain("Max iterations exceeded");
    expect(handler.summary()).toMatchObject({ calls: 3, failures: 1 });
  });

  it("LangChain's modelRetryMiddleware retries other errors, but not a SessionBudgetError", async () => {
    const retry = modelRetryMiddleware({ maxRetries: 2, initialDelayMs: 0, onFailure: "error" });
    const agent = createAgent({ model: modelWith(), tools: [], middleware: [retry] });
    const requestsOf = async (message: string) => {
      refuse(429, errorOf(message));
      const before = gateway.current.requests.length;
      await thrownBy(() => agent.invoke({ messages: "hi" }));
      return gateway.current.requests.length - before;
    };
    expect(await requestsOf("Rate limit exceeded for api_key: 8e8c")).toBe(3);
    expect(await requestsOf(String(LIMITS[0]?.message))).toBe(1);
  });

  it("a conversation over the session's budget does not send its whole history again", async () => {
    const model = modelWith({ usePreviousResponseId: true });
    const first = await model.invoke("hi");
    refuse(429, errorOf(String(LIMITS[0]?.message)));
    const error = await thrownBy(() => model.invoke([["user", "hi"], first, ["user", "more"]]));
    expect(SessionBudgetError.isInstance(error)).toBe(true);
    expect(gateway.current.requests).toHaveLength(2);
  });
});

describe("embeddings", () => {
  const embeddingsWith = (fields = {}) =>
    new SessionOpenAIEmbeddings({ ...connection(gateway.current), sessionId: "conversation-42", ...fields });

  it.each(LIMITS)(
    "embeddings over the session's $limit reject with a SessionBudgetError and are not retried",
    async ({ limit, message }) => {
      refuse(429, errorOf(message), { "retry-after": "1" });
      const error = await thrownBy(() => embeddingsWith({ maxRetries: 3 }).embedQuery("hi"));
      expect(gateway.current.requests).toHaveLength(1);
      expect(SessionBudgetError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({ limit, status: 429, sessionId: "conversation-42", callId: "call-refused" });
    },
  );

  it("another error of embeddings has the call id and the session", async () => {
    refuse(400, errorOf("no"));
    const error = await thrownBy(() => embeddingsWith().embedDocuments(["hi"]));
    expect(SessionBudgetError.isInstance(error)).toBe(false);
    expect(error).toMatchObject({ status: 400, sessionId: "conversation-42", callId: "call-refused" });
  });
});

it("SessionBudgetError.isInstance recognises errors of another copy of the package, and nothing else", () => {
  const foreign = Object.assign(new Error("429"), {
    [Symbol.for("langchain-litellm-session.SessionBudgetError")]: true,
  });
  expect(SessionBudgetError.isInstance(foreign)).toBe(true);
  for (const other of [
    new Error("Session budget exceeded for session a"),
    { status: 429 },
    "429",
    null,
    undefined,
    7,
  ]) {
    expect(SessionBudgetError.isInstance(other)).toBe(false);
  }
});
