import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import type { RunnableSequence } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { ChatOpenAI } from "@langchain/openai";
import {
  anthropicPromptCachingMiddleware,
  contextEditingMiddleware,
  createAgent,
  llmToolSelectorMiddleware,
  modelFallbackMiddleware,
  openAIModerationMiddleware,
  providerToolSearchMiddleware,
  summarizationMiddleware,
} from "langchain";
import { pull } from "langchain/hub";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { SessionChatOpenAI } from "../../src/index.js";
import { type GatewayRequest, type Json, sendJson } from "../support/gateway/server.js";
import { ENDPOINTS, observe, SESSION, threeModels, withoutSession } from "../support/like_chat_openai.js";
import { sessionOf, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const clock = tool(async () => "noon", { name: "clock", description: "The time.", schema: z.object({}) });
const weather = tool(async () => "sunny", { name: "weather", description: "The weather.", schema: z.object({}) });
const conversation = [new HumanMessage("How is it?"), new AIMessage("Sunny."), new HumanMessage("And the time?")];

/** Features of `langchain` and langgraph that inspect the model, and how to see that they recognise it. */
const HELPERS: Record<string, { run: (model: ChatOpenAI) => unknown; shows: (body: Json) => unknown; fails?: RegExp }> =
  {
    "a responseFormat is the provider's for a model whose profile has it": {
      run: (model) =>
        createAgent({ model, responseFormat: z.object({ a: z.string() }) }).invoke({ messages: conversation }),
      shows: (body) => JSON.stringify(body.response_format ?? body.text).includes("json_schema"),
    },
    "tool search of the provider": {
      run: (model) => {
        const middleware = [providerToolSearchMiddleware({ searchableTools: [weather] })];
        return createAgent({ model, tools: [clock, weather], middleware }).invoke({ messages: conversation });
      },
      shows: ({ tools }) => JSON.stringify(tools).includes("tool_search"),
    },
    "prompt caching of another provider": {
      run: (model) => {
        const middleware = [
          anthropicPromptCachingMiddleware({ unsupportedModelBehavior: "raise", minMessagesToCache: 0 }),
        ];
        return createAgent({ model, middleware }).invoke({ messages: conversation });
      },
      shows: () => true,
      fails: /Unsupported model 'ChatOpenAI'/,
    },
    "a summary at a fraction of the model's window": {
      run: (model) => {
        const middleware = [summarizationMiddleware({ model, trigger: { fraction: 0.00001 }, keep: { messages: 1 } })];
        return createAgent({ model, middleware }).invoke({ messages: conversation });
      },
      shows: (body) => JSON.stringify(body).includes("<messages>"),
    },
    "context editing by the model's own token count": {
      run: (model) => {
        const middleware = [contextEditingMiddleware({ tokenCountMethod: "model" })];
        return createAgent({ model, tools: [clock], middleware }).invoke({ messages: conversation });
      },
      shows: ({ tools }) => Array.isArray(tools),
    },
    "a fallback for the model": {
      run: (model) => {
        gateway.current.failNext(400, { message: "no" });
        return createAgent({ model, middleware: [modelFallbackMiddleware(model)] }).invoke({ messages: conversation });
      },
      shows: () => true,
    },
    "a selection of tools": {
      run: (model) => {
        const middleware = [llmToolSelectorMiddleware({ model, maxTools: 1 })];
        return createAgent({ model, tools: [clock, weather], middleware }).invoke({ messages: conversation });
      },
      shows: (body) => JSON.stringify(body).includes("clock"),
    },
    "createReactAgent with a model that has its tools already": {
      run: (model) =>
        createReactAgent({ llm: model.bindTools([clock]), tools: [clock] }).invoke({ messages: conversation }),
      shows: ({ tools }) => Array.isArray(tools),
    },
  };

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  it.each(Object.entries(HELPERS))("%s works as with ChatOpenAI", async (_, { run, shows, fails }) => {
    const { plain, sessionless, inSession } = threeModels(gateway.current, { useResponsesApi });
    const expected = await observe(gateway.current, () => run(plain));
    if (fails) expect(expected.outcome).toMatchObject({ thrown: { message: expect.stringMatching(fails) } });
    else expect(expected.requests.some(({ body }) => shows(body))).toBeTruthy();
    expect(await observe(gateway.current, () => run(sessionless))).toEqual(expected);

    const observed = await observe(gateway.current, () => run(inSession));
    expect(observed.requests.map(sessionOf)).toEqual(expected.requests.map(() => SESSION));
    expect(withoutSession(observed)).toEqual(withoutSession(expected));
  });
});

/** A server for paths that the gateway does not have. It records the requests. */
async function serve(
  answer: (path: string) => unknown,
): Promise<{ url: string; requests: Omit<GatewayRequest, "body">[] }> {
  const requests: Omit<GatewayRequest, "body">[] = [];
  const server = createServer((request, response) => {
    const { host: _, ...headers } = request.headers;
    requests.push({ path: request.url ?? "", headers });
    request.resume();
    sendJson(response, 200, answer(request.url ?? ""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

it("openAIModerationMiddleware accepts the model and moderates as with ChatOpenAI", async () => {
  const moderate = async (which: "plain" | "sessionless" | "inSession") => {
    const result = { flagged: true, categories: { violence: true }, category_scores: { violence: 1 } };
    const { url, requests } = await serve(() => ({ id: "modr-1", model: "omni", results: [result] }));
    const model = threeModels(gateway.current, { configuration: { baseURL: `${url}/v1` } })[which];
    const middleware = [openAIModerationMiddleware({ model, violationMessage: "flagged: {categories}" })];
    const agent = createAgent({ model: threeModels(gateway.current)[which], middleware });
    const { messages } = await agent.invoke({ messages: [new HumanMessage("a threat")] });
    return { said: messages.map(({ text }) => text), direct: await model.moderateContent("a threat"), requests };
  };
  const expected = await moderate("plain");
  expect(expected.said).toEqual(["a threat", "flagged: violence"]);
  expect(expected.requests.map(({ path }) => path)).toEqual(["/v1/moderations", "/v1/moderations"]);
  expect(await moderate("sessionless")).toEqual(expected);
  expect(await moderate("inSession")).toEqual(expected);
});

it("hub.pull constructs a SessionChatOpenAI if it is the modelClass", async () => {
  const { plain } = threeModels(gateway.current, { temperature: 0.1 });
  const manifest = ChatPromptTemplate.fromTemplate("About {topic}").pipe(plain).toJSON();
  const { url } = await serve(() => ({ commit_hash: "abc", manifest, examples: [] }));
  // `load` writes the loaded name to the class: restored for other tests.
  const modelClass = class extends SessionChatOpenAI {};
  const options = {
    apiUrl: url,
    apiKey: "ls",
    includeModel: true,
    skipCache: true,
    secrets: { OPENAI_API_KEY: "sk-test" },
  };
  const ours = await pull<RunnableSequence>("prompt", { ...options, modelClass });
  expect(ours.steps.at(-1)).toBeInstanceOf(SessionChatOpenAI);

  const theirs = await pull<RunnableSequence>("prompt", { ...options, modelClass: ChatOpenAI });
  const expected = await observe(gateway.current, () => theirs.invoke({ topic: "bears" }));
  const observed = await observe(gateway.current, () =>
    ours.invoke({ topic: "bears" }, { configurable: { sessionId: SESSION } }),
  );
  expect(observed.requests.map(sessionOf)).toEqual([SESSION]);
  expect(withoutSession(observed)).toEqual(withoutSession(expected));
});
