import { InMemoryChatMessageHistory } from "@langchain/core/chat_history";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate, MessagesPlaceholder } from "@langchain/core/prompts";
import {
  Runnable,
  type RunnableConfig,
  RunnableLambda,
  RunnableParallel,
  RunnableSequence,
  RunnableWithMessageHistory,
} from "@langchain/core/runnables";
import { MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { getSessionId, RunnableWithSession, type SessionChatOpenAI, withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const chainOf = (model: SessionChatOpenAI) =>
  RunnableSequence.from<{ text: string }, string>(
    [ChatPromptTemplate.fromTemplate("{text}"), model, new StringOutputParser()],
    "answer",
  );

/** Records the names, tags and metadata of runs. */
function tracer() {
  const runs: { name: string; tags: string[]; metadata: Record<string, unknown> }[] = [];
  const handleChainStart = (...args: unknown[]) => {
    runs.push({ name: args[7] as string, tags: args[4] as string[], metadata: args[5] as Record<string, unknown> });
  };
  return { runs, callbacks: [{ handleChainStart }] };
}

describe("a wrapper does what the wrapped does", () => {
  it("a wrapper streams token by token, before the answer is complete", async () => {
    let finish = () => {};
    const isRead = new Promise<void>((resolve) => {
      finish = resolve;
    });
    gateway.current.respond(async (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const chunk = (content: string) =>
        response.write(`data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content } }] })}\n\n`);
      chunk("one");
      await isRead;
      chunk("two");
      response.end("data: [DONE]\n\n");
      return true;
    });
    const wrapper = withSession(withSession(chainOf(modelFor(gateway.current))));
    const chunks: string[] = [];
    for await (const chunk of await wrapper.stream({ text: "hi" })) {
      chunks.push(chunk);
      finish();
    }
    expect(chunks.filter(Boolean)).toEqual(["one", "two"]);
  });

  it("a chain with a wrapper as a step streams", async () => {
    const model = modelFor(gateway.current);
    const wrapper = withSession(model, { sessionId: "s" });
    const chunks = await collect(
      await RunnableSequence.from([(text: string) => text, wrapper, new StringOutputParser()]).stream("hi"),
    );
    expect(chunks.filter(Boolean)).toEqual(["reply ", "to ", "1 ", "messages"]);
    expect(sessions(gateway.current)).toEqual(["s"]);
  });

  it("a wrapper passes input chunks to the wrapped runnable as they arrive", async () => {
    const upper = new (class extends Runnable<string, string> {
      lc_namespace = ["test"];
      invoke = async (text: string) => text.toUpperCase();
      override async *transform(chunks: AsyncGenerator<string>): AsyncGenerator<string> {
        for await (const chunk of chunks) yield `${chunk.toUpperCase()} in ${getSessionId()}`;
      }
    })();
    async function* words() {
      yield "a";
      yield "b";
    }
    const given = { configurable: { sessionId: "s" } };
    expect(await collect(withSession(upper).transform(words(), given))).toEqual(["A in s", "B in s"]);
  });

  it("a wrapper has the events and the log of the wrapped runnable", async () => {
    const chain = chainOf(modelFor(gateway.current));
    const wrapper = withSession(chain, { sessionId: "s" });
    const shapesOf = async (runnable: Runnable) => {
      const v2 = await collect(runnable.streamEvents({ text: "hi" }, { version: "v2" }));
      const v1 = await collect(runnable.streamEvents({ text: "hi" }, { version: "v1" }));
      const log = await collect(runnable.streamLog({ text: "hi" }));
      const paths = log.flatMap(({ ops }) => ops.map(({ path }) => path));
      return [...v2, ...v1]
        .map(({ event, name }) => `${event} ${name}`)
        .concat(paths)
        .sort(); // Parallel steps end in any order.
    };
    const shapes = await shapesOf(wrapper);
    expect(shapes).toEqual(await shapesOf(chain));
    expect(shapes).toContain("on_chat_model_stream ChatOpenAI");
  });

  it("a wrapper has the name, the graph and the runs of the wrapped runnable", async () => {
    const chain = chainOf(modelFor(gateway.current));
    const wrapper = withSession(chain);
    expect(wrapper.getName()).toBe(chain.getName());
    expect(wrapper.getGraph().drawMermaid()).toBe(chain.getGraph().drawMermaid());
    const [a, b] = [tracer(), tracer()];
    await chain.invoke({ text: "hi" }, a);
    await wrapper.invoke({ text: "hi" }, b);
    expect(b.runs.map(({ name }) => name)).toEqual(a.runs.map(({ name }) => name));
    expect(Object.keys(b.runs[0]?.metadata ?? {})).toEqual(["session_id"]);
  });

  it("a wrapper works as a tool, a step, a branch and a lambda's return value", async () => {
    const model = modelFor(gateway.current);
    const wrapper = withSession(chainOf(model), { sessionId: "s" });
    expect(Runnable.isRunnable(wrapper)).toBe(true);
    const tool = wrapper.asTool({ name: "ask", description: "asks", schema: z.object({ text: z.string() }) });
    expect(await tool.invoke({ text: "hi" })).toBe("reply to 1 messages");
    await RunnableParallel.from({ a: wrapper, b: wrapper.pipe((text) => text) }).invoke({ text: "hi" });
    await RunnableLambda.from(() => wrapper).invoke({ text: "hi" });
    expect(sessions(gateway.current)).toEqual(["s", "s", "s", "s"]);
  });

  it("a wrapper throws the wrapped runnable's error and stops at its signal", async () => {
    const wrapper = withSession(chainOf(modelFor(gateway.current)));
    gateway.current.failNext(400, { message: "refused" });
    await expect(wrapper.invoke({ text: "hi" })).rejects.toThrow("refused");
    gateway.current.failNext(400, { message: "refused" });
    await expect(wrapper.stream({ text: "hi" }).then(collect)).rejects.toThrow("refused");
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(wrapper.invoke({ text: "hi" }, { signal })).rejects.toThrow();
    await expect(wrapper.stream({ text: "hi" }, { signal }).then(collect)).rejects.toThrow();
  });
});

describe("a wrapper's config", () => {
  const seen = RunnableLambda.from((_: unknown, { tags, metadata, configurable }: RunnableConfig) => ({
    tags,
    metadata,
    configurable,
  }));

  it("withConfig of a wrapper returns a new wrapper and does not change the old one", async () => {
    const origin = withSession(seen, { sessionId: "s" });
    const bound = origin
      .withConfig({ tags: ["a"], configurable: { a: 1 } })
      .withConfig({ tags: ["b"], metadata: { b: 2 } });
    expect(bound).toBeInstanceOf(RunnableWithSession);
    expect(await bound.invoke({}, { tags: ["c"], configurable: { c: 3 } })).toMatchObject({
      tags: ["a", "b", "c"],
      metadata: { b: 2, session_id: "s" },
      configurable: { a: 1, c: 3, sessionId: "s" },
    });
    expect(await origin.invoke({})).toMatchObject({ tags: [], configurable: { sessionId: "s" } });
    expect(await collect(await bound.stream({}))).toMatchObject([{ tags: ["a", "b"] }]);
  });

  it("a session that is bound to a wrapper is overridden by a call's", async () => {
    const bound = withSession(seen, { sessionId: "own" }).withConfig({ sessionId: "bound" });
    expect(await bound.invoke({})).toMatchObject({ configurable: { sessionId: "bound" } });
    expect(await bound.invoke({}, { sessionId: "call" })).toMatchObject({ configurable: { sessionId: "call" } });
    const [first] = await bound.batch([{}, {}]);
    expect(first).toMatchObject({ configurable: { sessionId: "bound" } });
  });

  it("a wrapper adds no keys to the config besides those of the session", async () => {
    const { configurable, metadata } = await withSession(seen).invoke({}, { configurable: { own: 1 } });
    expect(Object.keys(configurable ?? {}).sort()).toEqual(["own", "sessionId"]);
    expect(Object.keys(metadata ?? {})).toEqual(["session_id"]);
    expect(JSON.stringify(configurable)).toBe(JSON.stringify({ own: 1, sessionId: configurable?.sessionId }));
  });
});

describe("conversations in a wrapper", () => {
  const graphOf = (model: SessionChatOpenAI) =>
    new StateGraph(MessagesAnnotation)
      .addNode("model", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
      .addEdge(START, "model")
      .compile({ checkpointer: new MemorySaver() });

  it("a graph with its own thread_id in a wrapper uses the wrapper's session and keeps its thread_id", async () => {
    const model = modelFor(gateway.current);
    const graph = graphOf(model);
    const ask = RunnableLambda.from(async (text: string) => {
      const { messages } = await graph.invoke({ messages: [["user", text]] }, { configurable: { thread_id: "t" } });
      await model.invoke("after");
      return messages.length;
    });
    const wrapper = withSession(ask, { sessionId: "s" });
    expect([await wrapper.invoke("one"), await wrapper.invoke("two")]).toEqual([2, 4]);
    expect((await collect(await wrapper.stream("three"))).join()).toBe("6");
    expect(sessions(gateway.current)).toEqual(Array(6).fill("s"));
  });

  it("a wrapped graph uses its thread_id as session, unless the call sets another", async () => {
    const wrapper = withSession(graphOf(modelFor(gateway.current)));
    const input = { messages: [["user", "hi"]] } as never;
    await wrapper.invoke(input, { configurable: { thread_id: "t" } });
    await wrapper.invoke(input, { configurable: { thread_id: "t", sessionId: "s" } });
    await collect(await wrapper.stream(input, { sessionId: "call", configurable: { thread_id: "t" } }));
    expect(sessions(gateway.current)).toEqual(["t", "s", "call"]);
  });

  it("a message history inside or outside a wrapper uses the same id", async () => {
    const histories = new Map<string, InMemoryChatMessageHistory>();
    const getMessageHistory = (id: string) => {
      const history = histories.get(id) ?? new InMemoryChatMessageHistory();
      histories.set(id, history);
      return history;
    };
    const model = modelFor(gateway.current);
    const prompt = ChatPromptTemplate.fromMessages([new MessagesPlaceholder("past"), ["user", "{text}"]]);
    const keys = { inputMessagesKey: "text", historyMessagesKey: "past", getMessageHistory };
    const inside = withSession(new RunnableWithMessageHistory({ runnable: prompt.pipe(model), ...keys }));
    const around = new RunnableWithMessageHistory({ runnable: withSession(prompt.pipe(model)), ...keys });
    await inside.invoke({ text: "one" }, { sessionId: "a" });
    await inside.withConfig({ tags: ["x"] }).invoke({ text: "two" }, { configurable: { sessionId: "a" } });
    await inside.withRetry().invoke({ text: "three" }, { configurable: { sessionId: "a" } });
    await around.invoke({ text: "one" }, { configurable: { sessionId: "b" } });
    await inside.invoke({ text: "one" });
    const ids = sessions(gateway.current);
    expect(ids.slice(0, 4)).toEqual(["a", "a", "a", "b"]);
    expect([...histories.keys()]).toEqual(["a", "b", ids[4]]);
    expect((await histories.get("a")?.getMessages())?.length).toBe(6);
  });
});
