import { StringOutputParser } from "@langchain/core/output_parsers";
import { type Runnable, type RunnableConfig, RunnableLambda, RunnableParallel } from "@langchain/core/runnables";
import { describe, expect, it, vi } from "vitest";
import {
  getSessionId,
  RunnableWithSession,
  type RunnableWithSessionCallOptions,
  type RunnableWithSessionOptions,
  SessionCallbackHandler,
  SessionIdError,
  withSession,
} from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { ENTRY_POINTS } from "../support/scenarios.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** Says in which session it runs, without a request. */
const where = () => RunnableLambda.from((_: unknown) => getSessionId() ?? "none");

/** Where a wrapper finds the id of a call. */
interface Source {
  readonly name: string;
  readonly option?: (id: string) => RunnableWithSessionCallOptions;
  readonly field?: (id: string) => RunnableWithSessionOptions;
  readonly around?: (id: string) => (runnable: Runnable) => Runnable;
}

/** The first wins. */
const SOURCES: readonly Source[] = [
  { name: "call option sessionId", option: (sessionId) => ({ sessionId }) },
  { name: "configurable.sessionId", option: (sessionId) => ({ configurable: { sessionId } }) },
  { name: "configurable.session_id", option: (session_id) => ({ configurable: { session_id } }) },
  { name: "its own sessionId", field: (sessionId) => ({ sessionId }) },
  { name: "the wrapper around it", around: (sessionId) => (inner) => withSession(inner, { sessionId }) },
  { name: "a handler", option: (id) => ({ callbacks: [new SessionCallbackHandler({ sessionId: id })] }) },
  { name: "configurable.thread_id", option: (thread_id) => ({ configurable: { thread_id } }) },
  { name: "metadata.session_id", option: (session_id) => ({ metadata: { session_id } }) },
  { name: "metadata.thread_id", option: (thread_id) => ({ metadata: { thread_id } }) },
  { name: "metadata.conversation_id", option: (conversation_id) => ({ metadata: { conversation_id } }) },
];

/** Runs a wrapper with what all these sources say, and gives the session inside. */
async function sessionIn(sources: readonly Source[]): Promise<string> {
  const options: RunnableWithSessionCallOptions = {};
  for (const { name, option } of sources) {
    const { configurable, metadata, ...others } = option?.(name) ?? {};
    Object.assign(options, others);
    options.configurable = { ...options.configurable, ...configurable };
    options.metadata = { ...options.metadata, ...metadata };
  }
  const fields = Object.assign({}, ...sources.map(({ name, field }) => field?.(name)));
  const wrapper = withSession(where(), fields);
  const calling = RunnableLambda.from((input: unknown) => wrapper.invoke(input, options));
  const around = sources.map(({ name, around }) => around?.(name)).find(Boolean);
  return (around?.(calling) ?? calling).invoke({});
}

