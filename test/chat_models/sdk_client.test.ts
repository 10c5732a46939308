import { ChatOpenAI, ChatOpenAICompletions } from "@langchain/openai";
import { OpenAI } from "openai";
import { describe, expect, it } from "vitest";
import { SessionChatOpenAI, type SessionChatOpenAIFields } from "../../src/index.js";
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
