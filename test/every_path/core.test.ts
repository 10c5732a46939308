import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import {
  RunnableBranch,
  RunnableEach,
  RunnableLambda,
  RunnableParallel,
  RunnablePassthrough,
  RunnableSequence,
} from "@langchain/core/runnables";
import { describe } from "vitest";
import { z } from "zod";
import { SessionChatOpenAI } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import {
  CALL_OPTION,
  CONFIGURABLE,
  ENTRY_POINTS,
  type EntryPoint,
  HANDLER,
  INVOKE,
  type Scenario,
  SESSION,
  type SessionSource,
  STREAM,
  testScenarios,
  WRAPPER,
} from "../support/scenarios.js";
import { skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const prompt = ChatPromptTemplate.fromTemplate("{text}");
const parser = new StringOutputParser();
const schema = z.object({ answer: z.string() });
const tool = { type: "function" as const, function: { name: "look", parameters: { type: "object", properties: {} } } };

/** Methods that only a model has. */
const MODEL_ENTRY_POINTS: readonly EntryPoint[] = [
  {
    name: "generate",
    call: (model, input, config) => asModel(model).generate([[["user", String(input)]]], config),
  },
  {
    name: "generate with callbacks as its third argument",
    call: (model, input, { callbacks, ...config }) =>
      asModel(model).generate([[["user", String(input)]]], config, callbacks),
  },
  {
    name: "generatePrompt",
    call: async (model, input, config) =>
      asModel(model).generatePrompt([await prompt.invoke({ text: input })], config, config.callbacks),
  },
  {
    name: "streamEvents v3",
    call: (model, input, config) => collect(asModel(model).streamEvents(String(input), config)),
  },
];

function asModel(runnable: unknown): SessionChatOpenAI {
  if (runnable instanceof SessionChatOpenAI) return runnable;
  throw new Error("expected a model");
}

const MODEL: Scenario = { name: "the model", build: (model) => model };

const COPIES: readonly Scenario[] = [
  { name: "withConfig", build: (model) => model.withConfig({ tags: ["tagged"], configurable: { other: 1 } }) },
  { name: "withSession", build: (model) => model.withSession(SESSION).withConfig({ tags: ["tagged"] }) },
  { name: "bindTools", build: (model) => model.bindTools([tool]) },
  { name: "bindTools with options", build: (model) => model.bindTools([tool], { tool_choice: "auto" }).withConfig({}) },
];

/** A session that is bound to a copy of the model. */
const BOUND: SessionSource = {
  name: "withSession",
  config: () => ({}),
  wrap: (model) => asModel(model).withSession(SESSION),
};

const CHAIN: Scenario = { name: "the chain", build: (model) => prompt.pipe(model).pipe(parser), input: { text: "hi" } };

const COMPOSITIONS: readonly Scenario[] = [
  {
    name: "a sequence with the model in its middle",
    build: (model) => RunnableSequence.from([(text: string) => text, model, parser]),
  },
  { name: "a parallel", build: (model) => RunnableParallel.from({ a: model, b: model.pipe(parser) }), requests: 2 },
  {
    name: "an assign",
    build: (model) => RunnablePassthrough.assign({ answer: prompt.pipe(model) }),
    input: { text: "hi" },
  },
  { name: "a branch", build: (model) => RunnableBranch.from([[() => false, () => "no"], model.pipe(parser)]) },
  { name: "a lambda that returns the model", build: (model) => RunnableLambda.from(() => model) },
  { name: "each of a list", build: (model) => new RunnableEach({ bound: model }), requests: 2, input: ["a", "b"] },
  {
    name: "withRetry, at the second attempt",
    build: (model, gateway) => {
      skipRetryDelays();
      gateway.failNext(400, { message: "once" });
      return model.withRetry({ stopAfterAttempt: 2 });
    },
    requests: 2,
  },
  {
    name: "withFallbacks, at the fallback",
    build: (model, gateway) => {
      gateway.failNext(400, { message: "once" });
      return model.withFallbacks([model.withConfig({ tags: ["fallback"] })]);
    },
    requests: 2,
  },
];

/** Errors of LangChain's parsers for a streamed `/responses` answer, also with a plain ChatOpenAI. */
const REFUSED_BY_PARSER = /Failed to parse|Cannot handle non-string output/;

const STRUCTURED = (
  [
    ["jsonSchema", schema, { method: "jsonSchema" }],
    ["functionCalling", schema, { method: "functionCalling" }],
    ["jsonMode", { title: "answer", type: "object", properties: {} }, { method: "jsonMode" }],
    ["includeRaw", schema, { includeRaw: true }],
    ["functionCalling with includeRaw", schema, { method: "functionCalling", includeRaw: true }],
  ] as const
).map(
  ([name, schema, config]): Scenario => ({
    name,
    build: (model) => model.withStructuredOutput(schema, config),
    tolerated: REFUSED_BY_PARSER,
  }),
);

const SOURCES = [CONFIGURABLE, HANDLER, WRAPPER];

describe("a model", () => {
  const streaming = [undefined, false, true];
  testScenarios(gateway, {
    scenarios: [MODEL],
    entryPoints: ENTRY_POINTS,
    sources: [CALL_OPTION, BOUND, ...SOURCES],
    streaming,
  });
});

describe("a method that only a model has", () => {
  testScenarios(gateway, {
    scenarios: [MODEL],
    entryPoints: MODEL_ENTRY_POINTS,
    sources: [CALL_OPTION, BOUND, CONFIGURABLE, HANDLER],
  });
});

describe("a copy of a model", () => {
  testScenarios(gateway, { scenarios: COPIES, entryPoints: [INVOKE, STREAM], sources: [CALL_OPTION, WRAPPER] });
});

describe("a chain", () => {
  testScenarios(gateway, { scenarios: [CHAIN], entryPoints: ENTRY_POINTS, sources: SOURCES });
});

describe("a composition", () => {
  testScenarios(gateway, { scenarios: COMPOSITIONS, entryPoints: [INVOKE], sources: SOURCES });
});

describe("a streamed composition", () => {
  const scenarios = COMPOSITIONS.filter(({ name }) => !name.startsWith("withRetry")); // withRetry does not retry streams.
  testScenarios(gateway, { scenarios, entryPoints: [STREAM], sources: [HANDLER, WRAPPER] });
});

describe("withStructuredOutput", () => {
  testScenarios(gateway, { scenarios: STRUCTURED, entryPoints: [INVOKE, STREAM], sources: [HANDLER, WRAPPER] });
});