describe("the id of a wrapper's call", () => {
  it.each(SOURCES)("$name comes before all that is below it", async (source) => {
    expect(await sessionIn(SOURCES.slice(SOURCES.indexOf(source)))).toBe(source.name);
  });

  it("is a new one for each call where nothing names one, for each input of a batch, for each stream", async () => {
    const wrapper = withSession(RunnableParallel.from({ a: where(), b: where() }));
    const results = [await wrapper.invoke({}), await wrapper.invoke({}), ...(await wrapper.batch([{}, {}, {}]))];
    const chunks = await collect(await wrapper.stream({}));
    for (const { a, b } of [...results, Object.assign({}, ...chunks)]) {
      expect(a).toMatch(/^[0-9a-f-]{36}$/);
      expect(b).toBe(a);
    }
    expect(new Set([...results.map(({ a }) => a), Object.assign({}, ...chunks).a]).size).toBe(6);
  });

  it("is an input's own in a batch with a config an input, and one in a batch with one config", async () => {
    const wrapper = withSession(where());
    const configs = [{ sessionId: "a" }, { configurable: { sessionId: "b" } }, {}];
    const [a, b, c] = await wrapper.batch([{}, {}, {}], configs);
    expect([a, b]).toEqual(["a", "b"]);
    expect(c).toMatch(/^[0-9a-f-]{36}$/);
    expect(await wrapper.batch([{}, {}], { sessionId: "c" })).toEqual(["c", "c"]);
  });

  it("is found by a function of the call's config", async () => {
    const sessionId = vi.fn(({ configurable }: RunnableConfig) => configurable?.user as string | undefined);
    const wrapper = withSession(where(), { sessionId });
    expect(await wrapper.invoke({}, { configurable: { user: "ada", thread_id: "t" }, tags: ["tag"] })).toBe("ada");
    expect(sessionId).toHaveBeenCalledTimes(1);
    expect(sessionId.mock.lastCall?.[0]).toMatchObject({ configurable: { user: "ada" }, tags: ["tag"] });
    expect(await wrapper.invoke({}, { configurable: { user: "", thread_id: "t" } })).toBe("t");
    expect(await wrapper.invoke({}, { configurable: { sessionId: "given", user: "ada" } })).toBe("given");
    const around = RunnableLambda.from((input: unknown) => wrapper.invoke(input));
    expect(await around.invoke({}, { configurable: { user: "around" } })).toBe("around");
  });

  it("of a function that throws is that error, before anything runs", async () => {
    const bound = vi.fn(() => "ran");
    const fails = () => {
      throw new Error("no user");
    };
    await expect(withSession(RunnableLambda.from(bound), { sessionId: fails }).invoke({})).rejects.toThrow("no user");
    expect(bound).not.toHaveBeenCalled();
  });

  it.each([undefined, null, ""])("is not %j: that is unset", async (unset) => {
    const sessionId = unset as undefined;
    const wrapper = withSession(where(), { sessionId });
    expect(
      await wrapper.invoke({}, { sessionId, configurable: { sessionId, session_id: sessionId, thread_id: "t" } }),
    ).toBe("t");
    const bound = withSession(where()).withConfig({ sessionId: "bound" });
    expect(await bound.invoke({}, { sessionId })).toBe("bound");
    const configured = withSession(where()).withConfig({ configurable: { sessionId: "bound" } });
    expect(await configured.invoke({}, { configurable: { other: 1 } })).toBe("bound");
  });
});

describe("a wrapper inside a wrapper", () => {
  const inner = withSession(where(), { sessionId: "inner" });
  const unnamed = withSession(where());

  it.each<[string, (input: unknown, config: RunnableConfig) => Promise<string>, string]>([
    ["without an id of its own, is in the outer's", (input) => unnamed.invoke(input), "outer"],
    [
      "without an id of its own, is in the outer's, by its config",
      (input, config) => unnamed.invoke(input, config),
      "outer",
    ],
    ["with an id of its own, is in that", (input) => inner.invoke(input), "inner"],
    [
      "with an id of its own, is in that, though the outer's config is passed on",
      (input, config) => inner.invoke(input, config),
      "inner",
    ],
    [
      "with a config that adds to the outer's, is in its own",
      (input, config) => inner.invoke(input, { ...config, configurable: { ...config.configurable, own: 1 } }),
      "inner",
    ],
    [
      "with another id in its configurable, is in that",
      (input, config) =>
        inner.invoke(input, { ...config, configurable: { ...config.configurable, sessionId: "call" } }),
      "call",
    ],
    [
      "with a call option, is in that",
      (input, config) => inner.invoke(input, { ...config, ...{ sessionId: "call" } }),
      "call",
    ],
    [
      "with a thread of its own, is in the outer's",
      (input) => unnamed.invoke(input, { configurable: { thread_id: "t" } }),
      "outer",
    ],
    [
      "with a handler of its own, is in the outer's",
      (input) => unnamed.invoke(input, { callbacks: [new SessionCallbackHandler()] }),
      "outer",
    ],
    ["in a stream, is in its own", async (input) => (await collect(await inner.stream(input))).join(), "inner"],
    [
      "around another, without ids of their own, is in the outer's",
      (input) => withSession(unnamed).invoke(input),
      "outer",
    ],
    ["around another with an id of its own, gives way to it", (input) => withSession(inner).invoke(input), "inner"],
    [
      "around another, with an id of its own, gives it that",
      (input) => withSession(unnamed, { sessionId: "inner" }).invoke(input),
      "inner",
    ],
  ])("%s", async (_, call, expected) => {
    const outer = RunnableLambda.from(async (input: unknown, config) => {
      const said = [getSessionId(), await call(input, config), getSessionId()];
      return said.join();
    });
    expect(await withSession(outer, { sessionId: "outer" }).invoke({})).toBe(`outer,${expected},outer`);
    expect((await collect(await withSession(outer, { sessionId: "outer" }).stream({}))).join()).toBe(
      `outer,${expected},outer`,
    );
  });
});

