import { InMemoryCache } from "@langchain/core/caches";
import { RunnableLambda } from "@langchain/core/runnables";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type SessionChatOpenAI, type SessionChatOpenAICallOptions, withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

type Options = Partial<SessionChatOpenAICallOptions>;
type Call = (model: SessionChatOpenAI, options: Options) => Promise<unknown>;

const CALLS: Record<string, Call> = {
  invoke: (model, options) => model.invoke("hi", options),
  stream: async (model, options) => collect(await model.stream("hi", options)),
  batch: (model, options) => model.batch(["hi"], options),
  generate: (model, options) => model.generate([[["user", "hi"]]], options),
  "streamEvents v2": (model, options) => collect(model.streamEvents("hi", { ...options, version: "v2" })),
  "streamEvents v3": async (model, options) => collect(model.streamEvents("hi", options)),
  "a bound copy": (model, options) => model.withConfig(options).invoke("hi"),
  "a bound, streamed copy": async (model, options) => collect(await model.bindTools([], options).stream("hi")),
  "generate of a bound copy": (model, options) => model.withConfig(options).generate([[["user", "hi"]]]),
  "streamEvents v3 of a bound copy": async (model, options) => collect(model.withConfig(options).streamEvents("hi")),
  "structured output of a bound copy": (model, options) =>
    model
      .withConfig(options)
      .withStructuredOutput(z.object({ answer: z.string() }))
      .invoke("hi"),
  "a lambda": (model, options) =>
    RunnableLambda.from(async () => (await model.invoke("hi", options)).text).invoke("hi"),
};

const CASES = [false, true].flatMap((useResponsesApi) => [
  ...Object.entries(CALLS).map(([name, call]) => ({ name, call, fields: { useResponsesApi } as object })),
  { name: "invoke", call: CALLS.invoke as Call, fields: { useResponsesApi, streaming: true } },
]);

const bodies = () => gateway.current.requests.map(({ body }) => body);

describe.each(CASES)("extraBody, $name, $fields", ({ call, fields }) => {
  it("extraBody is in the request, with and without a session", async () => {
    const extraBody = { tags: ["a"], guardrails: [{ name: "pii" }], cache: { "no-cache": true } };
    const frozen = Object.freeze(structuredClone(extraBody));
    await call(modelFor(gateway.current, fields), { sessionId: "s", extraBody: frozen });
    await call(modelFor(gateway.current, fields), { extraBody: frozen });
    await call(modelFor(gateway.current, fields), {});
    expect(bodies()).toMatchObject([extraBody, extraBody, {}]);
    expect(bodies()[2]).not.toHaveProperty("tags");
    expect(sessions(gateway.current)).toEqual(["s", undefined, undefined]);
  });

  it("extraBody overrides modelKwargs and fields, and its metadata merges by key", async () => {
    const modelKwargs = { tags: ["kwargs"], kept: 1, metadata: { a: "kwargs", b: "kwargs" } };
    const model = modelFor(gateway.current, { ...fields, modelKwargs, temperature: 0.1 });
    await call(model, { extraBody: { tags: ["extra"], model: "other", temperature: 0.9, metadata: { b: "extra" } } });
    await call(model, {});
    expect(bodies()).toMatchObject([
      { tags: ["extra"], kept: 1, model: "other", temperature: 0.9, metadata: { a: "kwargs", b: "extra" } },
      { tags: ["kwargs"], kept: 1, model: "gpt-4o", temperature: 0.1, metadata: { a: "kwargs", b: "kwargs" } },
    ]);
    expect(modelKwargs.metadata).toEqual({ a: "kwargs", b: "kwargs" });
  });

  it("the metadata of extraBody merges with the metadata of a sessionTransport", async () => {
    const model = modelFor(gateway.current, { ...fields, sessionTransport: "metadata" });
    await call(model, { sessionId: "s", extraBody: { metadata: { own: "1" } } });
    expect(bodies()[0]?.metadata).toEqual({ own: "1", litellm_trace_id: "s" });
  });

  it.each(["messages", "input", "stream"])("extraBody with %s throws before a request is sent", async (key) => {
    for (const value of [[], false, undefined]) {
      const error = await caught(() => call(modelFor(gateway.current, fields), { extraBody: { a: 1, [key]: value } }));
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).toContain(`Invalid call option "extraBody": "${key}"`);
    }
    expect(gateway.current.requests).toEqual([]);
  });

  it("extraBody that is not an object throws before a request is sent", async () => {
    for (const [value, shown] of [
      ["tags", '"tags"'],
      [42, "42"],
      [true, "true"],
      [["tags"], "an array"],
    ]) {
      const error = await caught(() => call(modelFor(gateway.current, fields), { extraBody: value as never }));
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).toContain(`expected an object of body fields, got ${shown}`);
    }
    expect(gateway.current.requests).toEqual([]);
  });
});

describe("extraBody", () => {
  it("extraBody of a call replaces the bound one", async () => {
    const bound = modelFor(gateway.current).withConfig({ extraBody: { a: 1, b: 1 } });
    await bound.invoke("hi", { extraBody: { b: 2 } });
    await bound.invoke("hi");
    expect(bodies().map(({ a, b }) => [a, b])).toEqual([
      [undefined, 2],
      [1, 1],
    ]);
  });

  it("extraBody of a call is not in the next call or a concurrent one", async () => {
    const model = modelFor(gateway.current);
    await Promise.all([1, 2, 3].map((tag) => model.invoke(String(tag), { extraBody: { tag }, sessionId: `s${tag}` })));
    await model.invoke("none");
    const sent = gateway.current.requests.map(({ body }) => [body.tag, body.litellm_session_id]);
    expect(new Set(sent.map(String))).toEqual(new Set(["1,s1", "2,s2", "3,s3", ","]));
  });

  it("a session field in extraBody replaces the wrapper's session in the request", async () => {
    const model = modelFor(gateway.current);
    const asking = RunnableLambda.from(() => model.invoke("hi", { extraBody: { litellm_session_id: "mine" } }));
    await withSession(asking).invoke("hi");
    expect(sessions(gateway.current)).toEqual([["mine", undefined, undefined]]);
  });

  it("the key of LangChain's cache contains extraBody, but not the session", async () => {
    const model = modelFor(gateway.current, { cache: new InMemoryCache() });
    const tagged = { extraBody: { guardrails: ["a"] } };
    for (const options of [
      {},
      tagged,
      { ...tagged, sessionId: "s" },
      { sessionId: "t" },
      { extraBody: { guardrails: ["b"] } },
    ]) {
      await model.invoke("hi", options);
    }
    expect(bodies().map(({ guardrails }) => guardrails)).toEqual([undefined, ["a"], ["b"]]);
  });
});

async function caught(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}
