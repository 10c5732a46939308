import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { awaitAllCallbacks } from "@langchain/core/callbacks/promises";
import { Runnable, type RunnableConfig, RunnableLambda } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { LangChainTracer } from "@langchain/core/tracers/tracer_langchain";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { getSessionId, SessionCallbackHandler, type SessionChatOpenAI, withSession } from "../../src/index.js";
import type { GatewayRequest } from "../support/gateway/server.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessionOf, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The text of a request's question: each session asks about its own id. */
function askedOf({ body }: GatewayRequest): unknown {
  const [message] = (body.messages ?? body.input) as { content: unknown }[];
  return message?.content;
}

/** Ways to run a session. */
const RUNS: readonly ((model: SessionChatOpenAI, id: string) => Promise<unknown>)[] = [
  (model, sessionId) => model.invoke(sessionId, { sessionId }),
  async (model, id) => collect(await model.withSession(id).stream(id)),
  (model, id) => asker(model, id).invoke({}, { configurable: { sessionId: id } }),
  (model, id) => asker(model, id).invoke({}, { callbacks: [new SessionCallbackHandler({ sessionId: id })] }),
  async (model, id) => collect(await withSession(asker(model, id), { sessionId: id }).stream({})),
  (model, id) => withSession(generator(model, id)).invoke({}, { configurable: { thread_id: id } }),
];

/** Calls the model twice without a config, once as a stream. */
const asker = (model: SessionChatOpenAI, id: string) =>
  tool(
    async () => {
      await sleep(Math.random() * 5);
      await collect(await model.stream(id, { tags: ["own"] }));
      await model.batch([id], { configurable: { own: 1 } });
      return getSessionId();
    },
    { name: "ask", schema: z.object({}) },
  );

const generator = (model: SessionChatOpenAI, id: string) =>
  RunnableLambda.from(async function* (_: unknown) {
    for await (const chunk of await model.stream(id)) yield chunk.text;
    yield (await model.invoke(id)).text;
  });

describe.each([false, true])("sessions that share a model, useResponsesApi: %s", (useResponsesApi) => {
  it("50 concurrent sessions on one model each send their own id", async () => {
    gateway.current.respond(() => sleep(Math.random() * 10).then(() => false));
    const model = modelFor(gateway.current, { useResponsesApi, maxConcurrency: 7 });
    const ids = Array.from({ length: 50 }, (_, i) => `session-${i}`);
    await Promise.all(ids.map((id, i) => RUNS[i % RUNS.length]?.(model, id)));
    expect(new Set(sessions(gateway.current))).toEqual(new Set(ids));
    for (const request of gateway.current.requests) expect(sessionOf(request)).toBe(askedOf(request));
  });

  it("concurrent sessions that LangSmith traces each send their own id", async () => {
    const client = { createRun: async () => {}, updateRun: async () => {} };
    const model = modelFor(gateway.current, { useResponsesApi });
    const ids = Array.from({ length: 12 }, (_, i) => `session-${i}`);
    const inOne = RunnableLambda.from(async () => {
      await Promise.all(ids.map((id, i) => RUNS[i % RUNS.length]?.(model, id)));
      await model.invoke("around");
    });
    const callbacks = [new LangChainTracer({ client })];
    await inOne.invoke("hi", { callbacks, metadata: { session_id: "around" } });
    expect(new Set(sessions(gateway.current))).toEqual(new Set([...ids, "around"]));
    for (const request of gateway.current.requests) expect(sessionOf(request)).toBe(askedOf(request));
  });

  it("concurrent streams that one consumer reads alternately each send their own session id", async () => {
    const model = modelFor(gateway.current, { useResponsesApi });
    const streams = await Promise.all(
      ["a", "b", "c"].map((id) => withSession(generator(model, id), { sessionId: id }).stream({})),
    );
    const open = new Set(streams.map((stream) => stream[Symbol.asyncIterator]()));
    while (open.size > 0) {
      for (const iterator of open) {
        if ((await iterator.next()).done) open.delete(iterator);
        expect(getSessionId()).toBeUndefined();
        await model.invoke("none");
      }
    }
    const { requests } = gateway.current;
    for (const request of requests) expect(sessionOf(request) ?? "none").toBe(askedOf(request));
    expect(new Set(sessions(gateway.current))).toEqual(new Set(["a", "b", "c", undefined]));
  });
});

