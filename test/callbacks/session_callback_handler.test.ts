import { CallbackManager } from "@langchain/core/callbacks/manager";
import { Runnable, RunnableLambda } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { getSessionId, newSessionId, SessionCallbackHandler } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { connection, modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const handler = (sessionId?: string) => new SessionCallbackHandler({ sessionId });

describe("the session of a handler", () => {
  it("a handler has the sessionId of its fields, else a new one", () => {
    expect(handler("a").sessionId).toBe("a");
    const made = [new SessionCallbackHandler(), handler(), handler("")].map(({ sessionId }) => sessionId);
    expect(new Set(made).size).toBe(3);
    for (const id of made) expect(id).toHaveLength(newSessionId().length);
  });

  it("every call under a handler uses its session, in sequential and concurrent runs", async () => {
    const model = modelFor(gateway.current, { sessionId: "own" });
    const callbacks = [handler("a")];
    const chain = model.pipe(() => model.invoke("again"));
    await chain.invoke("hi", { callbacks });
    await Promise.all([chain.invoke("hi", { callbacks }), collect(await chain.stream("hi", { callbacks }))]);
    await model.invoke("hi");
    expect(sessions(gateway.current)).toEqual([...Array(6).fill("a"), "own"]);
  });

  it("an inner handler's session is used inside it, and the outer one after it", async () => {
    const model = modelFor(gateway.current);
    const inner = RunnableLambda.from(() => model.invoke("inner")).withConfig({ callbacks: [handler("inner")] });
    const outer = RunnableLambda.from(async () => {
      await model.invoke("before");
      await inner.invoke("hi");
      await model.invoke("after");
    });
    await outer.invoke("hi", { callbacks: [handler("outer")] });
    expect(sessions(gateway.current)).toEqual(["outer", "inner", "outer"]);
  });
});

describe("finding the handler", () => {
  it.each<[string, () => CallbackManager | SessionCallbackHandler[]]>([
    ["in an array", () => [handler("a")]],
    ["twice in an array", () => Array(2).fill(handler("a"))],
    ["in a manager", () => CallbackManager.fromHandlers({}).copy([handler("a")])],
    ["in a manager, twice", () => CallbackManager.configure([handler("a")], [handler("a")]) as CallbackManager],
    ["in a manager made of an array", () => CallbackManager.configure([handler("a")]) as CallbackManager],
  ])("a model finds a handler %s", async (_, callbacks) => {
    const model = modelFor(gateway.current);
    await model.invoke("hi", { callbacks: callbacks() });
    await model.pipe(() => model.invoke("again")).invoke("hi", { callbacks: callbacks() });
    expect(sessions(gateway.current)).toEqual(["a", "a", "a"]);
  });

  it("a handler in a manager that does not inherit it is found only by that call", async () => {
    const manager = new CallbackManager();
    manager.addHandler(handler("a"), false);
    const model = modelFor(gateway.current);
    await model.invoke("hi", { callbacks: manager });
    await model.pipe(() => model.invoke("again")).invoke("hi", { callbacks: manager });
    expect(sessions(gateway.current)).toEqual(["a", undefined, undefined]);
  });

  it("a handler that is added to a run's manager during the run is found", async () => {
    const model = modelFor(gateway.current);
    const adding = RunnableLambda.from(async (_: string, { callbacks }) => {
      (callbacks as CallbackManager).addHandler(handler("added"), true);
      await model.invoke("hi");
    });
    await adding.invoke("hi", { callbacks: [{ handleChainStart() {} }] });
    expect(sessions(gateway.current)).toEqual(["added"]);
  });

  it("a handler in a model's callbacks is found by each copy of the model", async () => {
    const model = modelFor(gateway.current, { callbacks: [handler("a")], sessionId: "own" });
    await model.invoke("hi");
    await collect(await model.bindTools([]).stream("hi"));
    await model.withSession("b").invoke("hi");
    expect(sessions(gateway.current)).toEqual(["a", "a", "b"]);
  });

  it("a handler of another copy of the package is found", async () => {
    vi.resetModules();
    const copy = await import("../../src/index.js");
    expect(copy.SessionCallbackHandler).not.toBe(SessionCallbackHandler);
    const other = new copy.SessionChatOpenAI({ ...connection(gateway.current), sessionId: false });
    const model = modelFor(gateway.current);
    await model.invoke("hi", { callbacks: [new copy.SessionCallbackHandler({ sessionId: "copy's" })] });
    await other.invoke("hi", { callbacks: [handler("a")] });
    await copy.withSession(model, { sessionId: "wrapped" }).invoke("hi");
    await copy
      .withSession(
        RunnableLambda.from(() => model.invoke("hi")),
        { sessionId: "around" },
      )
      .invoke("hi");
    await RunnableLambda.from(async () => void expect(copy.getSessionId()).toBe("b")).invoke("hi", {
      callbacks: [handler("b")],
    });
    expect(sessions(gateway.current)).toEqual(["copy's", "a", "wrapped", "around"]);
  });
});

describe("a handler", () => {
  it("a handler does not change the requests and answers of other models", async () => {
    const plain = new ChatOpenAI(connection(gateway.current));
    const { text } = await plain.invoke("hi", { callbacks: [handler("a")] });
    expect(text).toBe("reply to 1 messages");
    expect(sessions(gateway.current)).toEqual([undefined]);
  });

  it("LangChain awaits a handler also if it runs handlers in the background", () => {
    vi.stubEnv("LANGCHAIN_CALLBACKS_BACKGROUND", "true");
    expect(handler().awaitHandlers).toBe(true);
  });

  it("a handler enables the implicit config, so that a call inside a tool is in its session", async () => {
    const ask = tool(() => String(getSessionId()), { name: "ask", schema: z.object({}) });
    expect(await ask.invoke({}, { callbacks: [handler("a")] })).toBe("a");
  });

  it("a run with a handler rejects with the model's error", async () => {
    gateway.current.failNext(400, { message: "refused" });
    const model = modelFor(gateway.current);
    await expect(model.invoke("hi", { callbacks: [handler("a")] })).rejects.toThrow("refused");
    expect(sessions(gateway.current)).toEqual(["a"]);
    expect(Runnable.isRunnable(model)).toBe(true);
  });
});
