import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import type { SessionChatOpenAIFields } from "../../src/index.js";
import recorded from "../fixtures/rejected_previous_response.json" with { type: "json" };
import { ENTRY_POINTS, responseId, sentTurns } from "../support/conversation.js";
import { type Json, sendEvents, sendJson } from "../support/gateway/server.js";
import { modelFor, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

let warn: MockInstance<typeof console.warn>;

beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

interface Refusal {
  readonly status: number;
  readonly error: Json;
}

const NOT_FOUND = { message: "Previous response with id 'resp_x' not found.", type: "invalid_request_error" };
const OPENAI = { ...NOT_FOUND, param: "previous_response_id", code: "previous_response_not_found" };

/** A provider's error as LiteLLM wraps it. */
const litellm = (error: Json, more = "") => ({
  message: `litellm.BadRequestError: OpenAIException - ${JSON.stringify({ error })}${more}`,
  type: null,
  param: null,
  code: "400",
});

const REFUSALS: Record<string, Refusal> = {
  "OpenAI's": { status: 400, error: OPENAI },
  ...Object.fromEntries(
    recorded
      .filter(({ asked, status }) => !asked.endsWith("streamed") && status !== 429)
      .map(({ version, asked, status, error }) => [`LiteLLM ${version}, ${asked}`, { status, error }]),
  ),
  "not found": {
    status: 404,
    error: { ...NOT_FOUND, message: "Response with id 'resp_x' not found.", param: null, code: null },
  },
};

const OTHERS: Record<string, Refusal> = {
  "a wrong value": {
    status: 400,
    error: { message: "Invalid value: 'x'.", param: "temperature", code: "invalid_value" },
  },
  "a tool call without an answer": {
    status: 400,
    error: { message: "No tool output found for function call call_1.", param: "input", code: null },
  },
  "a wrong value, by LiteLLM": {
    status: 400,
    error: litellm({ message: "Invalid value", param: "input", code: "invalid_value" }),
  },
  "too long a context": {
    status: 400,
    error: {
      message: "Your input exceeds the context window of this model.",
      param: "input",
      code: "context_length_exceeded",
    },
  },
  "a guardrail that quotes the user": {
    status: 400,
    error: { message: "Guardrail violated by: what is my response id? previous_response_id resp_1", code: "400" },
  },
  "a file that may not be read": { status: 403, error: { message: "Forbidden: resp_final.png", code: "403" } },
  "a download that failed": {
    status: 400,
    error: { message: "Failed to download https://files.example/resp_1.png", param: "url", code: "invalid_value" },
  },
  "a validation error that echoes the body": {
    status: 400,
    error: litellm({ message: '{"previous_response_id":"resp_1","input":[]}', param: "input", code: "invalid_value" }),
  },
  "a deployment that is down": {
    status: 404,
    error: { message: "No healthy deployment for this response id, try again", code: "404" },
  },
  "no key": { status: 401, error: { message: "Authentication Error", code: "401" } },
  "a model that the key may not use": {
    status: 403,
    error: {
      message: "key not allowed to access model.",
      type: "key_model_access_denied",
      param: "model",
      code: "401",
    },
  },
  "no such model": { status: 404, error: { message: "The model does not exist", code: "model_not_found" } },
  "too many requests": { status: 429, error: { message: "Rate limit reached", code: "rate_limit_exceeded" } },
  "a broken proxy": { status: 500, error: { message: "previous_response_id: internal error", code: "500" } },
};

const chaining = (fields?: SessionChatOpenAIFields) =>
  modelFor(gateway.current, { usePreviousResponseId: true, ...fields });

/** The input of a second turn. */
const secondTurn = (answer: BaseMessage) => [new HumanMessage("one"), answer, new HumanMessage("two")];

const WHOLE_HISTORY = ["user: one", "assistant: reply to 1 messages", "user: two"];

describe.each(ENTRY_POINTS)("$name", ({ fields, ask }) => {
  it.each(Object.entries(REFUSALS))(
    "a rejected previous_response_id (%s) is followed by one request with the whole history, whose answer is continued",
    async (_, { status, error }) => {
      const model = chaining(fields);
      const first = await ask(model, [new HumanMessage("one")]);
      gateway.current.failNext(status, error);
      const answer = await ask(model, secondTurn(first));
      expect(answer.text).toBe("reply to 3 messages");
      await ask(model, [...secondTurn(first), answer, new HumanMessage("three")]);
      expect(sentTurns(gateway.current)).toEqual([
        { previousResponseId: undefined, input: ["user: one"] },
        { previousResponseId: responseId(first), input: ["user: two"] },
        { previousResponseId: undefined, input: WHOLE_HISTORY },
        { previousResponseId: responseId(answer), input: ["user: three"] },
      ]);
      expect(warn).not.toHaveBeenCalled();
    },
  );

  it.each(Object.entries(OTHERS))(
    "another error (%s) is thrown without a second request",
    async (_, { status, error }) => {
      const model = chaining(fields);
      const first = await ask(model, [new HumanMessage("one")]);
      gateway.current.failNext(status, error);
      await expect(ask(model, secondTurn(first))).rejects.toThrow(String(error.message).slice(0, 20));
      expect(sentTurns(gateway.current)).toHaveLength(2);
      await ask(model, secondTurn(first));
      expect(sentTurns(gateway.current)[2]).toEqual({ previousResponseId: responseId(first), input: ["user: two"] });
      expect(warn).not.toHaveBeenCalled();
    },
  );

  it("a call whose second request is rejected too throws that error", async () => {
    const model = chaining(fields);
    const first = await ask(model, [new HumanMessage("one")]);
    gateway.current.respond((_, response) => {
      sendJson(response, 400, { error: OPENAI });
      return true;
    });
    await expect(ask(model, secondTurn(first))).rejects.toMatchObject({ status: 400 });
    expect(sentTurns(gateway.current).map(({ previousResponseId }) => previousResponseId)).toEqual([
      undefined,
      responseId(first),
      undefined,
    ]);
  });

  it("a call with a rejected previous_response_id is one run for callbacks", async () => {
    const model = chaining(fields);
    const first = await ask(model, [new HumanMessage("one")]);
    gateway.current.failNext(400, OPENAI);
    const seen: string[] = [];
    const handler = BaseCallbackHandler.fromMethods({
      handleChatModelStart: () => void seen.push("start"),
      handleLLMEnd: () => void seen.push("end"),
      handleLLMError: () => void seen.push("error"),
    });
    model.callbacks = [handler];
    await ask(model, secondTurn(first));
    // LangChain runs a chat model's streamEvents v3 without callbacks.
    expect(seen).toEqual(seen.length === 0 ? [] : ["start", "end"]);
  });

  it("an error after the first event of a stream is thrown without a second request", async () => {
    const model = chaining(fields);
    const first = await ask(model, [new HumanMessage("one")]);
    gateway.current.respond(({ body }, response) => {
      if (!body.stream) return undefined;
      const created = { type: "response.created", response: { id: "resp_broken", model: "m", output: [] } };
      sendEvents(response, [{ data: created }, { data: { error: OPENAI } }]);
      return true;
    });
    const { stream } = gateway.current.requests[0]?.body ?? {};
    const call = ask(model, secondTurn(first));
    await (stream ? expect(call).rejects.toThrow() : call);
    expect(gateway.current.requests).toHaveLength(2);
  });
});

it("an attempt that LangChain retries has the same previous_response_id", async () => {
  skipRetryDelays();
  const model = chaining({ maxRetries: 1 });
  const first = await model.invoke("one");
  gateway.current.failNext(500, { message: "try again" });
  await model.invoke(secondTurn(first));
  expect(
    sentTurns(gateway.current)
      .slice(1)
      .map(({ previousResponseId }) => previousResponseId),
  ).toEqual([responseId(first), responseId(first)]);
});

it("a rejected previous_response_id is not retried before the whole history is sent", async () => {
  const model = chaining({ maxRetries: 3 });
  const first = await model.invoke("one");
  gateway.current.failNext(403, REFUSALS["LiteLLM 1.109.1, another key's id"]?.error as Json);
  await model.invoke(secondTurn(first));
  expect(
    sentTurns(gateway.current)
      .slice(1)
      .map(({ previousResponseId }) => previousResponseId),
  ).toEqual([responseId(first), undefined]);
});
