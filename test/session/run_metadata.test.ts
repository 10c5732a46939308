import { RunnableLambda } from "@langchain/core/runnables";
import { describe, expect, it, vi } from "vitest";
import {
  SessionCallbackHandler,
  type SessionChatOpenAI,
  type SessionChatOpenAICallOptions,
  type SessionChatOpenAIFields,
  withSession,
} from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** Records `metadata.session_id` of each model run, as tracers see it. */
function tracer() {
  const seen: unknown[] = [];
  const handleChatModelStart = (...args: unknown[]) => {
    const metadata = args[6] as Record<string, unknown> | undefined;
    seen.push(metadata && "session_id" in metadata ? metadata.session_id : "absent");
  };
  return { seen, callbacks: [{ handleChatModelStart }] };
}

type Call = (model: SessionChatOpenAI, options: Partial<SessionChatOpenAICallOptions>) => Promise<unknown>;

const CALLS: Record<string, Call> = {
  invoke: (model, options) => model.invoke("hi", options),
  stream: async (model, options) => collect(await model.stream("hi", options)),
  generate: (model, options) => model.generate([[["user", "hi"]]], options),
  batch: (model, options) => model.batch(["hi"], options),
  "streamEvents v2": (model, options) => collect(model.streamEvents("hi", { ...options, version: "v2" })),
};

describe.each(Object.entries(CALLS))("metadata of a model's run: %s", (_, call) => {
  it.each<[string, SessionChatOpenAIFields, Partial<SessionChatOpenAICallOptions>, unknown]>([
    ["a call option", {}, { sessionId: "call" }, "call"],
    ["configurable", {}, { configurable: { sessionId: 42 } }, "42"],
    ["the constructor", { sessionId: "own" }, {}, "own"],
    ["a thread", {}, { configurable: { thread_id: "thread" } }, "thread"],
    ["no session", {}, {}, "absent"],
    ["sessionId: false", { sessionId: "own" }, { sessionId: false }, "absent"],
    ["an id made for the model", { sessionId: undefined }, {}, "absent"],
    ["another transport", { sessionTransport: "none" }, { sessionId: "call" }, "call"],
  ])("metadata.session_id of a run has the session from %s", async (_, fields, options, expected) => {
    const { seen, callbacks } = tracer();
    await call(modelFor(gateway.current, fields), { ...options, callbacks });
    expect(seen).toEqual([expected]);
  });

  it("metadata.session_id of a run has the session of a handler", async () => {
    const { seen, callbacks } = tracer();
    const handler = new SessionCallbackHandler({ sessionId: "handled" });
    await call(modelFor(gateway.current), { callbacks: [handler, ...callbacks] });
    expect(seen).toEqual(["handled"]);
  });

  it("metadata.session_id of a run has the id that was made for the model if the call names it", async () => {
    const { seen, callbacks } = tracer();
    const model = modelFor(gateway.current, { sessionId: undefined });
    const sessionId = model.sessionId as string;
    await call(model, { sessionId, callbacks });
    await call(model, { configurable: { sessionId }, callbacks });
    await call(model.withSession(sessionId), { callbacks });
    await RunnableLambda.from(() => call(model, { callbacks })).invoke("hi", { configurable: { sessionId } });
    expect(seen).toEqual(Array(4).fill(sessionId));
    expect(sessions(gateway.current)).toEqual(seen);
  });

  it("metadata.session_id of a run has the session of LITELLM_SESSION_ID", async () => {
    vi.stubEnv("LITELLM_SESSION_ID", "environment");
    const { seen, callbacks } = tracer();
    await call(modelFor(gateway.current, { sessionId: undefined }), { callbacks });
    expect(seen).toEqual(["environment"]);
  });

  it("metadata.session_id that the user set stays in the run, while the request carries the session", async () => {
    const { seen, callbacks } = tracer();
    const model = modelFor(gateway.current);
    const metadata = Object.freeze({ session_id: "user's", other: 1 });
    await call(model, { sessionId: "call", metadata, callbacks });
    await withSession(
      RunnableLambda.from(() => call(model, {})),
      { sessionId: "wrapped" },
    ).invoke("hi", {
      metadata,
      callbacks,
    });
    expect(seen).toEqual(["user's", "user's"]);
    expect(sessions(gateway.current)).toEqual(["call", "wrapped"]);
  });

  it("metadata.session_id that the user set in a call stays in the run, also inside a wrapper", async () => {
    const { seen, callbacks } = tracer();
    const model = modelFor(gateway.current);
    const wrapper = withSession(
      RunnableLambda.from(() => call(model, { metadata: { session_id: "user's" }, callbacks })),
    );
    await wrapper.invoke("hi", { configurable: { sessionId: "wrapped" } });
    expect(seen).toEqual(["user's"]);
    expect(sessions(gateway.current)).toEqual(["wrapped"]);
  });

  it("an inner session replaces the wrapper's metadata.session_id in its runs", async () => {
    const { seen, callbacks } = tracer();
    const model = modelFor(gateway.current);
    const inner = withSession(
      RunnableLambda.from(() => call(model, {})),
      { sessionId: "inner" },
    );
    const outer = RunnableLambda.from(async () => {
      await call(model, {});
      await call(model, { sessionId: "call" });
      await call(model, { configurable: { sessionId: "configured" } });
      await inner.invoke("hi");
      await inner.withRetry().invoke("hi");
      await inner.withFallbacks([inner]).invoke("hi");
    });
    await withSession(outer, { sessionId: "outer" }).invoke("hi", { callbacks });
    expect(seen).toEqual(["outer", "call", "configured", "inner", "inner", "inner"]);
    expect(sessions(gateway.current)).toEqual(seen);
  });

  it("every run inside a wrapper has its session id in the metadata, also if the id is new", async () => {
    const { seen, callbacks } = tracer();
    const model = modelFor(gateway.current);
    await withSession(RunnableLambda.from(() => call(model, {}))).invoke("hi", { callbacks });
    expect(seen).toEqual(sessions(gateway.current));
    expect(seen[0]).not.toBe("absent");
  });
});
