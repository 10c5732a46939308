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

/** A source of a session id: a part of the call's options, or a field of the model. */
interface Source {
  readonly name: string;
  /** Sources of one row do not compete between the passed and the implicit config. */
  readonly row: number;
  readonly option?: (id: string) => Options;
  readonly field?: (id: string) => SessionChatOpenAIFields;
}

const handler = (sessionId: string) => new SessionCallbackHandler({ sessionId });

/** In order of precedence. */
const SOURCES: readonly Source[] = [
  { row: 1, name: "call option sessionId", option: (sessionId) => ({ sessionId }) },
  { row: 2, name: "configurable.sessionId", option: (sessionId) => ({ configurable: { sessionId } }) },
  { row: 2, name: "configurable.session_id", option: (session_id) => ({ configurable: { session_id } }) },
  { row: 3, name: "context.sessionId", option: (sessionId) => ({ context: { sessionId } }) as Options },
  { row: 4, name: "a handler among the callbacks", option: (id) => ({ callbacks: [handler(id)] }) },
  { row: 5, name: "a handler of the model", field: (id) => ({ callbacks: [handler(id)] }) },
  { row: 6, name: "the constructor", field: (sessionId) => ({ sessionId }) },
  { row: 7, name: "configurable.thread_id", option: (thread_id) => ({ configurable: { thread_id } }) },
  { row: 8, name: "metadata.session_id", option: (session_id) => ({ metadata: { session_id } }) },
  { row: 8, name: "metadata.thread_id", option: (thread_id) => ({ metadata: { thread_id } }) },
  { row: 8, name: "metadata.conversation_id", option: (conversation_id) => ({ metadata: { conversation_id } }) },
];

/** Sources that can be in LangChain's implicit config. */
const CARRIED = SOURCES.filter(({ row, option }) => option && row > 1);

/** Sources whose value can be unset: a handler always has an id. */
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

/** Runs `call` with `implicit` as LangChain's implicit config. */
const inConfig = (implicit: RunnableConfig, call: () => Promise<unknown>) =>
  RunnableLambda.from(async () => void (await call())).invoke("hi", implicit);

