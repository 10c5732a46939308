import type { BaseMessage } from "@langchain/core/messages";
import { type RunnableConfig, RunnableLambda } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { END, entrypoint, MemorySaver, MessagesAnnotation, START, StateGraph, task } from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { Pregel } from "@langchain/langgraph/pregel";
import { createAgent, createMiddleware, providerStrategy, toolStrategy } from "langchain";
import { describe } from "vitest";
import { z } from "zod";
import type { SessionChatOpenAI } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import {
  CONFIGURABLE,
  CONTEXT,
  type EntryPoint,
  HANDLER,
  INVOKE,
  type Scenario,
  SESSION,
  type SessionSource,
  STREAM,
  testScenarios,
  WRAPPER,
} from "../support/scenarios.js";
import { useGateway } from "../support/sessions.js";

const gateway = useGateway();

const INPUT = { messages: [["user", "hi"]] };

const withInput = (scenarios: readonly Scenario[]) => scenarios.map((scenario) => ({ ...scenario, input: INPUT }));

/** Adds the `thread_id` that a checkpointer needs. It is not the session's id. */
function onThread({ name, config, wrap }: SessionSource): SessionSource {
  return {
    name,
    wrap,
    config: () => {
      const given = config();
      return { ...given, configurable: { ...given.configurable, thread_id: crypto.randomUUID() } };
    },
  };
}

/** The session as the graph's `thread_id`. */
const THREAD: SessionSource = { name: "thread_id", config: () => ({ configurable: { thread_id: SESSION } }) };

const CONFIGURED = onThread(CONFIGURABLE);
const IN_CONTEXT = onThread(CONTEXT);
const HANDLED = onThread(HANDLER);
const WRAPPED = onThread(WRAPPER);

const STREAMING_ENTRY_POINTS: readonly EntryPoint[] = [
  {
    name: "stream of messages",
    call: async (graph, input, config) =>
      collect(await graph.stream(input, { ...config, ...{ streamMode: "messages" } })),
  },
  {
    name: "streamEvents v2",
    call: (graph, input, config) => collect(graph.streamEvents(input, { ...config, version: "v2" })),
  },
];

const schema = z.object({});

/** Tools that call the model. */
const asks = (model: SessionChatOpenAI) =>
  tool(async () => (await model.invoke("from a tool")).text, { name: "ask", description: "asks", schema });

const asksWithOwnConfig = (model: SessionChatOpenAI) =>
  tool(
    async () => (await collect(await model.stream("from a tool", { configurable: { own: 1 }, tags: ["own"] }))).join(),
    {
      name: "ask",
      description: "asks",
      schema,
    },
  );

/** A graph with one node, which runs this function. */
function graphOf(node: (messages: BaseMessage[], config: RunnableConfig) => Promise<unknown>) {
  return new StateGraph(MessagesAnnotation)
    .addNode("node", async ({ messages }, config) => {
      await node(messages, config);
      return {};
    })
    .addEdge(START, "node")
    .addEdge("node", END);
}

const saved = () => ({ checkpointer: new MemorySaver() });

