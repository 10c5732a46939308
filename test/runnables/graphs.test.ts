import type { RunnableConfig } from "@langchain/core/runnables";
import { interrupt, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import { withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const INPUT = { messages: [{ role: "user" as const, content: "hi" }] };

/** A graph with one request, which may stop at an interrupt after it. */
function graphOf({ isInterrupted = false } = {}) {
  return new StateGraph(MessagesAnnotation)
    .addNode("node", async ({ messages }) => {
      const answer = await modelFor(gateway.current).invoke(messages);
      if (isInterrupted) interrupt("wait");
      return { messages: [answer] };
    })
    .addEdge(START, "node");
}

const thread = (thread_id: string) => ({ configurable: { thread_id } });

describe("a wrapped graph", () => {
  it.each([
    ["wrapped", (graph: ReturnType<typeof inner>) => withSession(graph, { sessionId: "sub" })],
    ["wrapped twice", (graph: ReturnType<typeof inner>) => withSession(withSession(graph, { sessionId: "sub" }))],
    [
      "wrapped with a config",
      (graph: ReturnType<typeof inner>) => withSession(graph, { sessionId: "sub" }).withConfig({ tags: ["t"] }),
    ],
  ])("as a sub-graph that is %s is found by getState with subgraphs", async (_, wrap) => {
    const outer = new StateGraph(MessagesAnnotation)
      .addNode("sub", wrap(inner()) as never)
      .addEdge(START, "sub" as never)
      .compile({ checkpointer: new MemorySaver() });
    await outer.invoke(INPUT, thread("T"));
    const state = await outer.getState(thread("T"), { subgraphs: true });
    expect(state.tasks[0]?.state).toMatchObject({ values: { messages: [{ content: "hi" }] }, next: ["node"] });
    expect(sessions(gateway.current)).toEqual(["sub"]);
  });

  it("as a sub-graph streams its own updates with subgraphs", async () => {
    const outer = new StateGraph(MessagesAnnotation)
      .addNode("sub", withSession(graphOf().compile()) as never)
      .addEdge(START, "sub" as never)
      .compile();
    const config = { streamMode: "updates", subgraphs: true, configurable: { sessionId: "a" } } as const;
    const chunks = await collect(await outer.stream(INPUT, config));
    expect(chunks.map(([namespace, update]) => [namespace.length, Object.keys(update as object)])).toEqual([
      [1, ["node"]],
      [0, ["sub"]],
    ]);
    expect(sessions(gateway.current)).toEqual(["a"]);
  });

  it("has the state methods, and the checkpointer that is set on it is the graph's", async () => {
    const graph = graphOf().compile();
    const wrapper = withSession(graph);
    const checkpointer = new MemorySaver();
    wrapper.checkpointer = checkpointer;
    expect(graph.checkpointer).toBe(checkpointer);
    await wrapper.invoke(INPUT, thread("T"));
    const second = await wrapper.invoke(INPUT, { sessionId: "a", ...thread("T") });
    expect(second.messages).toHaveLength(4);
    expect((await wrapper.getState(thread("T"))).values.messages).toHaveLength(4);
    await wrapper.updateState(thread("T"), { messages: [{ role: "user", content: "more" }] });
    const history = await collect(wrapper.getStateHistory(thread("T")));
    expect(history[0]?.values.messages).toHaveLength(5);
    expect((await wrapper.getGraphAsync()).drawMermaid()).toContain("node");
    expect(await collect(await wrapper.getSubgraphsAsync())).toEqual([]);
    expect(wrapper.builder).toBe(graph.builder);
    expect(sessions(gateway.current)).toEqual(["T", "a"]);
  });

  it("streams in every mode what the graph streams", async () => {
    const graph = graphOf().compile();
    for (const streamMode of ["values", "updates", "messages", "debug"] as const) {
      const count = async (stream: Promise<AsyncIterable<unknown>>) => (await collect(stream)).length;
      const expected = await count(graph.stream(INPUT, { streamMode }));
      expect(await count(withSession(graph).stream(INPUT, { streamMode, configurable: { sessionId: "a" } }))).toBe(
        expected,
      );
    }
    expect(sessions(gateway.current)).toEqual([undefined, "a", undefined, "a", undefined, "a", undefined, "a"]);
  });

  it("other Runnables have no members of a graph", () => {
    const wrapper = withSession(modelFor(gateway.current));
    for (const name of ["checkpointer", "getState", "builder", "store"]) expect(name in wrapper).toBe(false);
  });

  it("an agent whose graph is a node keeps its session in a graph that is wrapped around it", async () => {
    const agent = withSession(createAgent({ model: modelFor(gateway.current), tools: [] }), { sessionId: "agent" });
    const outer = new StateGraph(MessagesAnnotation)
      .addNode("agent", agent.graph as never)
      .addEdge(START, "agent" as never)
      .compile({ checkpointer: new MemorySaver() });
    await withSession(outer).invoke(INPUT, thread("T") as RunnableConfig);
    expect((await outer.getState(thread("T"), { subgraphs: true })).values.messages).toHaveLength(2);
    expect(sessions(gateway.current)).toEqual(["agent"]);
  });
});

function inner() {
  return graphOf({ isInterrupted: true }).compile();
}
