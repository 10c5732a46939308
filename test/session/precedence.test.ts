import { CallbackManager } from "@langchain/core/callbacks/manager";
import { type RunnableConfig, RunnableLambda, RunnableParallel } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  getSessionId,
  SessionCallbackHandler,
  type SessionChatOpenAI,
  type SessionChatOpenAICallOptions,
  type SessionChatOpenAIFields,
  withSession,
} from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

type Options = Partial<SessionChatOpenAICallOptions>;

/** What names a session: something in a call's options, or in the model. */
interface Source {
  readonly name: string;
  /** Sources of one row do not compete between the passed and the implicit config. */
  readonly row: number;
  readonly option?: (id: string) => Options;
  readonly field?: (id: string) => SessionChatOpenAIFields;
}

const handler = (sessionId: string) => new SessionCallbackHandler({ sessionId });

/** The first wins. */
const SOURCES: readonly Source[] = [
  { row: 1, name: "call option sessionId", option: (sessionId) => ({ sessionId }) },
  { row: 2, name: "configurable.sessionId", option: (sessionId) => ({ configurable: { sessionId } }) },
  { row: 2, name: "configurable.session_id", option: (session_id) => ({ configurable: { session_id } }) },
  { row: 3, name: "a handler among the callbacks", option: (id) => ({ callbacks: [handler(id)] }) },
  { row: 4, name: "a handler of the model", field: (id) => ({ callbacks: [handler(id)] }) },
  { row: 5, name: "the constructor", field: (sessionId) => ({ sessionId }) },
  { row: 6, name: "configurable.thread_id", option: (thread_id) => ({ configurable: { thread_id } }) },
  { row: 7, name: "metadata.session_id", option: (session_id) => ({ metadata: { session_id } }) },
  { row: 7, name: "metadata.thread_id", option: (thread_id) => ({ metadata: { thread_id } }) },
  { row: 7, name: "metadata.conversation_id", option: (conversation_id) => ({ metadata: { conversation_id } }) },
];

/** Those that LangChain's implicit config can carry. */
const CARRIED = SOURCES.filter(({ row, option }) => option && row > 1);

/** Those in which a value can be unset: a handler always has an id. */
const UNSETTABLE = SOURCES.filter(({ name }) => !name.includes("handler"));

function optionsOf(sources: readonly Source[], prefix = ""): Options {
  const merged: Options = {};
  for (const { name, option } of sources) {
    const { configurable, metadata, ...others } = option?.(prefix + name) ?? {};
    Object.assign(merged, others);
    merged.configurable = { ...merged.configurable, ...configurable };
    merged.metadata = { ...merged.metadata, ...metadata };
  }
  return merged;
}

function modelWith(sources: readonly Source[]): SessionChatOpenAI {
  return modelFor(gateway.current, Object.assign({ sessionId: undefined }, ...sources.map((s) => s.field?.(s.name))));
}

/** Runs `call` where LangChain carries `implicit`, which the call is not passed. */
const inConfig = (implicit: RunnableConfig, call: () => Promise<unknown>) =>
  RunnableLambda.from(async () => void (await call())).invoke("hi", implicit);

