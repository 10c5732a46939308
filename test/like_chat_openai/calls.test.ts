import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool } from "@langchain/core/tools";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { type ChatOpenAI, type ChatOpenAIFields, customTool } from "@langchain/openai";
import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { GatewayRequest } from "../support/gateway/server.js";
import { ENDPOINTS, observe, SESSION, threeModels, withoutSession } from "../support/like_chat_openai.js";
import { collect } from "../support/runnables.js";
import { sessionOf, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const weather = tool(async ({ city }) => `sunny in ${city}`, {
  name: "weather",
  description: "The weather in a city.",
  schema: z.object({ city: z.string() }),
});
const openAITool = { type: "function" as const, function: { name: "clock", parameters: { type: "object" } } };
const answer = z.object({ city: z.string(), degrees: z.number() });
const answerSchema = { title: "answer", type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const METHODS = [
  { method: "jsonSchema" as const, schema: answer },
  { method: "functionCalling" as const, schema: answer },
  { method: "jsonMode" as const, schema: z.object({}) }, // The gateway does not know the schema here.
];
const history = [
  new SystemMessage("Be brief."),
  new HumanMessage({
    content: [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
    ],
  }),
  new AIMessage({ content: "", tool_calls: [{ id: "call_1", name: "weather", args: { city: "Rome" } }] }),
  new ToolMessage({ tool_call_id: "call_1", content: "sunny" }),
];
const ask = { messages: [new HumanMessage("How is it in Rome?")] };
const chain = (model: ChatOpenAI) =>
  ChatPromptTemplate.fromTemplate("About {topic}").pipe(model).pipe(new StringOutputParser());

interface Scenario {
  readonly name: string;
  readonly fields?: ChatOpenAIFields;
  readonly run: (model: ChatOpenAI) => unknown;
  /** Endpoints on which ChatOpenAI 1.5.8 throws too. */
  readonly throwsOn?: string;
}

const SCENARIOS: Scenario[] = [
  { name: "invoke", run: (model) => model.invoke("hi") },
  { name: "invoke with a history", run: (model) => model.invoke(history) },
  {
    name: "invoke with call options",
    run: (model) =>
      model.invoke("hi", {
        stop: ["."],
        seed: 1,
        reasoning: { effort: "low" },
        service_tier: "default",
        parallel_tool_calls: false,
        promptCacheKey: "key",
        verbosity: "low",
        timeout: 9_000,
        maxRetries: 0,
        tags: ["tag"],
        metadata: { user: "u" },
        configurable: { anything: 1 },
        options: { headers: { "x-call": "1" }, timeout: 8_000 },
      }),
  },
  { name: "invoke with disableStreaming", fields: { disableStreaming: true }, run: (model) => model.invoke("hi") },
  { name: "invoke with streaming", fields: { streaming: true }, run: (model) => model.invoke("hi") },
  {
    name: "invoke with streaming and tools",
    fields: { streaming: true },
    run: (model) => model.bindTools([weather]).invoke("hi"),
  },
  { name: "stream", run: (model) => collect(model.stream("hi")) },
  { name: "stream of tool calls", run: (model) => collect(model.bindTools([weather]).stream("hi")) },
  {
    name: "stream with call options",
    run: (model) => collect(model.stream("hi", { stop: ["."], headers: { "x-call": "1" }, timeout: 9_000 } as object)),
  },
  { name: "stream with disableStreaming", fields: { disableStreaming: true }, run: (m) => collect(m.stream("hi")) },
  { name: "stream without usage", fields: { streamUsage: false }, run: (model) => collect(model.stream("hi")) },
  { name: "batch", run: (model) => model.batch(["one", "two"], { maxConcurrency: 1, stop: ["."] }) },
  { name: "batch with a config each", run: (m) => m.batch(["one"], [{ runName: "first", tool_choice: "none" }]) },
  { name: "generate", run: (model) => model.generate([[["user", "hi"]], [["user", "you"]]]) },
  { name: "generate with stop", run: (model) => model.generate([[["user", "hi"]]], ["."]) },
  { name: "generate with options", run: (model) => model.generate([[["user", "hi"]]], { tool_choice: "none" }) },
  { name: "streamEvents v1", run: (model) => collect(model.streamEvents("hi", { version: "v1" })) },
  { name: "streamEvents v2", run: (model) => collect(model.streamEvents("hi", { version: "v2", tags: ["tag"] })) },
  {
    name: "streamEvents v3",
    run: async (model) => {
      const stream = (model.bindTools([weather]) as ChatOpenAI).streamEvents("hi");
      return [await collect(stream), await stream];
    },
  },
  { name: "streamLog", run: async (model) => (await collect(model.streamLog("hi"))).length },
  { name: "a chain", run: (model) => chain(model).invoke({ topic: "bears" }) },
  { name: "a streamed chain", run: (model) => collect(chain(model).stream({ topic: "bears" })) },
  { name: "a chain's events", run: (m) => collect(chain(m).streamEvents({ topic: "bears" }, { version: "v2" })) },
  { name: "withConfig", run: (model) => model.withConfig({ stop: ["."], tags: ["tag"] }).invoke("hi") },
  {
    name: "call options over bound ones",
    run: (model) =>
      model.withConfig({ stop: ["a"], seed: 1, tool_choice: "none" }).invoke("hi", { stop: ["b"], seed: 2 }),
  },
  { name: "withRetry", run: (model) => model.withRetry({ stopAfterAttempt: 2 }).invoke("hi") },
  { name: "withFallbacks", run: (model) => collect(model.withFallbacks([model]).stream("hi")) },
  { name: "bindTools", run: (model) => model.bindTools([weather, openAITool]).invoke("hi") },
  { name: "bindTools strict", run: (m) => m.bindTools([weather, openAITool], { strict: true }).invoke("hi") },
  {
    name: "bindTools strict by a field",
    fields: { supportsStrictToolCalling: true },
    run: (model) => model.bindTools([weather]).invoke("hi"),
  },
  { name: "bindTools with a choice", run: (m) => m.bindTools([weather], { tool_choice: "weather" }).invoke("hi") },
  {
    name: "bindTools twice",
    run: (model) =>
      model
        .bindTools([weather])
        .withConfig({ stop: ["."] })
        .invoke("hi"),
  },
  { name: "a tool of the provider", run: (model) => model.bindTools([{ type: "web_search" }]).invoke("hi") },
  {
    name: "a custom tool",
    run: (model) =>
      collect(model.bindTools([customTool(async () => "", { name: "code", description: "Runs." })]).stream("hi")),
  },
  ...METHODS.flatMap(({ method, schema }): Scenario[] => [
    {
      name: `withStructuredOutput ${method}`,
      run: (model) => model.withStructuredOutput(schema, { method, name: "answer" }).invoke("hi"),
    },
    {
      name: `withStructuredOutput ${method} of a JSON schema, raw`,
      run: (model) => model.withStructuredOutput(answerSchema, { method, includeRaw: true }).invoke("hi"),
    },
    {
      name: `withStructuredOutput ${method}, streamed`,
      ...(method === "jsonMode" ? {} : { throwsOn: "/responses" }),
      run: (model) => collect(model.withStructuredOutput(schema, { method }).stream("hi")),
    },
  ]),
  { name: "withStructuredOutput strict", run: (m) => m.withStructuredOutput(answer, { strict: true }).invoke("hi") },
  {
    name: "withStructuredOutput of an older model",
    fields: { model: "gpt-3.5-turbo" },
    run: (model) => model.withStructuredOutput(answer).invoke("hi"),
  },
  { name: "createAgent", run: (model) => createAgent({ model, tools: [weather] }).invoke(ask) },
  {
    name: "createAgent, streamed",
    run: async (model) =>
      collect(await createAgent({ model, tools: [weather] }).stream(ask, { streamMode: ["messages"] })),
  },
  {
    name: "createAgent with a responseFormat",
    run: (model) => createAgent({ model, tools: [weather], responseFormat: answer }).invoke(ask),
  },
  {
    name: "createAgent with a responseFormat and an older model",
    fields: { model: "gpt-3.5-turbo" },
    run: (model) => createAgent({ model, tools: [], responseFormat: answer }).invoke(ask),
  },
  { name: "createReactAgent", run: (model) => createReactAgent({ llm: model, tools: [weather] }).invoke(ask) },
];

const FIELDS: Record<string, ChatOpenAIFields> = {
  modelKwargs: { modelKwargs: { tags: ["a"], metadata: { user: "u" }, guardrails: ["pii"] } },
  "sampling fields": { temperature: 0.1, topP: 0.9, maxTokens: 9, frequencyPenalty: 1, presencePenalty: 1, user: "u" },
  "log probabilities": { logprobs: true, topLogprobs: 2, n: 1, logitBias: { "1": 1 }, stop: ["."] },
  "a reasoning model": { model: "o3-mini", reasoning: { effort: "low" }, maxTokens: 9 },
  "a model that prefers /responses": { model: "gpt-5-codex" },
  "prompt cache and tier": {
    promptCacheKey: "key",
    promptCacheRetention: "24h",
    service_tier: "flex",
    verbosity: "low",
  },
  zdrEnabled: { zdrEnabled: true },
  modalities: { modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } },
  timeout: { timeout: 7_000 },
  "output version v1": { outputVersion: "v1" },
  "the raw response": { __includeRawResponse: true },
  "an API key that is fetched": { apiKey: async () => "sk-fetched" },
  "default headers": { configuration: { defaultHeaders: { "X-Team": "blue", "User-Agent": "mine" } } },
  "a Headers object": { configuration: { defaultHeaders: new Headers({ "x-team": "blue" }) } },
  "organization and project": { configuration: { organization: "org", project: "proj" } },
};
const callTwice = async (model: ChatOpenAI) => [await model.invoke(history), await collect(model.stream(history))];
for (const [name, fields] of Object.entries(FIELDS)) SCENARIOS.push({ name: `field: ${name}`, fields, run: callTwice });

describe.each(ENDPOINTS)("$endpoint", ({ endpoint, useResponsesApi }) => {
  it.each(SCENARIOS)("$name has the requests and results of ChatOpenAI", async ({ fields, run, throwsOn }) => {
    const { plain, sessionless, inSession } = threeModels(gateway.current, { useResponsesApi, ...fields });

    const expected = await observe(gateway.current, () => run(plain));
    expect(expected.requests.length).toBeGreaterThan(0);
    expect(Object.keys(Object(expected.outcome)).includes("thrown")).toBe(throwsOn === endpoint);
    expect(await observe(gateway.current, () => run(sessionless))).toEqual(expected);

    const observed = await observe(gateway.current, () => run(inSession));
    expect(observed.requests.map(sessionOf)).toEqual(expected.requests.map(() => SESSION));
    expect(withoutSession(observed)).toEqual(withoutSession(expected));
  });
});

/** Cases in which ChatOpenAI 1.5.8 drops an option, and what each model sends. */
const FORGOTTEN = [
  {
    name: "generate on a copy, what is bound",
    run: (model: ChatOpenAI) => (model.withConfig({ stop: ["."] }) as ChatOpenAI).generate([[["user", "hi"]]]),
    sent: ({ body }: GatewayRequest) => body.stop,
    plain: undefined,
    ours: ["."],
  },
  {
    name: "streamEvents v3 on a copy, that a bound tool needs /responses",
    run: (model: ChatOpenAI) => collect((model.bindTools([{ type: "web_search" }]) as ChatOpenAI).streamEvents("hi")),
    sent: ({ path }: GatewayRequest) => path,
    plain: "/chat/completions",
    ours: "/responses",
  },
  {
    name: "stream, options.headers",
    run: (model: ChatOpenAI) => collect(model.stream("hi", { options: { headers: { "x-call": "1" } } })),
    sent: ({ headers }: GatewayRequest) => headers["x-call"],
    plain: undefined,
    ours: "1",
  },
];

it.each(FORGOTTEN)("SessionChatOpenAI sends what ChatOpenAI forgets in $name", async ({ run, sent, plain, ours }) => {
  const models = threeModels(gateway.current);
  for (const model of [models.plain, models.sessionless, models.inSession]) await run(model);
  expect(gateway.current.requests.map(sent)).toEqual([plain, ours, ours]);
});
