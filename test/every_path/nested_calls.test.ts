import { AsyncLocalStorage } from "node:async_hooks";
import { StringOutputParser } from "@langchain/core/output_parsers";
import {
  mergeConfigs,
  type Runnable,
  type RunnableConfig,
  RunnableLambda,
  RunnableParallel,
} from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { tool } from "@langchain/core/tools";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { SessionCallbackHandler, type SessionChatOpenAI, withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { CONFIGURABLE, HANDLER, INVOKE, type Scenario, STREAM, testScenarios, WRAPPER } from "../support/scenarios.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

/**
 * An app that loads neither langgraph nor langchain: core has an implicit config only because
 * the constructors of this package enable it.
 */
const gateway = useGateway();

/** A config of a call that is unrelated to its session. */
const OWN: RunnableConfig = { tags: ["own"], metadata: { own: true }, configurable: { own: 1 }, runName: "own" };

/** How code inside a tool or a lambda calls the model. */
const CALLS: Record<string, (model: SessionChatOpenAI, config: RunnableConfig) => Promise<unknown>> = {
  "without config": (model) => model.invoke("hi"),
  "with another config": (model) => model.invoke("hi", OWN),
  "with other callbacks": (model) => model.invoke("hi", { callbacks: [{ handleLLMStart() {} }] }),
  "with the config passed on": (model, config) => model.invoke("hi", config),
  "streaming without config": async (model) => collect(await model.stream("hi")),
  "streaming with another config": async (model) => collect(await model.stream("hi", OWN)),
  "in a batch without config": (model) => model.batch(["hi"]),
  "by generate without config": (model) => model.generate([[["user", "hi"]]]),
  "by streamEvents v2 with another config": (model) => collect(model.streamEvents("hi", { ...OWN, version: "v2" })),
  "by streamEvents v3 with another config": (model) => collect(model.streamEvents("hi", OWN)),
  "in a chain without config": (model) => model.pipe(new StringOutputParser()).invoke("hi"),
  "in a streamed chain without config": async (model) =>
    collect(await model.pipe(new StringOutputParser()).stream("hi")),
  "after something else was awaited": async (model) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await model.invoke("hi");
  },
};

type Call = (config: RunnableConfig) => Promise<unknown>;

const lambdaOf = (call: Call) => RunnableLambda.from((_: unknown, config) => call(config));

const toolOf = (call: Call) =>
  tool(async (_, config: RunnableConfig) => String(await call(config)), { name: "look", schema: z.object({}) });

function scenariosIn(place: string, runnableOf: (call: Call) => Runnable): readonly Scenario[] {
  return Object.entries(CALLS).map(([name, call]) => ({
    name: `${place} that calls the model ${name}`,
    build: (model) => runnableOf((config) => call(model, config)),
    input: {},
  }));
}

const DEEPER: readonly Scenario[] = [
  {
    name: "a tool inside a tool",
    build: (model) => {
      const inner = tool(async () => (await model.invoke("hi", OWN)).text, { name: "inner", schema: z.object({}) });
      return tool(() => inner.invoke({}), { name: "outer", schema: z.object({}) });
    },
    input: {},
  },
  {
    name: "a tool that streams its own chain in a parallel",
    build: (model) => {
      const chain = RunnableLambda.from(async () => (await model.invoke("hi")).text);
      const look = tool(async () => (await collect(await chain.stream("hi"))).join(), {
        name: "look",
        schema: z.object({}),
      });
      return RunnableParallel.from({ a: () => look.invoke({}), b: model.pipe(() => look.invoke({})) });
    },
    requests: 3,
  },
  {
    name: "a generator that passes its config on",
    build: (model) =>
      RunnableLambda.from(async function* (_: unknown, config) {
        for await (const chunk of await model.stream("one", config)) yield chunk.text;
        yield (await model.invoke("two", config)).text;
      }),
    requests: 2,
  },
  {
    name: "a lambda called by the app's own code, without config",
    build: (model) => {
      const inner = RunnableLambda.from(async () => (await model.invoke("hi")).text);
      const ownCode = async () => inner.invoke("hi");
      return RunnableLambda.from(ownCode);
    },
  },
];

