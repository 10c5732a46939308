import { AsyncLocalStorage } from "node:async_hooks";
import { RunnableLambda } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { afterEach, describe, expect, it, vi } from "vitest";
import { collect } from "../support/runnables.js";
import { connection, sessions, useGateway } from "../support/sessions.js";

/**
 * Runtimes without `process.getBuiltinModule`, or that refuse it. Each test loads the package again. The order
 * matters: LangChain's storage can be set once.
 */
const gateway = useGateway();

async function load() {
  vi.resetModules();
  const { SessionChatOpenAI, ...others } = await import("../../src/index.js");
  const model = new SessionChatOpenAI({ ...connection(gateway.current), sessionId: false });
  return { model, ...others };
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** As in Next.js's Edge runtime: `process.getBuiltinModule` throws when it is called. */
const refusingProcess = {
  ...process,
  getBuiltinModule() {
    throw new Error("A Node.js API is used (process.getBuiltinModule) which is not supported in the Edge Runtime");
  },
};

const hasStorage = () => AsyncLocalStorageProviderSingleton.getInstance() instanceof AsyncLocalStorage;

describe("a runtime without AsyncLocalStorage", () => {
  it("a call without AsyncLocalStorage uses the session of the config that is passed to it", async () => {
    vi.stubGlobal("process", { ...process, getBuiltinModule: undefined });
    const { model, withSession, SessionCallbackHandler, getSessionId } = await load();
    expect(hasStorage()).toBe(false);
    const passing = RunnableLambda.from((text: string, config) => model.invoke(text, config));
    await passing.invoke("hi", { callbacks: [new SessionCallbackHandler({ sessionId: "handled" })] });
    await withSession(passing, { sessionId: "wrapped" }).invoke("hi");
    const chain = model.pipe((answer) => answer.text).pipe(passing);
    await collect(await withSession(chain, { sessionId: "streamed" }).stream("hi"));
    await withSession(passing)
      .withRetry()
      .invoke("hi", { configurable: { sessionId: "retried" } });
    await model.invoke("hi");
    expect(getSessionId()).toBeUndefined();
    expect(sessions(gateway.current)).toEqual(["handled", "wrapped", "streamed", "streamed", "retried", undefined]);
  });

  it("a wrapper without AsyncLocalStorage uses its own sessionId even if the config of another copy's wrapper is passed to it", async () => {
    vi.stubGlobal("process", { ...process, getBuiltinModule: undefined });
    const { withSession } = await load();
    const { model, ...other } = await load();
    const inner = other.withSession(model, { sessionId: "inner" });
    const passing = RunnableLambda.from((text: string, config) => inner.invoke(text, config));
    await withSession(passing, { sessionId: "outer" }).invoke("hi");
    await other.withSession(passing, { sessionId: "outer" }).invoke("hi");
    expect(hasStorage()).toBe(false);
    expect(sessions(gateway.current)).toEqual(["inner", "inner"]);
  });

  it("a model and a wrapper work if the runtime refuses its built-in modules", async () => {
    vi.stubGlobal("process", refusingProcess);
    const { model, withSession } = await load();
    expect(hasStorage()).toBe(false);
    await withSession(model, { sessionId: "wrapped" }).invoke("hi");
    expect(sessions(gateway.current)).toEqual(["wrapped"]);
  });

  it("a model works if the runtime's AsyncLocalStorage can't be constructed", async () => {
    vi.stubGlobal("AsyncLocalStorage", () => {});
    const { model } = await load();
    expect(hasStorage()).toBe(false);
    await model.invoke("hi", { sessionId: "s" });
    expect(sessions(gateway.current)).toEqual(["s"]);
  });

  it("the first wrapped run without AsyncLocalStorage warns that config must be passed, and later runs don't", async () => {
    vi.stubGlobal("process", { ...process, getBuiltinModule: undefined });
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { model, withSession } = await load();
    await model.invoke("hi");
    expect(warn).not.toHaveBeenCalled();
    const wrapped = withSession(model);
    await wrapped.invoke("hi");
    await collect(await wrapped.stream("hi"));
    await withSession(model).batch(["hi"]);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/no AsyncLocalStorage.*model\.invoke\(input, config\)/)]]);
  });
});

describe("a runtime with only a global AsyncLocalStorage", () => {
  it("a global AsyncLocalStorage carries the session if the runtime refuses its built-in modules", async () => {
    vi.stubGlobal("process", refusingProcess);
    const warn = vi.spyOn(console, "warn");
    vi.stubGlobal("AsyncLocalStorage", AsyncLocalStorage);
    const { model, withSession } = await load();
    expect(hasStorage()).toBe(true);
    await withSession(
      RunnableLambda.from(() => model.invoke("hi")),
      { sessionId: "wrapped" },
    ).invoke("hi");
    await RunnableLambda.from(() => model.invoke("hi")).invoke("hi", { configurable: { sessionId: "configured" } });
    expect(sessions(gateway.current)).toEqual(["wrapped", "configured"]);
    expect(warn).not.toHaveBeenCalled();
  });

  it("LangChain's storage is not replaced if it is already set, and later copies of the package share it", async () => {
    const before = AsyncLocalStorageProviderSingleton.getInstance();
    const { model } = await load();
    const { withSession } = await load();
    expect(AsyncLocalStorageProviderSingleton.getInstance()).toBe(before);
    await withSession(
      RunnableLambda.from(() => model.invoke("hi")),
      { sessionId: "wrapped" },
    ).invoke("hi");
    expect(sessions(gateway.current)).toEqual(["wrapped"]);
  });
});
