import { APIError } from "openai";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ENTRY_POINTS } from "../support/conversation.js";
import { answerLikeLiteLLM } from "../support/gateway/litellm_headers.js";
import { sendEvents, sendJson } from "../support/gateway/server.js";
import { describeError, ENDPOINTS, threeModels } from "../support/like_chat_openai.js";
import { modelFor, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => answerLikeLiteLLM(gateway.current));
afterEach(() => {
  vi.restoreAllMocks();
});

/** Headers recorded from LiteLLM's error responses. */
const REFUSALS = [
  { status: 400, error: { message: "litellm.BadRequestError: no", type: "invalid_request_error", code: "400" } },
  { status: 401, error: { message: "Authentication Error", type: "token_not_found_in_db", code: "401" } },
  { status: 404, error: { message: "no such model", code: "404" } },
  { status: 422, error: { message: "Budget has been exceeded!", type: "budget_exceeded", code: "422" } },
  { status: 429, error: { message: "All deployments are in cooldown", code: "429" } },
  { status: 500, error: { message: "litellm.InternalServerError: broken", code: "500" } },
];
const HEADERS = { "x-litellm-call-id": "call-refused", "x-litellm-response-cost": "0" };

async function thrownBy(run: () => Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return run().then(
    () => expect.fail("nothing was thrown"),
    (error) => error,
  );
}

/** The properties of an error, without those that this package adds. */
function othersOf({ callId: _1, sessionId: _2, ...others }: Error & Record<string, unknown>): Record<string, unknown> {
  return { ...others, headers: undefined };
}

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  describe.each(ENTRY_POINTS)("$name", ({ ask, fields }) => {
    it.each(REFUSALS)(
      "an error with status $status is ChatOpenAI's error with the call id and the session id added",
      async ({ status, error }) => {
        const { plain, inSession, sessionless } = threeModels(gateway.current, { useResponsesApi, ...fields });
        gateway.current.respond((_, response) => {
          sendJson(response, status, { error }, HEADERS);
          return true;
        });
        const expected = await thrownBy(() => ask(plain, "hi"));
        expect(expected.status).toBe(status);

        const named = await thrownBy(() => ask(inSession, "hi", { sessionId: "conversation-42" }));
        expect(named).toMatchObject({ callId: "call-refused", sessionId: "conversation-42" });
        expect(named.constructor).toBe(expected.constructor);
        expect(describeError(named)).toEqual(describeError(expected));
        expect(othersOf(named)).toEqual(othersOf(expected));

        const unnamed = await thrownBy(() => ask(sessionless, "hi"));
        expect(unnamed).toMatchObject({ callId: "call-refused" });
        expect(unnamed).not.toHaveProperty("sessionId");
      },
    );

    it("an error has no call id if LiteLLM sent none", async () => {
      gateway.current.failNext(401, { message: "Authentication Error" });
      const error = await thrownBy(() => ask(modelFor(gateway.current, { useResponsesApi, ...fields }), "hi"));
      expect(error).not.toHaveProperty("callId");
      expect(error.sessionId).toBeUndefined();
    });

    it("an error of an unreachable proxy has the session id", async () => {
      const configuration = { baseURL: "http://127.0.0.1:1/v1" };
      const { plain, inSession } = threeModels(gateway.current, { useResponsesApi, ...fields, configuration });
      const expected = await thrownBy(() => ask(plain, "hi"));
      const error = await thrownBy(() => ask(inSession, "hi"));
      expect(error.constructor).toBe(expected.constructor);
      expect(error).toMatchObject({ message: expected.message, sessionId: "drop-in-session" });
      expect(error).not.toHaveProperty("callId");
    });

    it("an error after retries has the call id of the last attempt", async () => {
      skipRetryDelays();
      gateway.current.failNext(500, { message: "second" }, { "x-litellm-call-id": "call-second" });
      gateway.current.failNext(500, { message: "first" }, { "x-litellm-call-id": "call-first" });
      const model = modelFor(gateway.current, { useResponsesApi, ...fields, maxRetries: 1 });
      const error = await thrownBy(() => ask(model, "hi", { sessionId: "conversation-42" }));
      expect(error).toMatchObject({ message: "500 second", callId: "call-second", sessionId: "conversation-42" });
    });
  });

  it.each(ENTRY_POINTS.filter(({ name }) => name !== "invoke"))(
    "$name: the error of a stream that breaks off has its call id",
    async (entry) => {
      const { plain, inSession } = threeModels(gateway.current, { useResponsesApi, ...entry.fields });
      gateway.current.respond((request, response) => {
        const error = { message: "litellm.APIError: the provider broke off", type: null, code: "500" };
        sendEvents(response, [{ event: "error", data: { error } }], gateway.current.responseHeaders(request));
        return true;
      });
      const expected = await thrownBy(() => entry.ask(plain, "hi"));
      const error = await thrownBy(() => entry.ask(inSession, "hi"));
      expect(error).toBeInstanceOf(APIError);
      expect(describeError(error)).toEqual(describeError(expected));
      expect(error).toMatchObject({ callId: "call-2", sessionId: "drop-in-session" });
    },
  );

  it("50 concurrent errors each have their own call id", async () => {
    gateway.current.respond(async ({ body }, response) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
      sendJson(response, 400, { error: { message: "no" } }, { "x-litellm-call-id": `of ${body.litellm_session_id}` });
      return true;
    });
    const model = modelFor(gateway.current, { useResponsesApi, maxConcurrency: 20 });
    const ids = Array.from({ length: 50 }, (_, n) => `session-${n}`);
    const errors = await Promise.all(
      ids.map((sessionId, n) =>
        thrownBy(async () => ENTRY_POINTS[n % ENTRY_POINTS.length]?.ask(model, "hi", { sessionId })),
      ),
    );
    expect(errors.map(({ sessionId, callId }) => [sessionId, callId])).toEqual(ids.map((id) => [id, `of ${id}`]));
  });
});