/** Core runs a generator's body without the implicit config: only the active session of a wrapper is known there. */
const GENERATOR: Scenario = {
  name: "a generator that calls the model without config",
  build: (model) =>
    RunnableLambda.from(async function* () {
      for await (const chunk of await model.stream("one")) yield chunk.text;
      yield (await model.invoke("two", OWN)).text;
    }),
  requests: 2,
};

const SOURCES = [CONFIGURABLE, HANDLER, WRAPPER];

it("LangChain has no implicit config until the first model is constructed", () => {
  expect(AsyncLocalStorageProviderSingleton.getInstance()).not.toBeInstanceOf(AsyncLocalStorage);
  modelFor(gateway.current);
  expect(AsyncLocalStorageProviderSingleton.getInstance()).toBeInstanceOf(AsyncLocalStorage);
});

describe("a tool", () => {
  testScenarios(gateway, { scenarios: scenariosIn("a tool", toolOf), entryPoints: [INVOKE], sources: SOURCES });
});

describe("a streamed lambda", () => {
  testScenarios(gateway, { scenarios: scenariosIn("a lambda", lambdaOf), entryPoints: [STREAM], sources: SOURCES });
});

describe("a deeper nesting", () => {
  testScenarios(gateway, { scenarios: DEEPER, entryPoints: [INVOKE, STREAM], sources: SOURCES });
});

describe("a generator", () => {
  testScenarios(gateway, { scenarios: [GENERATOR], entryPoints: [INVOKE, STREAM], sources: [WRAPPER] });
});

describe.each<[string, () => RunnableConfig, RunnableConfig]>([
  ["configurable", () => ({ configurable: { sessionId: "s" } }), { configurable: { own: 1 } }],
  ["metadata", () => ({ metadata: { session_id: "s" } }), { metadata: { own: 1 } }],
  [
    "callbacks",
    () => ({ callbacks: [new SessionCallbackHandler({ sessionId: "s" })] }),
    { callbacks: [{ handleChainStart() {} }] },
  ],
])("a lambda that is called with other %s", (_, around, own) => {
  const outer = (configOf: (config: RunnableConfig) => RunnableConfig) => {
    const model = modelFor(gateway.current);
    const inner = RunnableLambda.from(async () => (await model.invoke("hi")).text);
    return RunnableLambda.from((_: unknown, config) => inner.invoke("hi", configOf(config)));
  };

  it("LangChain replaces the inherited value if the call passes its own", async () => {
    await outer(() => own).invoke("hi", around());
    expect(sessions(gateway.current)).toEqual([undefined]);
  });

  it("a call keeps the session if it merges the inherited value with its own", async () => {
    await outer((config) => mergeConfigs(config, own)).invoke("hi", around());
    expect(sessions(gateway.current)).toEqual(["s"]);
  });

  it("a call keeps the session of a wrapper whatever config it passes", async () => {
    await withSession(outer(() => own)).invoke("hi", around());
    expect(sessions(gateway.current)).toEqual(["s"]);
  });
});

it.each<[string, (model: SessionChatOpenAI) => AsyncIterable<unknown>]>([
  ["streamEvents", (model) => model.streamEvents("hi", { version: "v2" })],
  ["streamLog", (model) => model.streamLog("hi")],
])("%s uses the session where it was called, not where it is read", async (_, open) => {
  const model = modelFor(gateway.current);
  let events: AsyncIterable<unknown> = (async function* () {})();
  const opens = RunnableLambda.from(() => {
    events = open(model);
    return "opened";
  });
  await opens.invoke("hi", { configurable: { sessionId: "opened" } });
  const reads = RunnableLambda.from(async () => (await collect(events)).length);
  await reads.invoke("hi", { configurable: { sessionId: "read" } });
  expect(sessions(gateway.current)).toEqual(["opened"]);
});
