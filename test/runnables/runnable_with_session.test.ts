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

/** Returns its session, without a request. */
const where = () => RunnableLambda.from((_: unknown) => getSessionId() ?? "none");

/** Sources of the id of a wrapper's call. */
interface Source {
  readonly name: string;
  readonly option?: (id: string) => RunnableWithSessionCallOptions;
  readonly field?: (id: string) => RunnableWithSessionOptions;
  readonly around?: (id: string) => (runnable: Runnable) => Runnable;
}

/** In order of precedence. */
const SOURCES: readonly Source[] = [
  { name: "call option sessionId", option: (sessionId) => ({ sessionId }) },
  { name: "configurable.sessionId", option: (sessionId) => ({ configurable: { sessionId } }) },
  { name: "configurable.session_id", option: (session_id) => ({ configurable: { session_id } }) },
  { name: "its own sessionId", field: (sessionId) => ({ sessionId }) },
  { name: "context.sessionId", option: (sessionId) => ({ context: { sessionId } }) as RunnableWithSessionCallOptions },
  { name: "an outer wrapper", around: (sessionId) => (inner) => withSession(inner, { sessionId }) },
  { name: "a handler", option: (id) => ({ callbacks: [new SessionCallbackHandler({ sessionId: id })] }) },
  { name: "configurable.thread_id", option: (thread_id) => ({ configurable: { thread_id } }) },
  { name: "metadata.session_id", option: (session_id) => ({ metadata: { session_id } }) },
  { name: "metadata.thread_id", option: (thread_id) => ({ metadata: { thread_id } }) },
  { name: "metadata.conversation_id", option: (conversation_id) => ({ metadata: { conversation_id } }) },
];