describe("the precedence", () => {
  it.each(SOURCES)("the session id from $name wins over all sources below it", async (source) => {
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    const sources = SOURCES.slice(SOURCES.indexOf(source));
    await modelWith(sources).invoke("hi", optionsOf(sources));
    expect(sessions(gateway.current)).toEqual([source.name]);
  });

  it.each(CARRIED)(
    "$name in the implicit config wins over all sources below it in the passed config",
    async (source) => {
      vi.stubEnv("LITELLM_SESSION_ID", "environment");
      const below = SOURCES.slice(SOURCES.indexOf(source)).filter(({ row }) => row > source.row);
      const model = modelWith(below);
      await inConfig(optionsOf([source]), async () => {
        await model.invoke("hi", optionsOf(below));
        await collect(await model.stream("hi", optionsOf(below)));
        await collect(model.streamEvents("hi", optionsOf(below)));
      });
      expect(sessions(gateway.current)).toEqual([source.name, source.name, source.name]);
    },
  );

  it.each(CARRIED)("$name in the passed config wins over the same source in the implicit config", async (source) => {
    const model = modelWith([]);
    await inConfig(optionsOf([source], "implicit "), () => model.invoke("hi", optionsOf([source])));
    expect(sessions(gateway.current)).toEqual([source.name]);
  });

  it.each(UNSETTABLE)("$name is ignored if its value is undefined, null or empty", async ({ option, field }) => {
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    for (const unset of [undefined, null, ""]) {
      const model = modelFor(gateway.current, { sessionId: undefined, ...field?.(unset as string) });
      await model.invoke("hi", option?.(unset as string));
    }
    expect(sessions(gateway.current)).toEqual(["environment", "environment", "environment"]);
  });

  it("a model without any other source uses LITELLM_SESSION_ID as it was at construction, else an id generated for the model", async () => {
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

  it("the model and getSessionId agree on the session id for any combination of sources", async () => {
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
    ["the last one in the array", (model) => model.invoke("hi", { callbacks: [handler(outer), handler(inner), noop] })],
    [
      "the last one in a CallbackManager",
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
      "the one in the call's callbacks, inside a run with another handler",
      (model) =>
        inConfig({ callbacks: [handler(outer)] }, () => model.invoke("hi", { callbacks: [noop, handler(inner)] })),
    ],
    [
      "the one in the implicit config, if the call's callbacks have no handler",
      (model) => inConfig({ callbacks: [handler(inner)] }, () => model.invoke("hi", { callbacks: [noop] })),
    ],
    [
      "the one bound to a copy, if the call's callbacks have no handler",
      (model) =>
        inConfig({ callbacks: [handler(outer)] }, () =>
          model.withConfig({ callbacks: [handler(inner)] }).invoke("hi", { callbacks: [noop] }),
        ),
    ],
    [
      "the one in the call's callbacks, not the one in the model's field",
      () => modelFor(gateway.current, { callbacks: [handler(outer)] }).invoke("hi", { callbacks: [handler(inner)] }),
    ],
    [
      "the third argument of generate",
      (model) => model.generate([[["user", "hi"]]], { callbacks: undefined }, [handler(outer), handler(inner)]),
    ],
    [
      "the third argument of generate, with stop words as the second",
      (model) => model.generate([[["user", "hi"]]], ["."], [handler(inner)]),
    ],
  ])("a model uses the id of the nearest handler: %s", async (_, call) => {
    await call(modelFor(gateway.current));
    expect(sessions(gateway.current)).toEqual([inner]);
  });

  it("a model that a tool calls uses the handler of the outer run", async () => {
    const model = modelFor(gateway.current);
    const ask = tool(async () => (await model.invoke("hi")).text, { name: "ask", schema: z.object({}) });
    await RunnableParallel.from({ a: model, b: () => ask.invoke({}) }).invoke("hi", { callbacks: [handler(inner)] });
    expect(sessions(gateway.current)).toEqual([inner, inner]);
  });
});

describe("sessionId: false", () => {
  it("sessionId: false as call option or bound config sends no session, whatever other sources say", async () => {
    const options = { ...optionsOf(SOURCES), sessionId: false as const };
    await modelWith(SOURCES).invoke("hi", options);
    await collect(
      await modelWith(SOURCES)
        .withConfig({ sessionId: false })
        .stream("hi", optionsOf(SOURCES.slice(1))),
    );
    expect(sessions(gateway.current)).toEqual([undefined, undefined]);
  });

  it("sessionId: false in the constructor ignores LITELLM_SESSION_ID, but a call's config still sets a session", async () => {
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    const model = modelFor(gateway.current, { sessionId: false });
    await model.invoke("hi");
    await model.invoke("hi", { configurable: { thread_id: "thread" } });
    expect(sessions(gateway.current)).toEqual([undefined, "thread"]);
  });

  it("a call option sessionId overrides sessionId: false that is bound to a copy, and the reverse", async () => {
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
  ])("configurable.%s with the number %d becomes the session id %s", async (key, value, id) => {
    await modelFor(gateway.current).invoke("hi", { configurable: { [key]: value } });
    expect(sessions(gateway.current)).toEqual([id]);
  });

  it("numbers in the metadata are ignored as session ids", async () => {
    await modelFor(gateway.current).invoke("hi", { metadata: { session_id: 1, thread_id: 2, conversation_id: "3" } });
    expect(sessions(gateway.current)).toEqual(["3"]);
  });
});

describe.each<[string, (bound: RunnableConfig) => { invoke(input: string, options?: object): Promise<unknown> }]>([
  ["a model", (bound) => modelFor(gateway.current).withConfig(bound as Options)],
  ["a wrapper", (bound) => withSession(modelFor(gateway.current)).withConfig(bound)],
])("sessionId and session_id in a configurable that is bound to %s", (_, bind) => {
  it.each<[bound: object, given: object | undefined, expected: string]>([
    [{ sessionId: "bound" }, { session_id: "call" }, "call"],
    [{ session_id: "bound" }, { sessionId: "call" }, "call"],
    [{ session_id: "bound" }, { sessionId: undefined, other: 1 }, "bound"],
    [{ sessionId: "bound" }, { sessionId: undefined }, "bound"],
    [{ sessionId: "bound" }, { session_id: "" }, "bound"],
    [{ sessionId: "bound" }, undefined, "bound"],
  ])("the bound configurable %j merged with the call's %j gives session %s", async (bound, configurable, expected) => {
    await bind({ configurable: bound }).invoke("hi", { configurable });
    expect(sessions(gateway.current)).toEqual([expected]);
  });
});
