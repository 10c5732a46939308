import { BaseCache, InMemoryCache } from "@langchain/core/caches";
import type { Generation } from "@langchain/core/outputs";
import type { ChatOpenAI } from "@langchain/openai";
import { describe, expect, it } from "vitest";
import { SessionCallbackHandler, type SessionChatOpenAI, withSession } from "../../src/index.js";
import { comparable, ENDPOINTS, threeModels } from "../support/like_chat_openai.js";
import { sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** A cache without entries that records the requested keys. */
class KeyRecorder extends BaseCache {
  readonly keys: string[] = [];

  override async lookup(prompt: string, llmKey: string): Promise<null> {
    this.keys.push(`${prompt} | ${llmKey}`);
    return null;
  }

  override async update(_prompt: string, _llmKey: string, _value: Generation[]): Promise<void> {}
}

/** Calls that differ only in their session. */
const CALLS: Record<string, (model: SessionChatOpenAI) => Promise<unknown>> = {
  "its constructor's session": (model) => model.invoke("hi"),
  "a call option": (model) => model.invoke("hi", { sessionId: "a" }),
  "another call option": (model) => model.invoke("hi", { sessionId: "b" }),
  "no session": (model) => model.invoke("hi", { sessionId: false }),
  "a bound session": (model) => model.withSession("c").invoke("hi"),
  configurable: (model) => model.invoke("hi", { configurable: { sessionId: "d" } }),
  "a thread": (model) => model.invoke("hi", { configurable: { thread_id: "e" } }),
  "a handler": (model) => model.invoke("hi", { callbacks: [new SessionCallbackHandler({ sessionId: "f" })] }),
  "a wrapper": (model) => withSession(model, { sessionId: "g" }).invoke("hi"),
  generate: (model) => model.generate([[["user", "hi"]]], { sessionId: "h" }),
  batch: (model) => model.batch(["hi"], { sessionId: "i" }),
};

/** Calls whose cache key in ChatOpenAI has more than the prompt. */
const KEYED: Record<string, (model: ChatOpenAI) => Promise<unknown>> = {
  invoke: (model) => model.invoke("hi"),
  "call options": (model) => model.invoke("hi", { stop: ["."], seed: 1, options: { headers: { "x-call": "1" } } }),
  "a RunnableConfig": (model) => model.invoke("hi", { tags: ["t"], metadata: { m: 1 }, configurable: { c: 1 } }),
  "bound options": (model) => model.withConfig({ stop: ["."] }).invoke("hi"),
  "bound tools": (model) => model.bindTools([{ type: "function", function: { name: "clock" } }]).invoke("hi"),
  generate: (model) => model.generate([[["user", "hi"]]], ["."]),
};

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  it.each(Object.entries(CALLS))("a call with %s hits the cached answer of another session's call", async (_, call) => {
    const cache = new InMemoryCache();
    const { inSession } = threeModels(gateway.current, { useResponsesApi, cache });
    await inSession.invoke("hi", { sessionId: "first" });
    await call(inSession);
    expect(sessions(gateway.current)).toEqual(["first"]);
  });

  it("a cached answer is the same as ChatOpenAI's", async () => {
    const cache = new InMemoryCache();
    const { plain, inSession } = threeModels(gateway.current, { useResponsesApi, cache });
    await plain.invoke("hi");
    const expected = await plain.invoke("hi");
    expect(comparable(await inSession.invoke("hi"))).toEqual(comparable(expected));
    expect(gateway.current.requests).toHaveLength(1);
  });

  it.each(Object.entries(KEYED))("%s: the cache key is ChatOpenAI's", async (_, call) => {
    const keys = async (which: "plain" | "sessionless" | "inSession") => {
      const cache = new KeyRecorder();
      await call(threeModels(gateway.current, { useResponsesApi, cache })[which]);
      return cache.keys;
    };
    const expected = await keys("plain");
    expect(expected).toHaveLength(1);
    expect(await keys("sessionless")).toEqual(expected);
    expect(await keys("inSession")).toEqual(expected);
  });

  it("ChatOpenAI hits the answers that SessionChatOpenAI cached", async () => {
    const { plain, inSession } = threeModels(gateway.current, { useResponsesApi, cache: new InMemoryCache() });
    const answer = await inSession.invoke("hi");
    const hit = await plain.invoke("hi");
    expect(hit.content).toEqual(answer.content);
    expect(gateway.current.requests).toHaveLength(1);
  });

  it("the cache key contains extraBody, because it changes the request", async () => {
    const { inSession } = threeModels(gateway.current, { useResponsesApi, cache: new InMemoryCache() });
    const calls = [{}, { extraBody: { guardrails: ["a"] } }, { extraBody: { guardrails: ["b"] } }];
    for (const options of [...calls, ...calls]) await inSession.invoke("hi", options);
    for (const options of calls) await inSession.withConfig(options).invoke("hi");
    expect(gateway.current.requests.map(({ body }) => body.guardrails)).toEqual([undefined, ["a"], ["b"]]);
  });
});
