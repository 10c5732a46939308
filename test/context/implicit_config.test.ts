import { AsyncLocalStorage } from "node:async_hooks";
import { RunnableLambda } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { afterEach, describe, expect, it, vi } from "vitest";
import { collect } from "../support/runnables.js";
import { connection, sessions, useGateway } from "../support/sessions.js";

/** A runtime without `process.getBuiltinModule`. Each test loads the package again; the order matters. */
const gateway = useGateway();

async function load() {
  vi.resetModules();
  const { SessionChatOpenAI, ...others } = await import("../../src/index.js");
  const model = new SessionChatOpenAI({ ...connection(gateway.current), sessionId: false });
  return { model, ...others };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

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
});

describe("a runtime with only a global AsyncLocalStorage", () => {
  it("a global AsyncLocalStorage carries the session if the runtime has no other", async () => {
    vi.stubGlobal("process", { ...process, getBuiltinModule: undefined });
    vi.stubGlobal("AsyncLocalStorage", AsyncLocalStorage);
    const { model, withSession } = await load();
    expect(hasStorage()).toBe(true);
    await withSession(
      RunnableLambda.from(() => model.invoke("hi")),
      { sessionId: "wrapped" },
    ).invoke("hi");
    await RunnableLambda.from(() => model.invoke("hi")).invoke("hi", { configurable: { sessionId: "configured" } });
    expect(sessions(gateway.current)).toEqual(["wrapped", "configured"]);
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
