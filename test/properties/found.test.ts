import { type Runnable, type RunnableConfig, RunnableLambda, RunnableSequence } from "@langchain/core/runnables";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RunnableWithSession, SessionCallbackHandler, withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessionOf, sessions, useGateway } from "../support/sessions.js";
import { messageOf } from "./echo_path.js";
import { hurryRetries } from "./run.js";

/** Failures that the properties found, each as its smallest case. */
const gateway = useGateway();

const say = (text: string) => RunnableLambda.from(() => text);

it.each(["invoke", "stream", "streamEvents"])(
  "%s: a model that is piped before a wrapper does not run in its session",
  async (way) => {
    const model = modelFor(gateway.current);
    const wrapper = withSession(RunnableSequence.from([say("inside"), model]), { sessionId: "a" });
    const chain = RunnableSequence.from([say("before"), model, wrapper, say("after"), model]);
    if (way === "invoke") await chain.invoke("x");
    else if (way === "stream") for await (const _ of await chain.stream("x"));
    else for await (const _ of chain.streamEvents("x", { version: "v2" }));
    expect(gateway.current.requests.map((request) => [messageOf(request.body), sessionOf(request)])).toEqual([
      ["before", undefined],
      ["inside", "a"],
      ["after", undefined],
    ]);
  },
);

const handler = (sessionId: string) => new SessionCallbackHandler({ sessionId });

describe.each([
  ["configurable", { configurable: { sessionId: "bound" } }, { configurable: { sessionId: "around" } }],
  ["handler", { callbacks: [handler("bound")] }, { callbacks: [handler("around")] }],
  ["handler, without an implicit one", { callbacks: [handler("bound")] }, {}],
])("a bound %s", (_, bound, around) => {
  it("a bound config wins over the implicit config in every entry point", async () => {
    const model = modelFor(gateway.current).withConfig(bound);
    const body = RunnableLambda.from(async () => {
      await model.invoke("x");
      await model.batch(["x"]);
      for await (const _ of await model.stream("x"));
      await model.generate([[["user", "x"]]]);
      await collect(model.streamEvents("x", { version: "v1" }));
      await collect(model.streamEvents("x", { version: "v2" }));
      await collect(model.streamLog("x"));
    });
    await body.invoke("x", around);
    expect(sessions(gateway.current)).toEqual(Array(7).fill("bound"));
  });

  it("a bound config wins in a chain with other handlers", async () => {
    const model = modelFor(gateway.current).withConfig(bound);
    const chain = RunnableSequence.from([say("x"), model]);
    await chain.invoke("x", { callbacks: [{ handleChainStart() {} }] });
    expect(sessions(gateway.current)).toEqual(["bound"]);
  });
});

describe.each<[string, (wrapper: RunnableWithSession) => Runnable]>([
  ["wrapper", (wrapper) => wrapper],
  ["wrapper withRetry", (wrapper) => wrapper.withRetry()],
  ["wrapper withFallbacks", (wrapper) => wrapper.withFallbacks([say("y")])],
  ["wrapper withListeners", (wrapper) => wrapper.withListeners({ onStart: () => undefined })],
])("a configurable that is bound to a %s", (_, around) => {
  it.each<[string, (runnable: Runnable) => Promise<unknown>]>([
    ["invoke", (runnable) => runnable.invoke("x")],
    ["batch", (runnable) => runnable.batch(["x"])],
    ["stream", async (runnable) => collect(await runnable.stream("x"))],
    ["streamEvents v1", (runnable) => collect(runnable.streamEvents("x", { version: "v1" }))],
    ["streamEvents v2", (runnable) => collect(runnable.streamEvents("x", { version: "v2" }))],
    ["streamLog", (runnable) => collect(runnable.streamLog("x"))],
  ])("a bound configurable wins over the implicit one: %s", async (_, call) => {
    const wrapper = withSession(RunnableSequence.from([say("x"), modelFor(gateway.current)]));
    const bound = around(wrapper.withConfig({ configurable: { sessionId: "bound" } }));
    const body = RunnableLambda.from(() => call(bound).then(() => "done"));
    await withSession(body, { sessionId: "around" }).invoke("x");
    await body.invoke("x", { configurable: { sessionId: "", session_id: "around" } });
    expect(sessions(gateway.current)).toEqual(["bound", "bound"]);
  });
});

it.each(["withRetry", "withFallbacks"] as const)("%s notifies a wrapper's bound handler once", async (method) => {
  const bound = handler("a");
  const wrapper = withSession(RunnableSequence.from([say("x"), modelFor(gateway.current)])).withConfig({
    callbacks: [bound],
  });
  await (method === "withRetry" ? wrapper.withRetry() : wrapper.withFallbacks([wrapper])).invoke("x");
  expect(bound.calls).toHaveLength(1);
  expect(bound.summary().calls).toBe(1);
});

it.each(["invoke", "batch"] as const)(
  "%s: a call's session wins over a wrapper's bound one in each attempt",
  async (way) => {
    onTestFinished(hurryRetries());
    const told: string[] = [];
    let fails = 1;
    const flaky = RunnableLambda.from(async () => {
      await modelFor(gateway.current).invoke("x");
      if (fails-- > 0) throw new Error("once");
    });
    const bound = withSession(flaky, { onSession: (id) => told.push(id) }).withConfig({ sessionId: "bound" });
    const retry = bound.withRetry({ stopAfterAttempt: 2 });
    if (way === "invoke") await retry.invoke("x", { sessionId: "call" } as RunnableConfig);
    else await retry.batch(["x"], { sessionId: "call" } as RunnableConfig);
    expect(sessions(gateway.current)).toEqual(["call", "call"]);
    expect(told).toEqual(["call"]);
  },
);
