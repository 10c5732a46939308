import { type Runnable, RunnableLambda } from "@langchain/core/runnables";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";

/** LangChain's defaults and the implicit config must not override a bound config. */

const State = Annotation.Root({ steps: Annotation<number>({ reducer: (a, b) => a + b, default: () => 0 }) });

/** A graph that takes 40 steps. LangChain's default limit is 25. */
const graph = new StateGraph(State)
  .addNode("step", () => ({ steps: 1 }))
  .addEdge(START, "step")
  .addConditionalEdges("step", ({ steps }) => (steps < 40 ? "step" : END))
  .compile();

const INPUT = { steps: 0 };

type EntryPoint = (runnable: Runnable, options?: object) => Promise<unknown>;

const ENTRY_POINTS: Record<string, EntryPoint> = {
  invoke: (runnable, options) => runnable.invoke(INPUT, options),
  stream: async (runnable, options) => collect(await runnable.stream(INPUT, options)),
  batch: (runnable, options) => runnable.batch([INPUT, INPUT], options),
  "streamEvents v2": (runnable, options) => collect(runnable.streamEvents(INPUT, { ...options, version: "v2" })),
  "withRetry, invoke": (runnable, options) => runnable.withRetry({ stopAfterAttempt: 1 }).invoke(INPUT, options),
  "withRetry, stream": async (runnable, options) =>
    collect(await runnable.withRetry({ stopAfterAttempt: 1 }).stream(INPUT, options)),
  "withRetry, batch": (runnable, options) => runnable.withRetry({ stopAfterAttempt: 1 }).batch([INPUT], options),
  "withFallbacks, invoke": (runnable, options) => runnable.withFallbacks([]).invoke(INPUT, options),
  "withFallbacks, stream": async (runnable, options) =>
    collect(await runnable.withFallbacks([]).stream(INPUT, options)),
  "withListeners, invoke": (runnable, options) => runnable.withListeners({}).invoke(INPUT, options),
  "withListeners, stream": async (runnable, options) =>
    collect(await runnable.withListeners({}).stream(INPUT, options)),
};

describe.each(Object.entries(ENTRY_POINTS))("%s", (_, call) => {
  it("a recursionLimit that is bound to the wrapped runnable stays in force", async () => {
    await call(withSession(graph.withConfig({ recursionLimit: 60 })));
  });

  it("the implicit config does not override a config that is bound to the wrapper", async () => {
    const seen: unknown[] = [];
    const inner = RunnableLambda.from((input: object, { configurable, metadata }) => {
      seen.push([configurable?.thread_id, metadata?.around, configurable?.own, metadata?.own]);
      return input;
    });
    const own = "bound";
    const wrapper = withSession(inner).withConfig({ configurable: { own }, metadata: { own } });
    const body = RunnableLambda.from(() => call(wrapper).then(() => "done"));
    await body.invoke(INPUT, { configurable: { thread_id: "t" }, metadata: { around: "a" } });
    expect(new Set(seen.map(String))).toEqual(new Set([",,bound,bound"]));
  });

  it("the wrapped runnable finds its session under configurable.sessionId and session_id", async () => {
    const read: unknown[] = [];
    const reader = RunnableLambda.from((input: object, { configurable }) => {
      read.push([configurable?.sessionId, configurable?.session_id]);
      return input;
    });
    await call(withSession(reader).withConfig({ configurable: { session_id: "bound" } }), { sessionId: "given" });
    expect(new Set(read.map(String))).toEqual(new Set(["given,given"]));
  });

  it("a recursionLimit that is bound to the wrapper stays in force", async () => {
    await call(withSession(graph).withConfig({ recursionLimit: 60 }));
  });

  it("the recursionLimit of the call overrides bound ones", async () => {
    await call(withSession(graph), { recursionLimit: 60 });
    const bound = withSession(graph.withConfig({ recursionLimit: 60 })).withConfig({ recursionLimit: 60 });
    await expect(call(bound, { recursionLimit: 30 })).rejects.toThrow("Recursion limit of 30");
  });

  it("LangChain's default recursionLimit applies if none is set", async () => {
    await expect(call(withSession(graph))).rejects.toThrow("Recursion limit of 25");
  });

  it("the tags of the wrapped runnable, the wrapper and the call are merged", async () => {
    const seen: unknown[] = [];
    const inner = RunnableLambda.from((x, { tags }) => {
      seen.push(tags);
      return x;
    }).withConfig({ tags: ["inner"] });
    await call(withSession(inner));
    await call(withSession(inner).withConfig({ tags: ["wrapper"] }), { tags: ["call"] });
    expect(seen).toContainEqual(["inner"]);
    expect(new Set(seen.at(-1) as string[])).toEqual(new Set(["inner", "wrapper", "call"]));
  });
});