const GRAPHS: readonly Scenario[] = [
  {
    name: "createAgent with a tool that calls the model",
    build: (model) => createAgent({ model, tools: [asks(model)], ...saved() }).graph,
    requests: 3,
  },
  {
    name: "createAgent with a tool that calls the model with another config",
    build: (model) => createAgent({ model, tools: [asksWithOwnConfig(model)], ...saved() }).graph,
    requests: 3,
  },
  {
    name: "createReactAgent with a tool that calls the model",
    build: (llm) => createReactAgent({ llm, tools: [asks(llm)], checkpointSaver: new MemorySaver() }),
    requests: 3,
  },
  {
    name: "a graph that passes no config on",
    build: (model) => graphOf((messages) => model.invoke(messages)).compile(saved()),
  },
  {
    name: "a graph that passes another config",
    build: (model) => graphOf((messages) => model.invoke(messages, { configurable: { own: 1 } })).compile(saved()),
  },
  {
    name: "a graph that passes its config on",
    build: (model) => graphOf((messages, config) => model.invoke(messages, config)).compile(saved()),
  },
  {
    name: "a graph with two parallel nodes",
    build: (model) =>
      graphOf((messages) => model.invoke(messages))
        .addNode("other", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
        .addEdge(START, "other")
        .compile(saved()),
    requests: 2,
  },
  {
    name: "a sub-graph as a node",
    build: (model) => {
      const inner = graphOf((messages) => model.invoke(messages)).compile();
      return new StateGraph(MessagesAnnotation).addNode("inner", inner).addEdge(START, "inner").compile(saved());
    },
  },
  {
    name: "a sub-graph that a node invokes without config",
    build: (model) => {
      const inner = graphOf((messages) => model.invoke(messages)).compile();
      return graphOf((messages) => inner.invoke({ messages })).compile(saved());
    },
  },
  {
    name: "a task of the functional API",
    build: (model) => {
      const ask = task("ask", async (text: string) => (await model.invoke(text)).text);
      return entrypoint({ name: "flow", ...saved() }, async (_: unknown) => ask("hi"));
    },
  },
];

/** Other features of `createAgent`, only with invoke. */
const AGENTS: readonly Scenario[] = [
  {
    name: "an agent that calls another agent as a tool",
    build: (model) => {
      const inner = createAgent({ model, tools: [asks(model)] });
      const ask = async () => String((await inner.invoke({ messages: [["user", "hi"]] })).messages.length);
      const askInner = tool(ask, { name: "ask_inner", description: "asks", schema });
      return createAgent({ model, tools: [askInner], ...saved() }).graph;
    },
    requests: 5,
  },
  {
    name: "an agent whose middleware calls the model",
    build: (model) => {
      const middleware = createMiddleware({
        name: "Asking",
        beforeModel: async () => {
          await model.invoke("before");
        },
        wrapModelCall: (request, handler) => handler({ ...request, model: model.withConfig({ tags: ["wrapped"] }) }),
      });
      return createAgent({ model, tools: [], middleware: [middleware], ...saved() }).graph;
    },
    requests: 2,
  },
  {
    name: "an agent that answers in the provider's schema",
    build: (model) =>
      createAgent({ model, tools: [], responseFormat: providerStrategy(z.object({ answer: z.string() })), ...saved() })
        .graph,
  },
  {
    name: "an agent that answers by a tool",
    build: (model) =>
      createAgent({ model, tools: [], responseFormat: toolStrategy(z.object({ answer: z.string() })), ...saved() })
        .graph,
  },
  {
    name: "an agent's own invoke in a lambda, with the config passed on",
    build: (model) => {
      const agent = createAgent({ model, tools: [asks(model)], ...saved() });
      return RunnableLambda.from((_: unknown, config) => agent.invoke({ messages: [["user", "hi"]] }, config));
    },
    requests: 3,
  },
];

/** A node or a lambda that runs another thread: its thread_id is not the session. */
const OTHER_THREADS: readonly Scenario[] = [
  {
    name: "a sub-graph that a node invokes with another thread_id",
    build: (model) => {
      const inner = graphOf((messages) => model.invoke(messages)).compile(saved());
      return graphOf((messages) => inner.invoke({ messages }, { configurable: { thread_id: "other" } })).compile();
    },
  },
];

const DROPPED_CONFIG: readonly Scenario[] = [
  {
    name: "a graph that a lambda invokes with another thread_id",
    build: (model) => {
      const graph = graphOf((messages) => model.invoke(messages)).compile(saved());
      return RunnableLambda.from((input: typeof INPUT) =>
        graph.invoke(input as never, { configurable: { thread_id: "other" } }),
      );
    },
  },
];

/** Only graphs have v3: a wrapper is a plain Runnable, which has v1 and v2. */
const STREAM_EVENTS_V3: EntryPoint = {
  name: "streamEvents v3",
  call: async (graph, input, config) => {
    if (!(graph instanceof Pregel)) throw new Error("expected a graph");
    const run = await graph.streamEvents(input, { ...config, version: "v3" });
    await run.output;
  },
};

describe("a graph", () => {
  testScenarios(gateway, {
    scenarios: withInput(GRAPHS),
    entryPoints: [INVOKE],
    sources: [CONFIGURED, IN_CONTEXT, WRAPPED, THREAD],
  });
});

describe("a streamed graph", () => {
  testScenarios(gateway, { scenarios: withInput(GRAPHS), entryPoints: [STREAM], sources: [HANDLED, IN_CONTEXT] });
});

describe("the events of a graph", () => {
  testScenarios(gateway, {
    scenarios: withInput(GRAPHS.slice(1, 3)),
    entryPoints: STREAMING_ENTRY_POINTS,
    sources: [CONFIGURED, WRAPPED],
  });
});

describe("the events v3 of a graph", () => {
  testScenarios(gateway, {
    scenarios: withInput(GRAPHS.slice(0, 4)),
    entryPoints: [STREAM_EVENTS_V3],
    sources: [HANDLED],
  });
});

describe("an agent", () => {
  testScenarios(gateway, {
    scenarios: withInput(AGENTS),
    entryPoints: [INVOKE],
    sources: [HANDLED, IN_CONTEXT, WRAPPED],
  });
});

describe("another thread in the session", () => {
  testScenarios(gateway, {
    scenarios: withInput(OTHER_THREADS),
    entryPoints: [INVOKE],
    sources: [CONFIGURED, HANDLED, WRAPPED],
  });
});

describe("another thread in a session whose config is not passed on", () => {
  testScenarios(gateway, {
    scenarios: withInput(DROPPED_CONFIG),
    entryPoints: [INVOKE, STREAM],
    sources: [HANDLED, WRAPPED],
  });
});