describe("the precedence", () => {
  it.each(SOURCES)("$name comes before all that is below it", async (source) => {
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    const sources = SOURCES.slice(SOURCES.indexOf(source));
    await modelWith(sources).invoke("hi", optionsOf(sources));
    expect(sessions(gateway.current)).toEqual([source.name]);
  });

  it.each(CARRIED)("$name comes before all that is below it also from the implicit config", async (source) => {
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    const below = SOURCES.slice(SOURCES.indexOf(source)).filter(({ row }) => row > source.row);
    const model = modelWith(below);
    await inConfig(optionsOf([source]), async () => {
      await model.invoke("hi", optionsOf(below));
      await collect(await model.stream("hi", optionsOf(below)));
      await collect(model.streamEvents("hi", optionsOf(below)));
    });
    expect(sessions(gateway.current)).toEqual([source.name, source.name, source.name]);
  });

  it.each(CARRIED)("$name is taken from the config that was passed before the implicit one", async (source) => {
    const model = modelWith([]);
    await inConfig(optionsOf([source], "implicit "), () => model.invoke("hi", optionsOf([source])));
    expect(sessions(gateway.current)).toEqual([source.name]);
  });

  it.each(UNSETTABLE)("$name is passed over where it is unset", async ({ option, field }) => {
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    for (const unset of [undefined, null, ""]) {
      const model = modelFor(gateway.current, { sessionId: undefined, ...field?.(unset as string) });
      await model.invoke("hi", option?.(unset as string));
    }
    expect(sessions(gateway.current)).toEqual(["environment", "environment", "environment"]);
  });

  it("ends with LITELLM_SESSION_ID, read when the model is made, and with an id of the model's own", async () => {
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    const first = modelFor(gateway.current, { sessionId: "" });
    vi.stubEnv("LITELLM_SESSION_ID", "");
    const second = modelFor(gateway.current, { sessionId: undefined });
    const third = modelFor(gateway.current, { sessionId: undefined });
    for (const model of [first, second, third, first, second]) await model.invoke("hi");
    const [a, b, c, ...again] = sessions(gateway.current);
    expect([a, ...again]).toEqual(["environment", "environment", b]);
    expect([b, c]).toEqual([second.sessionId, third.sessionId]);
    expect(new Set([a, b, c]).size).toBe(3);
  });

  it("is the same whatever else a call says, and getSessionId knows it", async () => {
    const model = modelFor(gateway.current);
    const subset = fc.subarray([...SOURCES.filter(({ option }) => option)]);
    await fc.assert(
      fc.asyncProperty(subset, subset, async (passed, implicit) => {
        const options = optionsOf(passed, "passed ");
        const config = optionsOf(
          implicit.filter(({ row }) => row > 1),
          "implicit ",
        );
        let said: string | undefined;
        await inConfig(config, async () => {
          said = getSessionId(options);
          await model.invoke("hi", options);
        });
        const names = SOURCES.filter(({ option }) => option).map(({ row }) => row);
        const row = names.find((n) => [...passed, ...implicit.filter((s) => s.row > 1)].some((s) => s.row === n));
        const inRow = (sources: readonly Source[]) => sources.find((s) => s.row === row)?.name;
        const expected = inRow(passed) ? `passed ${inRow(passed)}` : row && `implicit ${inRow(implicit)}`;
        expect([said, sessions(gateway.current).at(-1)]).toEqual([expected, expected]);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the nearest handler", () => {
  const [outer, inner] = ["outer", "inner"];
  const noop = { handleLLMStart() {} };

  it.each<[string, (model: SessionChatOpenAI) => Promise<unknown>]>([
    ["the last in the array", (model) => model.invoke("hi", { callbacks: [handler(outer), handler(inner), noop] })],
    [
      "the last in a manager",
      (model) => model.invoke("hi", { callbacks: CallbackManager.configure([handler(outer)], [handler(inner)]) }),
    ],
    [
      "the one bound to the inner chain",
      (model) =>
        RunnableLambda.from(() => "hi")
          .pipe(RunnableLambda.from((text: string) => model.invoke(text)).withConfig({ callbacks: [handler(inner)] }))
          .invoke("hi", { callbacks: [handler(outer)] }),
    ],
    [
      "the one that the call adds inside",
      (model) =>
        inConfig({ callbacks: [handler(outer)] }, () => model.invoke("hi", { callbacks: [noop, handler(inner)] })),
    ],
    [
      "the one around, where the call's own callbacks have none",
      (model) => inConfig({ callbacks: [handler(inner)] }, () => model.invoke("hi", { callbacks: [noop] })),
    ],
    [
      "the one bound to a copy, where the call's own callbacks have none",
      (model) =>
        inConfig({ callbacks: [handler(outer)] }, () =>
          model.withConfig({ callbacks: [handler(inner)] }).invoke("hi", { callbacks: [noop] }),
        ),
    ],
    [
      "the call's, not the model's own",
      () => modelFor(gateway.current, { callbacks: [handler(outer)] }).invoke("hi", { callbacks: [handler(inner)] }),
    ],
    [
      "the third argument of generate",
      (model) => model.generate([[["user", "hi"]]], { callbacks: undefined }, [handler(outer), handler(inner)]),
    ],
    ["the third argument beside stop words", (model) => model.generate([[["user", "hi"]]], ["."], [handler(inner)])],
  ])("is %s", async (_, call) => {
    await call(modelFor(gateway.current));
    expect(sessions(gateway.current)).toEqual([inner]);
  });

  it("goes from an agent's tool to the model inside it", async () => {
    const model = modelFor(gateway.current);
    const ask = tool(async () => (await model.invoke("hi")).text, { name: "ask", schema: z.object({}) });
    await RunnableParallel.from({ a: model, b: () => ask.invoke({}) }).invoke("hi", { callbacks: [handler(inner)] });
    expect(sessions(gateway.current)).toEqual([inner, inner]);
  });
});

describe("sessionId: false", () => {
  it("as a call option means none, whatever else names one", async () => {
    const options = { ...optionsOf(SOURCES), sessionId: false as const };
    await modelWith(SOURCES).invoke("hi", options);
    await collect(
      await modelWith(SOURCES)
        .withConfig({ sessionId: false })
        .stream("hi", optionsOf(SOURCES.slice(1))),
    );
    expect(sessions(gateway.current)).toEqual([undefined, undefined]);
  });

  it("of a model means none where nothing names one, LITELLM_SESSION_ID included", async () => {
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    const model = modelFor(gateway.current, { sessionId: false });
    await model.invoke("hi");
    await model.invoke("hi", { configurable: { thread_id: "thread" } });
    expect(sessions(gateway.current)).toEqual([undefined, "thread"]);
  });

  it("bound to a copy gives way to a call's id", async () => {
    const model = modelFor(gateway.current, { sessionId: "own" }).withConfig({ sessionId: false });
    await model.invoke("hi");
    await model.invoke("hi", { sessionId: "call" });
    await model.withSession("bound").invoke("hi", { sessionId: false });
    expect(sessions(gateway.current)).toEqual([undefined, "call", undefined]);
  });
});

describe("numbers", () => {
  it.each([
    ["sessionId", 42, "42"],
    ["session_id", -1.5, "-1.5"],
    ["thread_id", 0, "0"],
    ["thread_id", 2 ** 53, "9007199254740992"],
  ])("configurable.%s of %d is %s", async (key, value, id) => {
    await modelFor(gateway.current).invoke("hi", { configurable: { [key]: value } });
    expect(sessions(gateway.current)).toEqual([id]);
  });

  it("in the metadata are passed over", async () => {
    await modelFor(gateway.current).invoke("hi", { metadata: { session_id: 1, thread_id: 2, conversation_id: "3" } });
    expect(sessions(gateway.current)).toEqual(["3"]);
  });
});

describe.each<[string, (bound: RunnableConfig) => { invoke(input: string, options?: object): Promise<unknown> }]>([
  ["a model", (bound) => modelFor(gateway.current).withConfig(bound as Options)],
  ["a wrapper", (bound) => withSession(modelFor(gateway.current)).withConfig(bound)],
])("bound to %s, both spellings of the id in configurable are one", (_, bind) => {
  it.each<[bound: object, given: object | undefined, expected: string]>([
    [{ sessionId: "bound" }, { session_id: "call" }, "call"],
    [{ session_id: "bound" }, { sessionId: "call" }, "call"],
    [{ session_id: "bound" }, { sessionId: undefined, other: 1 }, "bound"],
    [{ sessionId: "bound" }, { sessionId: undefined }, "bound"],
    [{ sessionId: "bound" }, { session_id: "" }, "bound"],
    [{ sessionId: "bound" }, undefined, "bound"],
  ])("%j, and %j in the call: %s", async (bound, configurable, expected) => {
    await bind({ configurable: bound }).invoke("hi", { configurable });
    expect(sessions(gateway.current)).toEqual([expected]);
  });
});
