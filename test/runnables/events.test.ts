import { ChatPromptTemplate } from "@langchain/core/prompts";
import { type Runnable, RunnableLambda, RunnableParallel } from "@langchain/core/runnables";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { getSessionId, type SessionChatOpenAI, withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** A graph of one node that calls the model. */
function graphOf(model: Runnable) {
  const State = Annotation.Root({ text: Annotation<string> });
  const node = async ({ text }: typeof State.State) => ({ text: (await model.invoke(text)).text });
  return new StateGraph(State).addNode("ask", node).addEdge(START, "ask").addEdge("ask", END).compile();
}

/** What a wrapper may wrap, and an input for it. */
const BOUND: Record<string, (model: SessionChatOpenAI) => [bound: Runnable, input: unknown]> = {
  "a lambda": () => [RunnableLambda.from((text: string) => text.toUpperCase()), "hi"],
  "a lambda that streams": () => [
    RunnableLambda.from(async function* (text: string) {
      yield* text;
    }),
    "hi",
  ],
  "a model": (model) => [model, "hi"],
  "a chain": (model) => [ChatPromptTemplate.fromTemplate("{text}").pipe(model), { text: "hi" }],
  "parallel branches": () => [
    RunnableParallel.from({ a: RunnableLambda.from(() => 1), b: RunnableLambda.from(() => 2) }),
    "hi",
  ],
  "a graph": (model) => [graphOf(model), { text: "hi" }],
  "a runnable with a name and tags": () => [
    RunnableLambda.from(() => 1).withConfig({ runName: "named", tags: ["tag"] }),
    "hi",
  ],
};

const METHODS: Record<string, (runnable: Runnable, input: unknown) => AsyncIterable<unknown>> = {
  "streamEvents v1": (runnable, input) => runnable.streamEvents(input, { version: "v1" }),
  "streamEvents v2": (runnable, input) => runnable.streamEvents(input, { version: "v2" }),
  "streamEvents v2 as text": (runnable, input) =>
    runnable.streamEvents(input, { version: "v2", encoding: "text/event-stream" }),
  streamLog: (runnable, input) => runnable.streamLog(input),
};

/**
 * The events without what differs between two runs of the same Runnable: ids, which are numbered, times, and the
 * session in the metadata, where core before 1.1 copies `configurable.sessionId` too.
 */
function comparable(events: unknown[]): unknown {
  const text = JSON.stringify(
    events.map((event) => (event instanceof Uint8Array ? new TextDecoder().decode(event) : event)),
  );
  const ids = new Map<string, string>();
  return JSON.parse(
    text
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|chatcmpl-[\w-]+/g, (id) => {
        if (!ids.has(id)) ids.set(id, `id ${ids.size}`);
        return ids.get(id) as string;
      })
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "time")
      .replace(/,\\?"session(_id|Id)\\?":\\?"[^"\\]*\\?"|\\?"session(_id|Id)\\?":\\?"[^"\\]*\\?",?/g, ""),
  );
}

describe.each(Object.entries(METHODS))("%s", (method, eventsOf) => {
  it.each(Object.entries(BOUND))(`${method} of a wrapper gives the events of %s itself`, async (_, boundOf) => {
    const [bound, input] = boundOf(modelFor(gateway.current));
    const own = await collect(eventsOf(bound.withConfig({}), input));
    const wrapped = await collect(eventsOf(withSession(bound, { sessionId: "s" }), input));
    expect(own.length).toBeGreaterThan(1);
    expect(comparable(wrapped)).toEqual(comparable(own));
  });

  it(`${method} of a wrapper fixes the session when it is called, and runs each step in it`, async () => {
    const bound = RunnableLambda.from(async function* () {
      yield getSessionId();
      yield getSessionId();
    });
    const wrapper = withSession(bound as unknown as Runnable);
    const called = withSession(
      RunnableLambda.from(() => [eventsOf(wrapper, "hi")]),
      { sessionId: "outer" },
    );
    const [events] = await called.invoke({});
    const text = JSON.stringify(
      (await collect(events as AsyncIterable<unknown>)).map((event) =>
        event instanceof Uint8Array ? new TextDecoder().decode(event) : event,
      ),
    );
    expect(text).toContain("outer");
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f-]{27}.{0,9}"chunk/);
  });
});

describe("streamEvents v3", () => {
  it("of a wrapper around a model is the model's stream, in the session", async () => {
    const wrapper = withSession(modelFor(gateway.current) as Runnable, { sessionId: "s" });
    const stream = wrapper.streamEvents("hi", {} as { version: "v2" }) as unknown as PromiseLike<{ text: string }>;
    expect((await stream).text).toBe("reply to 1 messages");
    expect(sessions(gateway.current)).toEqual(["s"]);
  });

  it("of a wrapper around a graph is the graph's run, in the session", async () => {
    const wrapper = withSession(graphOf(modelFor(gateway.current)) as Runnable, { sessionId: "s" });
    const run = (await wrapper.streamEvents({ text: "hi" }, { version: "v3" } as unknown as {
      version: "v2";
    })) as unknown as { output: Promise<unknown> };
    expect(await run.output).toEqual({ text: "reply to 1 messages" });
    expect(sessions(gateway.current)).toEqual(["s"]);
  });

  it("of a wrapper around a Runnable without it throws that Runnable's error", () => {
    const wrapper = withSession(RunnableLambda.from(() => 1) as Runnable);
    expect(() => wrapper.streamEvents("hi", { version: "v3" } as unknown as { version: "v2" })).toThrow(
      /versions "v1" and "v2"/,
    );
  });
});