describe("onSession", () => {
  it.each(ENTRY_POINTS)("is told the id once a call, before anything runs: $name", async ({ call, runs = 1 }) => {
    const events: string[] = [];
    const bound = RunnableLambda.from((_: string) => `ran in ${getSessionId()}`).pipe((text) => {
      events.push(text);
      return text;
    });
    const onSession = (sessionId: string, config: RunnableConfig) => {
      events.push(sessionId, String(config.configurable?.sessionId), String(config.tags));
    };
    const wrapper = withSession(bound, { onSession });
    await call(wrapper, "hi", { tags: ["tag"] });
    await call(
      wrapper.pipe((text) => text),
      "hi",
      { tags: ["tag"] },
    );
    const ids = [...new Set(events.filter((event) => /^[0-9a-f-]{36}$/.test(event)))];
    expect(ids).toHaveLength(2 * runs);
    expect(events.length).toBe(2 * runs * 4);
    for (const id of ids) {
      const told = events.indexOf(id);
      expect(events.slice(told, told + 3)).toEqual([id, id, "tag"]);
      expect(events.indexOf(`ran in ${id}`)).toBeGreaterThan(told);
    }
  });

  it("fails the call where it throws", async () => {
    const bound = vi.fn(() => "ran");
    const onSession = () => {
      throw new Error("not allowed");
    };
    const wrapper = withSession(RunnableLambda.from(bound), { onSession });
    await expect(wrapper.invoke("hi")).rejects.toThrow("not allowed");
    await expect(wrapper.stream("hi")).rejects.toThrow("not allowed");
    expect(bound).not.toHaveBeenCalled();
  });
});

describe("what is piped after a wrapper", () => {
  it("is outside it, invoked and streamed", async () => {
    const model = modelFor(gateway.current);
    const text = new StringOutputParser();
    const chain = withSession(model, { sessionId: "inside" })
      .pipe(text)
      .pipe((asked) => model.invoke(asked))
      .pipe(text)
      .pipe(model);
    await chain.invoke("hi");
    await collect(await chain.stream("hi"));
    await chain.batch(["hi"], { configurable: { thread_id: "around" } });
    expect(sessions(gateway.current)).toEqual([
      "inside",
      undefined,
      undefined,
      "inside",
      undefined,
      undefined,
      "inside",
      "around",
      "around",
    ]);
  });
});

describe("bad input", () => {
  it("is refused by the constructor", () => {
    const make = (fields: unknown) => () => new RunnableWithSession(fields as never);
    for (const bound of [undefined, null, {}, () => "hi", "chain"]) {
      expect(make({ bound })).toThrow(TypeError);
      expect(make({ bound })).toThrow('Invalid RunnableWithSession field "bound": expected a Runnable, got ');
    }
    expect(make(undefined)).toThrow(TypeError);
    expect(make({ bound: where(), sessionId: 42 })).toThrow(SessionIdError);
    expect(make({ bound: where(), onSession: "log" })).toThrow(TypeError);
  });

  it("false is no id of a wrapper's call: what runs inside has a session", async () => {
    const sessionId = false as unknown as undefined;
    await expect(withSession(where()).invoke({}, { sessionId })).rejects.toThrow(SessionIdError);
  });
});
