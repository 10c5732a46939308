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
import {
  CALL_OPTION,
  CONFIGURABLE,
  drain,
  ENTRIES,
  type Entry,
  HANDLER,
  INVOKE,
  type Path,
  SESSION,
  STREAM,
  testPaths,
  type Way,
  WRAPPER,
} from "../support/scenarios.js";
import { skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const prompt = ChatPromptTemplate.fromTemplate("{text}");
const parser = new StringOutputParser();
const schema = z.object({ answer: z.string() });
const tool = { type: "function" as const, function: { name: "look", parameters: { type: "object", properties: {} } } };

/** What only a model has. */
const MODEL_ENTRIES: readonly Entry[] = [
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
    call: (model, input, config) => drain(asModel(model).streamEvents(String(input), config)),
  },
];

function asModel(runnable: unknown): SessionChatOpenAI {
  if (runnable instanceof SessionChatOpenAI) return runnable;
  throw new Error("expected a model");
}

const MODEL: Path = { name: "the model", of: (model) => model };

const COPIES: readonly Path[] = [
  { name: "withConfig", of: (model) => model.withConfig({ tags: ["tagged"], configurable: { other: 1 } }) },
  { name: "withSession", of: (model) => model.withSession(SESSION).withConfig({ tags: ["tagged"] }) },
  { name: "bindTools", of: (model) => model.bindTools([tool]) },
  { name: "bindTools with options", of: (model) => model.bindTools([tool], { tool_choice: "auto" }).withConfig({}) },
];

/** Bound to the model, in place of a call option. */
const BOUND: Way = { name: "withSession", config: () => ({}), wrap: (model) => asModel(model).withSession(SESSION) };

const CHAIN: Path = { name: "the chain", of: (model) => prompt.pipe(model).pipe(parser), input: { text: "hi" } };

const COMPOSITIONS: readonly Path[] = [
  {
    name: "a sequence with the model in its middle",
    of: (model) => RunnableSequence.from([(text: string) => text, model, parser]),
  },
  { name: "a parallel", of: (model) => RunnableParallel.from({ a: model, b: model.pipe(parser) }), requests: 2 },
  {
    name: "an assign",
    of: (model) => RunnablePassthrough.assign({ answer: prompt.pipe(model) }),
    input: { text: "hi" },
  },
  { name: "a branch", of: (model) => RunnableBranch.from([[() => false, () => "no"], model.pipe(parser)]) },
  { name: "a lambda that returns the model", of: (model) => RunnableLambda.from(() => model) },
  { name: "each of a list", of: (model) => new RunnableEach({ bound: model }), requests: 2, input: ["a", "b"] },
  {
    name: "withRetry, at the second attempt",
    of: (model, gateway) => {
      skipRetryDelays();
      gateway.failNext(400, { message: "once" });
      return model.withRetry({ stopAfterAttempt: 2 });
    },
    requests: 2,
  },
  {
    name: "withFallbacks, at the fallback",
    of: (model, gateway) => {
      gateway.failNext(400, { message: "once" });
      return model.withFallbacks([model.withConfig({ tags: ["fallback"] })]);
    },
    requests: 2,
  },
];

/** What LangChain's parsers say of a streamed `/responses` answer, to a plain ChatOpenAI too. */
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
  ([name, schema, config]): Path => ({
    name,
    of: (model) => model.withStructuredOutput(schema, config),
    tolerated: REFUSED_BY_PARSER,
  }),
);

const WAYS = [CONFIGURABLE, HANDLER, WRAPPER];

describe("a model", () => {
  const streaming = [undefined, false, true];
  testPaths(gateway, { paths: [MODEL], entries: ENTRIES, ways: [CALL_OPTION, BOUND, ...WAYS], streaming });
});

describe("what only a model has", () => {
  testPaths(gateway, { paths: [MODEL], entries: MODEL_ENTRIES, ways: [CALL_OPTION, BOUND, CONFIGURABLE, HANDLER] });
});

describe("a copy of a model", () => {
  testPaths(gateway, { paths: COPIES, entries: [INVOKE, STREAM], ways: [CALL_OPTION, WRAPPER] });
});

describe("a chain", () => {
  testPaths(gateway, { paths: [CHAIN], entries: ENTRIES, ways: WAYS });
});

describe("a composition", () => {
  testPaths(gateway, { paths: COMPOSITIONS, entries: [INVOKE], ways: WAYS });
});

describe("a streamed composition", () => {
  const paths = COMPOSITIONS.filter(({ name }) => !name.startsWith("withRetry")); // It does not retry streams.
  testPaths(gateway, { paths, entries: [STREAM], ways: [HANDLER, WRAPPER] });
});

describe("withStructuredOutput", () => {
  testPaths(gateway, { paths: STRUCTURED, entries: [INVOKE, STREAM], ways: [HANDLER, WRAPPER] });
});