/** Runs a wrapper with all these sources. Returns the session inside. */
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
  it.each(SOURCES)("a wrapper's session from $name wins over all sources below it", async (source) => {
    expect(await sessionIn(SOURCES.slice(SOURCES.indexOf(source)))).toBe(source.name);
  });

  it("a wrapper without any source generates a new id for each call, batch input and stream", async () => {
    const wrapper = withSession(RunnableParallel.from({ a: where(), b: where() }));
    const results = [await wrapper.invoke({}), await wrapper.invoke({}), ...(await wrapper.batch([{}, {}, {}]))];
    const chunks = await collect(await wrapper.stream({}));
    for (const { a, b } of [...results, Object.assign({}, ...chunks)]) {
      expect(a).toMatch(/^[0-9a-f-]{36}$/);
      expect(b).toBe(a);
    }
    expect(new Set([...results.map(({ a }) => a), Object.assign({}, ...chunks).a]).size).toBe(6);
  });

  it("a batch with one config per input has one session per input, and with one config one session", async () => {
    const wrapper = withSession(where());
    const configs = [{ sessionId: "a" }, { configurable: { sessionId: "b" } }, {}];
    const [a, b, c] = await wrapper.batch([{}, {}, {}], configs);
    expect([a, b]).toEqual(["a", "b"]);
    expect(c).toMatch(/^[0-9a-f-]{36}$/);
    expect(await wrapper.batch([{}, {}], { sessionId: "c" })).toEqual(["c", "c"]);
  });

  it("a sessionId function of a wrapper receives the config of the call", async () => {
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

  it("a call rejects with the error of the sessionId function before the wrapped runnable runs", async () => {
    const bound = vi.fn(() => "ran");
    const fails = () => {
      throw new Error("no user");
    };
    await expect(withSession(RunnableLambda.from(bound), { sessionId: fails }).invoke({})).rejects.toThrow("no user");
    expect(bound).not.toHaveBeenCalled();
  });

  it.each([undefined, null, ""])("a sessionId of %j counts as unset", async (unset) => {
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
    ["without an id uses the outer session", (input) => unnamed.invoke(input), "outer"],
    [
      "without an id uses the outer session if the outer config is passed on",
      (input, config) => unnamed.invoke(input, config),
      "outer",
    ],
    ["uses its own sessionId", (input) => inner.invoke(input), "inner"],
    [
      "uses its own sessionId even if the outer config is passed on",
      (input, config) => inner.invoke(input, config),
      "inner",
    ],
    [
      "uses its own sessionId if the passed config extends the outer one",
      (input, config) => inner.invoke(input, { ...config, configurable: { ...config.configurable, own: 1 } }),
      "inner",
    ],
    [
      "uses the sessionId in the call's configurable",
      (input, config) =>
        inner.invoke(input, { ...config, configurable: { ...config.configurable, sessionId: "call" } }),
      "call",
    ],
    [
      "uses the call option sessionId",
      (input, config) => inner.invoke(input, { ...config, ...{ sessionId: "call" } }),
      "call",
    ],
    [
      "uses the sessionId in the call's configurable even if it equals the outer session",
      (input) => inner.invoke(input, { configurable: { sessionId: "outer" } }),
      "outer",
    ],
    [
      "uses the session_id in the call's configurable even if it equals the outer session, in a stream",
      async (input) => (await collect(await inner.stream(input, { configurable: { session_id: "outer" } }))).join(),
      "outer",
    ],
    [
      "uses the sessionId in its bound configurable even if it equals the outer session",
      (input) => inner.withConfig({ configurable: { sessionId: "outer" } }).invoke(input),
      "outer",
    ],
    [
      "uses the sessionId in the configurable of the chain around it even if it equals the outer session",
      (input) =>
        where()
          .pipe(inner)
          .invoke(input, { configurable: { sessionId: "outer" } }),
      "outer",
    ],
    [
      "uses the outer session if the call passes a thread_id",
      (input) => unnamed.invoke(input, { configurable: { thread_id: "t" } }),
      "outer",
    ],
    [
      "uses the outer session if the call passes a handler",
      (input) => unnamed.invoke(input, { callbacks: [new SessionCallbackHandler()] }),
      "outer",
    ],
    ["uses its own sessionId in a stream", async (input) => (await collect(await inner.stream(input))).join(), "inner"],
    [
      "with another wrapper inside, both without ids, uses the outer session",
      (input) => withSession(unnamed).invoke(input),
      "outer",
    ],
    [
      "without an id, with a wrapper inside that has one, lets the inner sessionId win",
      (input) => withSession(inner).invoke(input),
      "inner",
    ],
    [
      "with an id, with a wrapper inside that has none, passes its session to the inner one",
      (input) => withSession(unnamed, { sessionId: "inner" }).invoke(input),
      "inner",
    ],
  ])("a wrapper inside a wrapper %s", async (_, call, expected) => {
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
  it.each(ENTRY_POINTS)(
    "onSession receives the id once per call, before the wrapped runnable runs: $name",
    async ({ call, runs = 1 }) => {
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
    },
  );

  it("a call rejects if onSession throws", async () => {
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
  it("a step after a wrapper in a chain does not run in its session, in invoke and stream", async () => {
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
  it("the constructor of a wrapper throws for invalid fields", () => {
    const make = (fields: unknown) => () => new RunnableWithSession(fields as never);
    for (const bound of [undefined, null, {}, () => "hi", "chain"]) {
      expect(make({ bound })).toThrow(TypeError);
      expect(make({ bound })).toThrow('Invalid RunnableWithSession field "bound": expected a Runnable, got ');
    }
    expect(make(undefined)).toThrow(TypeError);
    expect(make({ bound: where(), sessionId: 42 })).toThrow(SessionIdError);
    expect(make({ bound: where(), onSession: "log" })).toThrow(TypeError);
  });

  it("sessionId: false does not switch off a wrapper's session", async () => {
    const sessionId = false as unknown as undefined;
    await expect(withSession(where()).invoke({}, { sessionId })).rejects.toThrow(SessionIdError);
  });
});
