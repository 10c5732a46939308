import { createRequire } from "node:module";
import type { RunnableConfig } from "@langchain/core/runnables";
import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createAgent, tool } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { getSessionId, SessionCallbackHandler, SessionIdError, withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const INPUT = { messages: [{ role: "user", content: "hi" }] };

/** Whether LangChain hands the context of a tool to what the tool calls: core does from 1.2.18 on. */
const CONTEXT_REACHES_CALLS_IN_TOOLS = (() => {
  const { version } = createRequire(import.meta.url)("@langchain/core/package.json") as { version: string };
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return major > 1 || minor > 2 || patch >= 18;
})();

/** A config with a context, as a call of a graph that declares another context, or of a plain Runnable, may have it. */
const within = (context: unknown, config: RunnableConfig = {}) => ({ ...config, context }) as RunnableConfig;

const contextSchema = z.object({ sessionId: z.string().optional(), userId: z.string().optional() });

/** A graph whose node reports the context that it receives, and the session. */
function reportingGraph(seen: unknown[]) {
  const node = async (_: unknown, config: RunnableConfig & { context?: unknown }) => {
    seen.push(config.context, getSessionId(config));
    return {};
  };
  return new StateGraph(MessagesAnnotation, contextSchema).addNode("node", node).addEdge(START, "node").compile();
}

describe("context.sessionId of a call", () => {
  it("a model in a tool is in the session of the agent's context where core hands the context on", async () => {
    const model = modelFor(gateway.current);
    const ask = tool(async () => (await model.invoke("hi")).text, { name: "ask", schema: z.object({}) });
    const agent = createAgent({ model, tools: [ask], contextSchema });
    await agent.invoke(INPUT, { context: { sessionId: "context" } });
    const inTool = CONTEXT_REACHES_CALLS_IN_TOOLS ? "context" : undefined;
    expect(sessions(gateway.current)).toEqual(["context", inTool, "context"]);
  });

  it("a model in a tool is in the session of the agent's context inside a wrapper, on every version of core", async () => {
    const model = modelFor(gateway.current);
    const ask = tool(async () => (await model.invoke("hi")).text, { name: "ask", schema: z.object({}) });
    const agent = withSession(createAgent({ model, tools: [ask], contextSchema }).graph);
    await agent.invoke(INPUT, within({ sessionId: "context" }));
    expect(sessions(gateway.current)).toEqual(["context", "context", "context"]);
  });

  it.each<[string, RunnableConfig, string]>([
    ["loses to configurable.sessionId", { configurable: { sessionId: "configured" } }, "configured"],
    ["loses to configurable.session_id", { configurable: { session_id: "configured" } }, "configured"],
    ["wins over a handler", { callbacks: [new SessionCallbackHandler({ sessionId: "handled" })] }, "context"],
    ["wins over a thread", { configurable: { thread_id: "thread" } }, "context"],
    ["wins over metadata", { metadata: { session_id: "metadata" } }, "context"],
  ])("context.sessionId %s, in a graph and in a wrapper without an id", async (_, config, expected) => {
    for (const wrap of [false, true]) {
      const seen: unknown[] = [];
      const graph = reportingGraph(seen);
      await (wrap ? withSession(graph) : graph).invoke(INPUT, within({ sessionId: "context" }, config));
      expect(seen[1]).toBe(expected);
    }
  });

  it.each<[string, unknown, string]>([
    ["a number", { sessionId: 42 }, "42"],
    ["undefined", { sessionId: undefined }, "thread"],
    ["null", { sessionId: null }, "thread"],
    ["an empty string", { sessionId: "" }, "thread"],
    ["in no object", "sessionId", "thread"],
    ["absent", {}, "thread"],
    ["named otherwise", { session_id: "other" }, "thread"],
  ])(
    "a call has the session of its thread or its context where context.sessionId is %s",
    async (_, context, expected) => {
      const model = modelFor(gateway.current);
      const config = within(context, { configurable: { thread_id: "thread" } });
      expect(getSessionId(config)).toBe(expected);
      await model.invoke("hi", config);
      await withSession(model).invoke("hi", config);
      expect(sessions(gateway.current)).toEqual([expected, expected]);
    },
  );

  it("an id that can't be sent is a SessionIdError that names context.sessionId, before anything is sent", async () => {
    const model = modelFor(gateway.current);
    const options = within({ sessionId: "line\nbreak" });
    for (const call of [
      () => model.invoke("hi", options),
      async () => collect(await model.stream("hi", options)),
      () => withSession(model).invoke("hi", options),
      () => createAgent({ model, tools: [], contextSchema }).invoke(INPUT, options),
    ]) {
      const error = await call().then(
        () => undefined,
        (reason) => reason,
      );
      expect(SessionIdError.isInstance(error)).toBe(true);
      expect(error.message).toContain("context.sessionId");
    }
    expect(gateway.current.requests).toEqual([]);
  });
});

describe("the context below a wrapper", () => {
  it("has the wrapper's own id in place of the caller's sessionId, and the caller's other values", async () => {
    const seen: unknown[] = [];
    const context = Object.freeze({ sessionId: "context", userId: "ada" });
    await withSession(reportingGraph(seen), { sessionId: "own" }).invoke(INPUT, within(context));
    expect(seen).toEqual([{ sessionId: "own", userId: "ada" }, "own"]);
    expect(context).toEqual({ sessionId: "context", userId: "ada" });
  });

  it("has the id of a wrapper without one of its own, where the call names another", async () => {
    const seen: unknown[] = [];
    const wrapper = withSession(reportingGraph(seen));
    await wrapper.invoke(INPUT, within({ sessionId: "context" }, { configurable: { sessionId: "configured" } }));
    expect(seen).toEqual([{ sessionId: "configured" }, "configured"]);
  });

  it("gets no sessionId where the caller's context has none", async () => {
    const seen: unknown[] = [];
    const wrapper = withSession(reportingGraph(seen), { sessionId: "own" });
    await wrapper.invoke(INPUT, within({ userId: "ada" }));
    await wrapper.invoke(INPUT);
    expect(seen.filter((_, index) => index % 2 === 0)).toEqual([{ userId: "ada" }, undefined]);
  });

  it("is that of an inner wrapper with its own id, though the node passes the outer context on", async () => {
    const seen: unknown[] = [];
    const inner = withSession(reportingGraph(seen), { sessionId: "inner" });
    const outer = new StateGraph(MessagesAnnotation, contextSchema)
      .addNode("node", async (state, config) => {
        await inner.invoke(state, config as RunnableConfig);
        await inner.invoke(state);
        seen.push(getSessionId(config as RunnableConfig));
        return {};
      })
      .addEdge(START, "node")
      .compile();
    await outer.invoke(INPUT, within({ sessionId: "context" }));
    const inInner = [expect.objectContaining({ sessionId: "inner" }), "inner"];
    expect(seen).toEqual([...inInner, ...inInner, "context"]);
  });
});
