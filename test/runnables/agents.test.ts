import { inspect } from "node:util";
import { type RunnableConfig, RunnableLambda } from "@langchain/core/runnables";
import { MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createDeepAgent } from "deepagents";
import { createAgent, createMiddleware, tool } from "langchain";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  getSessionId,
  RunnableWithSession,
  SessionCallbackHandler,
  SessionIdError,
  withSession,
} from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const INPUT = { messages: [{ role: "user", content: "hi" }] };

/** A call option that is not in the types of an agent. */
const named = (sessionId: unknown) => ({ sessionId }) as RunnableConfig;

const counting = createMiddleware({ name: "Counting", stateSchema: z.object({ count: z.number().default(7) }) });

/** An agent with three requests a call: model, model in the tool, model. */
function agentOf(fields: { checkpointer?: MemorySaver; name?: string } = {}) {
  const model = modelFor(gateway.current);
  const ask = tool(async () => (await model.invoke("hi")).text, { name: "ask", schema: z.object({}) });
  return createAgent({ model, tools: [ask], middleware: [counting], ...fields });
}

const in3 = (id: unknown) => [id, id, id];

type Agent = ReturnType<typeof agentOf>;

const ENTRY_POINTS: [string, (agent: Agent, config?: RunnableConfig) => Promise<unknown>][] = [
  ["invoke", (agent, config) => agent.invoke(INPUT, config)],
  ["stream", async (agent, config) => collect(await agent.stream(INPUT, { ...config, streamMode: "values" }))],
  ["streamEvents v1", (agent, config) => collect(agent.streamEvents(INPUT, { ...config, version: "v1" }))],
  ["streamEvents v2", (agent, config) => collect(agent.streamEvents(INPUT, { ...config, version: "v2" }))],
  [
    "streamEvents v3",
    async (agent, config) => {
      const run = await agent.streamEvents(INPUT, { ...config, version: "v3" });
      return run.output;
    },
  ],
  ["invoke of its graph", (agent, config) => agent.graph.invoke(INPUT as never, config)],
  ["stream of its graph", async (agent, config) => collect(await agent.graph.stream(INPUT as never, config))],
  ["batch of its graph", (agent, config) => agent.graph.batch([INPUT as never], config)],
];

describe.each(ENTRY_POINTS)("a wrapped agent: %s", (_, call) => {
  it.each<[string, RunnableConfig, unknown]>([
    ["call option sessionId", named("a"), "a"],
    ["configurable.sessionId", { configurable: { sessionId: "a" } }, "a"],
    ["context.sessionId", { context: { sessionId: "a" } } as RunnableConfig, "a"],
    ["a handler", { callbacks: [new SessionCallbackHandler({ sessionId: "a" })] }, "a"],
    ["a thread", { configurable: { thread_id: "a" } }, "a"],
    ["metadata", { metadata: { session_id: "a" } }, "a"],
    ["no source", {}, expect.stringMatching(/^[0-9a-f-]{36}$/)],
  ])("all requests of one call are in the session of %s", async (_, config, expected) => {
    await call(withSession(agentOf()), config);
    const [first] = sessions(gateway.current);
    expect(first).toEqual(expected);
    expect(sessions(gateway.current)).toEqual(in3(first));
  });

  it("uses its own sessionId rather than the context's, and calls onSession once a call", async () => {
    const onSession = vi.fn();
    const agent = withSession(agentOf(), { sessionId: "own", onSession });
    await call(agent, { context: { sessionId: "context" } } as RunnableConfig);
    expect(sessions(gateway.current)).toEqual(in3("own"));
    expect(onSession.mock.calls.map(([id]) => id)).toEqual(["own"]);
  });

  it("rejects an id that can't be sent before anything is sent", async () => {
    const error = await call(withSession(agentOf()), named("line\nbreak")).then(
      () => undefined,
      (reason) => reason,
    );
    expect(SessionIdError.isInstance(error)).toBe(true);
    expect(gateway.current.requests).toEqual([]);
  });
});