describe("a queue of calls", () => {
  it.each<[string, (asking: Runnable) => Promise<unknown>]>([
    ["a wrapper", (asking) => withSession(asking, { sessionId: "first" }).invoke("hi")],
    ["a config", (asking) => asking.invoke("hi", { configurable: { sessionId: "first" } })],
  ])("a call that waits for maxConcurrency keeps the session it was made in: the first in %s", async (_, callFirst) => {
    let isArrived = () => {};
    const arrived = new Promise<void>((resolve) => {
      isArrived = resolve;
    });
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    gateway.current.respond(async () => {
      isArrived();
      await released;
      return false;
    });
    const model = modelFor(gateway.current, { maxConcurrency: 1 });
    const ask = (text: string) => RunnableLambda.from(async () => void (await model.invoke(text)));
    const streamed = RunnableLambda.from(async () => void (await collect(await model.stream("c"))));
    const first = callFirst(ask("first"));
    await arrived;
    const queued = [
      model.invoke("none"),
      withSession(ask("a"), { sessionId: "a" }).invoke("hi"),
      model.stream("none").then(collect),
      ask("configured").invoke("hi", { configurable: { sessionId: "configured" } }),
      model.withConfig({ tags: ["copy"] }).invoke("none"),
      ask("none").invoke("hi"),
      ask("handled").invoke("hi", { callbacks: [new SessionCallbackHandler({ sessionId: "handled" })] }),
      withSession(streamed, { sessionId: "c" }).invoke("hi"),
      model.bindTools([]).invoke("none"),
    ];
    await sleep(20);
    expect(gateway.current.requests).toHaveLength(1);
    release();
    await Promise.all([first, ...queued]);
    const { requests } = gateway.current;
    expect(requests.map((request) => sessionOf(request) ?? "none")).toEqual(requests.map(askedOf));
    expect(requests).toHaveLength(10);
  });

  it("a batch resolves the session of each input when it is called", async () => {
    const model = modelFor(gateway.current);
    const configs = ["a", "b", "c"].map((sessionId) => ({ configurable: { sessionId } }));
    await model.batch(["a", "b", "c"], configs, { maxConcurrency: 1 });
    await withSession(model).batch(["a", "b", "c"], configs, { maxConcurrency: 1 });
    expect(sessions(gateway.current)).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  it("a model and its copies share one queue for maxConcurrency", async () => {
    let [now, most] = [0, 0];
    gateway.current.respond(async () => {
      most = Math.max(most, ++now);
      await sleep(5);
      now -= 1;
      return false;
    });
    const model = modelFor(gateway.current, { maxConcurrency: 2 });
    const copies = [model, model.withSession("a"), model.bindTools([]), model.withConfig({}).withSession("b")];
    const chain = model.withSession("c").withStructuredOutput(z.object({ answer: z.string() }));
    await Promise.all([...copies, ...copies].map((copy) => copy.invoke("hi")).concat(chain.invoke("hi") as never));
    expect(gateway.current.requests).toHaveLength(9);
    expect(most).toBe(2);
  });
});

describe("a config", () => {
  const change = (config: RunnableConfig) => Object.assign(config.configurable as object, { sessionId: "changed" });

  it.each<[string, (model: SessionChatOpenAI, config: RunnableConfig) => Promise<unknown>]>([
    ["invoke", (model, config) => model.invoke("hi", config)],
    ["stream", async (model, config) => collect(await model.stream("hi", config))],
    ["generate", (model, config) => model.generate([[["user", "hi"]]], config)],
    ["streamEvents v3", (model, config) => collect(model.streamEvents("hi", config))],
    ["a wrapper's invoke", (model, config) => withSession(model).invoke("hi", config)],
    ["a wrapper's retry", (model, config) => withSession(model).withRetry().invoke("hi", config)],
  ])("a config that is changed after the call has no effect: %s", async (_, call) => {
    const config = { configurable: { sessionId: "given" } };
    const calling = call(modelFor(gateway.current), config);
    change(config);
    await calling;
    expect(sessions(gateway.current)).toEqual(["given"]);
  });

  it("a call does not change the config that it is passed", async () => {
    const config = { configurable: { own: 1 }, metadata: { own: 1 }, tags: ["own"], callbacks: [] };
    for (const part of Object.values(config)) Object.freeze(part);
    Object.freeze(config);
    const model = modelFor(gateway.current, { sessionId: "own" });
    await model.invoke("hi", config);
    await collect(await model.stream("hi", config));
    await model.withConfig(config).invoke("hi", config);
    await withSession(model).invoke("hi", config);
    await withSession(model).withConfig(config).withRetry().invoke("hi", config);
    expect(gateway.current.requests).toHaveLength(5);
  });
});

describe("the end of a session", () => {
  it("a session is not active after a stream is left", async () => {
    const model = modelFor(gateway.current);
    for await (const _ of await withSession(generator(model, "a"), { sessionId: "a" }).stream({})) break;
    expect(getSessionId()).toBeUndefined();
    await model.invoke("none");
    await withSession(generator(model, "b"), { sessionId: "b" }).stream({}); // Never read.
    await model.invoke("none");
    expect(sessions(gateway.current)).toEqual(["a", undefined, "b", undefined]);
  });

  it("the cleanup of a stream that is left early still runs in the session", async () => {
    const model = modelFor(gateway.current);
    class Tidy extends Runnable<unknown, string> {
      lc_namespace = ["test"];

      async invoke(): Promise<string> {
        return "";
      }

      override async *_streamIterator(): AsyncGenerator<string> {
        try {
          yield "one";
          yield "two";
        } finally {
          await model.invoke("at the end");
        }
      }
    }
    for await (const _ of await withSession(new Tidy(), { sessionId: "a" }).stream({})) break;
    const stream = await withSession(new Tidy(), { sessionId: "b" }).stream({});
    await stream.cancel();
    expect(sessions(gateway.current)).toEqual(["a", "b"]);
  });

  it("work that runs on after the wrapper's call keeps its session", async () => {
    const model = modelFor(gateway.current);
    let left: Promise<unknown> = Promise.resolve();
    const bound = RunnableLambda.from((text: string) => {
      left = sleep(5).then(() => model.invoke("later"));
      return text;
    });
    await withSession(bound, { sessionId: "a" }).invoke("hi");
    await model.invoke("none");
    await left;
    expect(sessions(gateway.current)).toEqual([undefined, "a"]);
  });
});

describe("handlers that LangChain runs in the background", () => {
  /** Calls the model for each answer, without a config: the call may be in the answer's session or in none, never in another. */
  class Judge extends BaseCallbackHandler {
    name = "Judge";
    override awaitHandlers = false;

    constructor(
      private readonly model: SessionChatOpenAI,
      private readonly id: string,
    ) {
      super();
    }

    override async handleLLMEnd(): Promise<void> {
      await this.model.invoke(`judge of ${this.id}`);
    }
  }

  it("a handler that LangChain runs in the background does not call the model in the session of another call", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const model = modelFor(gateway.current);
    const ids = ["a", "b", "c", "d", "e"];
    await Promise.all(
      ids.map((id) => withSession(model, { sessionId: id }).invoke(id, { callbacks: [new Judge(model, id)] })),
    );
    await awaitAllCallbacks();
    for (const request of gateway.current.requests) {
      const asked = String(askedOf(request));
      const own = asked.replace("judge of ", "");
      expect([asked === own ? own : undefined, own]).toContain(sessionOf(request));
    }
    expect(gateway.current.requests).toHaveLength(10);
  });
});
