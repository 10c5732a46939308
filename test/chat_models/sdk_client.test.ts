import { ChatOpenAI, ChatOpenAICompletions } from "@langchain/openai";
import { OpenAI } from "openai";
import { describe, expect, it } from "vitest";
import { SessionBudgetError, SessionChatOpenAI, type SessionChatOpenAIFields } from "../../src/index.js";
import { answerLikeLiteLLM } from "../support/gateway/litellm_headers.js";
import { collect } from "../support/runnables.js";
import { connection, sessionOf, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** The SDK's client of a model that has made a call. */
async function clientOf(model: ChatOpenAI): Promise<OpenAI> {
  await model.invoke("hi");
  gateway.current.requests.length = 0;
  return Reflect.get(Reflect.get(model, "completions"), "client");
}

const MODELS: Record<string, (fields: SessionChatOpenAIFields) => ChatOpenAI> = {
  ChatOpenAI: (fields) => new ChatOpenAI(fields),
  SessionChatOpenAI: (fields) => new SessionChatOpenAI({ ...fields, sessionId: "s" }),
};

describe.each(Object.entries(MODELS))("%s", (name, modelOf) => {
  it(`the client of ${name} is the SDK's own`, async () => {
    expect(Object.getPrototypeOf(await clientOf(modelOf(connection(gateway.current))))).toBe(OpenAI.prototype);
  });

  it(`an API key and a base URL that the user sets on the client of ${name} count`, async () => {
    const model = modelOf(connection(gateway.current));
    const client = await clientOf(model);
    client.apiKey = "sk-new";
    client.baseURL = `${gateway.current.url}/`;
    await model.invoke("hi");
    await collect(await model.stream("hi"));
    expect(gateway.current.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer sk-new",
      "Bearer sk-new",
    ]);
  });

  it(`client.post() and client.chat.completions.create() of ${name} send what they are given`, async () => {
    const client = await clientOf(modelOf(connection(gateway.current)));
    const body = { model: "gpt-4o", messages: [{ role: "user" as const, content: "hi" }] };
    await client.post("/chat/completions", { body });
    const { response } = await client.chat.completions.create(body).withResponse();
    expect(response.status).toBe(200);
    expect(gateway.current.requests.map((request) => [sessionOf(request), request.body])).toEqual([
      [undefined, body],
      [undefined, body],
    ]);
  });

  it(`a client that the user puts in place of that of ${name} makes the requests`, async () => {
    const model = modelOf(connection(gateway.current));
    await clientOf(model);
    const client = new OpenAI({ apiKey: "sk-other", baseURL: gateway.current.url, maxRetries: 0 });
    Reflect.set(Reflect.get(model, "completions"), "client", client);
    await model.invoke("hi");
    expect(gateway.current.requests[0]?.headers.authorization).toBe("Bearer sk-other");
  });
});

it("LiteLLM's response headers are read if the inner model of the user has a client already", async () => {
  answerLikeLiteLLM(gateway.current);
  const completions = new ChatOpenAICompletions(connection(gateway.current));
  await completions.invoke("hi");
  const model = new SessionChatOpenAI({ ...connection(gateway.current), completions, sessionId: "s" });
  const answer = await model.invoke("hi");
  expect(answer.response_metadata.litellm).toMatchObject({ modelId: "deployment-1" });
});

it("a fetch that the user configured makes the requests, and LiteLLM's response headers are read", async () => {
  answerLikeLiteLLM(gateway.current);
  const urls: unknown[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    urls.push(input);
    return globalThis.fetch(input, init);
  };
  const configuration = { baseURL: gateway.current.url, fetch };
  const model = new SessionChatOpenAI({ ...connection(gateway.current), configuration, sessionId: "s" });
  const answer = await model.invoke("hi");
  expect(urls).toHaveLength(1);
  expect(answer.response_metadata.litellm).toMatchObject({ modelId: "deployment-1" });
});

it("LiteLLM's response headers are read through a client or a fetch that the user sets after the first call", async () => {
  answerLikeLiteLLM(gateway.current);
  const model = new SessionChatOpenAI({ ...connection(gateway.current), sessionId: "s" });
  const client = await clientOf(model);
  Reflect.set(client, "fetch", (...args: Parameters<typeof fetch>) => fetch(...args));
  expect((await model.invoke("hi")).response_metadata.litellm).toMatchObject({ modelId: "deployment-1" });
  const other = new OpenAI({ apiKey: "sk-other", baseURL: gateway.current.url, maxRetries: 0 });
  Reflect.set(Reflect.get(model, "completions"), "client", other);
  expect((await model.invoke("hi")).response_metadata.litellm).toMatchObject({ modelId: "deployment-1" });
});

it("an inner model with a frozen client in place of the SDK's makes calls", async () => {
  const answer = { choices: [{ message: { role: "assistant", content: "frozen" }, finish_reason: "stop", index: 0 }] };
  const create = async () => answer;
  const completions = new ChatOpenAICompletions(connection(gateway.current));
  Reflect.set(completions, "client", Object.freeze({ fetch, chat: { completions: { create } } }));
  const model = new SessionChatOpenAI({ ...connection(gateway.current), completions, sessionId: "s" });
  expect((await model.invoke("hi")).text).toBe("frozen");
});

it("a fetch whose response has headers of another kind leads to the error of the SDK", async () => {
  const response = { ok: true, status: 200, headers: { "content-type": "application/json" }, text: async () => "{}" };
  const errors: unknown[] = [];
  for (const modelOf of Object.values(MODELS)) {
    const configuration = { baseURL: gateway.current.url, fetch: (async () => response) as unknown as typeof fetch };
    errors.push(
      await modelOf({ ...connection(gateway.current), configuration })
        .invoke("hi")
        .catch(String),
    );
  }
  expect(errors[0]).toMatch(/headers/);
  expect(errors[1]).toBe(errors[0]);
});

it("a plain ChatOpenAI that shares the inner model gets LiteLLM's budget error as it is", async () => {
  const completions = new ChatOpenAICompletions(connection(gateway.current));
  new SessionChatOpenAI({ ...connection(gateway.current), completions });
  const plain = new ChatOpenAI({ ...connection(gateway.current), completions });
  gateway.current.failNext(429, { message: "Session budget exceeded for session s", code: "429" });
  const error = await plain.invoke("hi").catch((reason: unknown) => reason);
  expect(error).toMatchObject({ status: 429 });
  expect(SessionBudgetError.isInstance(error)).toBe(false);
});