describe("a wrapped agent", () => {
  it("has the state of its middleware, and the memory of its checkpointer", async () => {
    const agent = withSession(agentOf({ checkpointer: new MemorySaver() }));
    const config = { configurable: { thread_id: "thread" } };
    expect((await agent.invoke(INPUT, config)).count).toBe(7);
    expect((await agent.invoke(INPUT, config)).messages).toHaveLength(8);
    expect((await agent.graph.getState(config)).values.messages).toHaveLength(8);
    expect(sessions(gateway.current)).toEqual([...in3("thread"), ...in3("thread")]);
  });

  it("that a tool, a node or a lambda calls is in the session around it, unless it has its own", async () => {
    const inner = withSession(agentOf());
    const own = withSession(agentOf(), { sessionId: "own" });
    const ask = tool(async () => String((await inner.invoke(INPUT)).messages.length), {
      name: "i",
      schema: z.object({}),
    });
    await withSession(createAgent({ model: modelFor(gateway.current), tools: [ask] })).invoke(INPUT, named("outer"));
    expect(sessions(gateway.current)).toEqual(Array(5).fill("outer"));
    gateway.current.reset();

    const graph = new StateGraph(MessagesAnnotation)
      .addNode("agent", inner.graph as never)
      .addNode("calls", async (_, config) => {
        await own.invoke(INPUT, config as RunnableConfig);
        return {};
      })
      .addEdge(START, "agent")
      .addEdge("agent", "calls" as never)
      .compile();
    await withSession(graph).invoke(INPUT as never, named("outer"));
    expect(sessions(gateway.current)).toEqual([...in3("outer"), ...in3("own")]);
    gateway.current.reset();

    const lambda = RunnableLambda.from(async () => {
      await inner.invoke(INPUT);
      return getSessionId();
    });
    expect(await withSession(lambda, { sessionId: "outer" }).invoke("hi")).toBe("outer");
    expect(sessions(gateway.current)).toEqual(in3("outer"));
  });

  it("wrapped twice is in one session, and the inner sessionId wins", async () => {
    const told: string[] = [];
    const onSession = (id: string) => told.push(id);
    await withSession(withSession(agentOf(), { onSession }), { onSession }).invoke(INPUT);
    expect(new Set(told).size).toBe(1);
    expect(sessions(gateway.current)).toEqual(in3(told[0]));
    gateway.current.reset();
    await withSession(withSession(agentOf(), { sessionId: "inner" }), { sessionId: "outer" }).invoke(INPUT);
    expect(sessions(gateway.current)).toEqual(in3("inner"));
  });

  it("stays wrapped after withConfig, whose config counts once", async () => {
    const started: string[] = [];
    const callbacks = [{ handleChatModelStart: () => void started.push("model") }];
    const agent = withSession(agentOf()).withConfig({ configurable: { sessionId: "bound" }, callbacks });
    await agent.invoke(INPUT);
    expect(sessions(gateway.current)).toEqual(in3("bound"));
    expect(started).toHaveLength(3);
    await agent.invoke(INPUT, { configurable: { sessionId: "call" } });
    await agent.graph.invoke(INPUT as never);
    await agent.withConfig({ tags: ["t"] }).invoke(INPUT);
    await withSession(agentOf()).withConfig(named("option")).invoke(INPUT);
    expect(sessions(gateway.current).slice(3)).toEqual(["call", "bound", "bound", "option"].flatMap(in3));
    const handler = new SessionCallbackHandler({ sessionId: "handled" });
    gateway.current.reset();
    await withSession(agentOf())
      .withConfig({ callbacks: [handler] })
      .invoke(INPUT);
    expect(sessions(gateway.current)).toEqual(in3("handled"));
    expect(handler.calls).toHaveLength(3);
  });

  it("keeps concurrent calls and streams that are read outside apart", async () => {
    const agent = withSession(agentOf());
    const ids = Array.from({ length: 8 }, (_, index) => `session-${index}`);
    const streams = await Promise.all(ids.map((id) => agent.stream(INPUT, { context: { sessionId: id } } as never)));
    await Promise.all([
      ...streams.map((stream) => collect(stream)),
      ...ids.map((id) => agent.invoke(INPUT, named(id))),
    ]);
    const counts = Object.fromEntries(
      ids.map((id) => [id, sessions(gateway.current).filter((sent) => sent === id).length]),
    );
    expect(counts).toEqual(Object.fromEntries(ids.map((id) => [id, 6])));
  });

  it("ends at once when its signal aborts", async () => {
    const controller = new AbortController();
    gateway.current.respond(() => {
      controller.abort();
      return undefined;
    });
    await expect(withSession(agentOf()).invoke(INPUT, { signal: controller.signal })).rejects.toThrow(/abort/i);
    expect(gateway.current.requests).toHaveLength(1);
  });

  it("is an agent to JavaScript: instanceof, await, inspect, assignment, stable methods", async () => {
    const plain = agentOf({ name: "asker" });
    const agent = withSession(plain);
    expect(agent).toBeInstanceOf(plain.constructor);
    expect(await agent).toBe(agent);
    expect(inspect(agent)).toBe(inspect(plain));
    expect(Object.keys(agent)).toEqual(Object.keys(plain));
    expect("invoke" in agent && "graph" in agent).toBe(true);
    expect(agent.invoke).toBe(agent.invoke);
    expect(agent.graph).toBe(agent.graph);
    expect(agent.graph).not.toBe(plain.graph);
    expect(agent.options.name).toBe("asker");
    expect(await agent.drawMermaid()).toBe(await plain.drawMermaid());
    const checkpointer = new MemorySaver();
    (agent as { checkpointer?: unknown }).checkpointer = checkpointer;
    expect(plain.graph.checkpointer).toBe(checkpointer);
    expect(agent.graph.checkpointer).toBe(checkpointer);
    const { invoke } = agent;
    await invoke(INPUT, { configurable: { thread_id: "thread" } });
    expect(sessions(gateway.current)).toEqual(in3("thread"));
    expect(() => structuredClone(agent)).toThrow();
    const frozen = withSession(Object.freeze(agentOf()));
    await frozen.invoke(INPUT, named("frozen"));
    expect(sessions(gateway.current).slice(3)).toEqual(in3("frozen"));
    const replaced = withSession(agentOf());
    replaced.invoke = vi.fn(async (_: unknown, config: RunnableConfig) => config.configurable?.sessionId) as never;
    expect(await replaced.invoke(INPUT, named("replaced"))).toBe("replaced");
  });

  it("of deepagents is in one session", async () => {
    const agent = withSession(createDeepAgent({ model: modelFor(gateway.current) }));
    await agent.invoke({ messages: [{ role: "user", content: "hi" }] }, { configurable: { sessionId: "deep" } });
    expect(new Set(sessions(gateway.current))).toEqual(new Set(["deep"]));
  });
});

describe("bad arguments", () => {
  it.each([
    undefined,
    null,
    {},
    () => "hi",
    "agent",
    { graph: {}, invoke: () => 1, stream: () => 1 },
    Promise.resolve(),
  ])("withSession throws a TypeError for what is no Runnable and no agent (case %#)", (value) => {
    expect(() => withSession(value as never)).toThrow(TypeError);
    expect(() => withSession(value as never)).toThrow("expected a Runnable or an agent of createAgent");
  });

  it("the fields of an agent's wrapper are checked as those of a Runnable's", () => {
    const wrap = (fields: unknown) => () => withSession(agentOf(), fields as never);
    expect(wrap("conversation-42")).toThrow(TypeError);
    expect(wrap({ sessionId: 42 })).toThrow(SessionIdError);
    expect(wrap({ onSession: "log" })).toThrow(TypeError);
  });

  it("new RunnableWithSession with an agent names withSession(agent)", () => {
    expect(() => new RunnableWithSession({ bound: agentOf() as never })).toThrow(TypeError);
    expect(() => new RunnableWithSession({ bound: agentOf() as never })).toThrow("withSession(agent)");
  });
});
