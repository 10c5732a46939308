import type { Serialized } from "@langchain/core/load/serializable";
import { type Runnable, RunnableLambda } from "@langchain/core/runnables";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { getSessionId, RunnableWithSession, withSession } from "../../src/index.js";
import { collect, failingRunnable } from "../support/runnables.js";
import { skipRetryDelays } from "../support/sessions.js";

beforeEach(() => {
  vi.restoreAllMocks();
  skipRetryDelays();
});

/** An id that a wrapper generated. */
const NEW = expect.stringMatching(/^[0-9a-f-]{36}$/);

/** Ways to retry, each with two attempts. */
const RETRIES: Record<string, (wrapper: RunnableWithSession, bound: Runnable) => Runnable> = {
  withRetry: (wrapper) => wrapper.withRetry({ stopAfterAttempt: 2 }),
  "withConfig, withRetry": (wrapper) => wrapper.withConfig({ tags: ["x"] }).withRetry({ stopAfterAttempt: 2 }),
  "withRetry, withConfig": (wrapper) => wrapper.withRetry({ stopAfterAttempt: 2 }).withConfig({ tags: ["x"] }),
  "withRetry, withRetry": (wrapper) => wrapper.withRetry({ stopAfterAttempt: 1 }).withRetry({ stopAfterAttempt: 2 }),
  withFallbacks: (wrapper, bound) => wrapper.withFallbacks([bound]),
  "withFallbacks in fields": (wrapper, bound) => wrapper.withFallbacks({ fallbacks: [bound] }),
  "withFallbacks of a wrapper": (wrapper, bound) => wrapper.withFallbacks([withSession(bound)]),
  "withConfig, withFallbacks": (wrapper, bound) => wrapper.withConfig({ tags: ["x"] }).withFallbacks([bound]),
  "withFallbacks, withConfig": (wrapper, bound) => wrapper.withFallbacks([bound]).withConfig({ tags: ["x"] }),
  "withFallbacks, withListeners": (wrapper, bound) => wrapper.withFallbacks([bound]).withListeners({}),
  "withListeners, withRetry": (wrapper) => wrapper.withListeners({}).withRetry({ stopAfterAttempt: 2 }),
  "withListeners, withFallbacks": (wrapper, bound) => wrapper.withListeners({}).withFallbacks([bound]),
  "withRetry, withFallbacks": (wrapper, bound) => wrapper.withRetry({ stopAfterAttempt: 1 }).withFallbacks([bound]),
  "withFallbacks, withRetry": (wrapper) => wrapper.withFallbacks([]).withRetry({ stopAfterAttempt: 2 }),
};

describe.each(Object.entries(RETRIES))("%s", (name, retrying) => {
  it("all attempts run in one session, which is resolved once and passed to onSession once", async () => {
    const { seen, bound } = failingRunnable();
    const onSession = vi.fn();
    const given = vi.fn(() => undefined);
    const runnable = retrying(new RunnableWithSession({ bound, onSession, sessionId: given }), bound);
    const id = await runnable.invoke("hi");
    expect(id).toEqual(NEW);
    expect(seen).toEqual([id, id]);
    expect(onSession.mock.calls.map(([told]) => told)).toEqual([id]);
    expect(await runnable.invoke("other")).not.toBe(id);
  });

  it("all attempts use the session of the wrapper, of the call, or of an outer wrapper", async () => {
    const { seen, bound } = failingRunnable();
    await retrying(withSession(bound, { sessionId: "own" }), bound).invoke("hi");
    await retrying(withSession(bound), bound).invoke("other", { configurable: { sessionId: "call" } });
    const around = RunnableLambda.from((input: unknown) => retrying(withSession(bound), bound).invoke(input));
    await withSession(around, { sessionId: "around" }).invoke("third");
    expect(seen).toEqual(["own", "own", "call", "call", "around", "around"]);
  });

  it("all attempts for one input of a batch run in one session", async () => {
    const { seen, bound } = failingRunnable();
    const runnable = retrying(withSession(bound), bound);
    const [a, b] = await runnable.batch(["a", "b"], [{}, { configurable: { sessionId: "b" } }]);
    expect([a, b]).toEqual([NEW, "b"]);
    expect([...seen].sort()).toEqual([a, a, "b", "b"].sort());
  });

  it("all attempts of a stream run in one session", async () => {
    const { seen, bound } = failingRunnable(name.includes("Fallbacks") && !name.endsWith("withRetry") ? 1 : 0);
    const chunks = await collect(await retrying(withSession(bound), bound).stream("hi"));
    expect(chunks).toEqual([NEW]);
    expect(new Set(seen)).toEqual(new Set(chunks));
  });

  it("a stream uses the session of the implicit config's metadata, also if the call passes other metadata", async () => {
    const { seen, bound } = failingRunnable(0);
    const runnable = retrying(new RunnableWithSession({ bound }), bound);
    const body = RunnableLambda.from(async () => collect(await runnable.stream("hi", { metadata: { other: 1 } })));
    await body.invoke("x", { metadata: { conversation_id: "around" } });
    expect(seen).toEqual(["around"]);
  });
});

describe("withRetry and withFallbacks", () => {
  it("withRetry, withFallbacks and withListeners return a wrapper with the same id around LangChain's own", async () => {
    const { bound } = failingRunnable(0);
    const wrapper = withSession(bound, { sessionId: "own" });
    for (const made of [wrapper.withRetry(), wrapper.withFallbacks([bound]), wrapper.withListeners({})]) {
      expect(made).toBeInstanceOf(RunnableWithSession);
      expect(await made.invoke("hi")).toBe("own");
    }
  });

  it("withRetry and withFallbacks of a wrapper have LangChain's names in a trace", async () => {
    const { bound } = failingRunnable(0);
    const namesOf = async (retrying: (runnable: Runnable) => Runnable, runnable: Runnable) => {
      const names: unknown[] = [];
      const handleChainStart = ({ id }: Serialized, ...rest: unknown[]) => void names.push([id.at(-1), rest[6]]);
      await retrying(runnable).invoke("hi", { callbacks: [{ handleChainStart }] });
      return names;
    };
    for (const retrying of [(it: Runnable) => it.withRetry(), (it: Runnable) => it.withFallbacks([bound])]) {
      expect(await namesOf(retrying, withSession(bound))).toEqual(await namesOf(retrying, bound));
    }
  });

  it("withRetry and withFallbacks stop after the configured attempts and throw LangChain's error", async () => {
    for (const attempts of [1, 2, 3]) {
      const { seen, bound } = failingRunnable(10);
      const failed: unknown[] = [];
      const onFailedAttempt = (_: unknown, input: unknown) => void failed.push(input);
      const retry = withSession(bound).withRetry({ stopAfterAttempt: attempts, onFailedAttempt });
      await expect(retry.invoke("hi")).rejects.toThrow("not yet");
      expect([seen.length, failed.length]).toEqual([attempts, attempts]);
    }
    const { seen, bound } = failingRunnable(10);
    await expect(withSession(bound).withFallbacks([bound, bound]).invoke("hi")).rejects.toThrow("not yet");
    expect(new Set(seen).size).toBe(1);
    expect(seen).toHaveLength(3);
  });

  it("withRetry retries only the failed inputs of a batch, each in its session, and returns errors with returnExceptions", async () => {
    const { seen, bound } = failingRunnable(0);
    let isFirst = true;
    const once = RunnableLambda.from((input: string) => {
      if (input === "b" && isFirst) {
        isFirst = false;
        seen.push(getSessionId());
        throw new Error("not yet");
      }
      return bound.invoke(input);
    });
    const configs = ["a", "b", "c"].map((sessionId) => ({ configurable: { sessionId } }));
    expect(await withSession(once).withRetry().batch(["a", "b", "c"], configs)).toEqual(["a", "b", "c"]);
    expect([...seen].sort()).toEqual(["a", "b", "b", "c"]);
    const always = failingRunnable(10);
    const retry = withSession(always.bound).withRetry({ stopAfterAttempt: 2 });
    expect(await retry.batch(["a"], {}, { returnExceptions: true })).toMatchObject([{ message: "not yet" }]);
  });

  it.each<[string, (fallback: RunnableWithSession) => Runnable]>([
    ["as it is", (fallback) => fallback],
    ["with retries", (fallback) => fallback.withRetry()],
    ["with listeners", (fallback) => fallback.withListeners({})],
    ["with bound config", (fallback) => fallback.withConfig({ tags: ["x"] })],
    ["with a fallback", (fallback) => fallback.withFallbacks([fallback])],
  ])("a fallback that is a wrapper with its own sessionId keeps its session: %s", async (_, change) => {
    const { seen, bound } = failingRunnable();
    const onSession = vi.fn();
    const fallback = change(new RunnableWithSession({ bound, sessionId: "fallback's", onSession }));
    await withSession(bound, { sessionId: "own" }).withFallbacks([fallback]).invoke("hi");
    expect(seen).toEqual(["own", "fallback's"]);
    expect(onSession.mock.calls.map(([id]) => id)).toEqual(["fallback's"]);
  });

  it("a fallback receives the config that is bound to the wrapper, as everything inside the wrapper", async () => {
    const tags: unknown[] = [];
    const failing = RunnableLambda.from(() => {
      throw new Error("always");
    });
    const fallback = RunnableLambda.from((_: unknown, config) => {
      tags.push(config.tags);
      return config.configurable?.bound ?? "none";
    });
    const wrapper = withSession(failing as Runnable).withConfig({ tags: ["bound"], configurable: { bound: 1 } });
    expect(await wrapper.withFallbacks([fallback]).invoke({})).toBe(1);
    expect(tags).toEqual([["bound"]]);
  });

  it.each<[string, (wrapper: RunnableWithSession, bound: Runnable) => Runnable]>([
    ["withRetry", (wrapper) => wrapper.withRetry()],
    ["withFallbacks", (wrapper, bound) => wrapper.withFallbacks([bound])],
    ["withListeners", (wrapper) => wrapper.withListeners({})],
  ])("withRetry and withFallbacks notify each handler of a run once: %s", async (_, retrying) => {
    const { bound } = failingRunnable(0);
    const named = bound.withConfig({ runName: "bound" });
    const told = async (run: (callbacks: object[]) => Promise<unknown>) => {
      const runs: [id: unknown, name: unknown][] = [];
      await run([{ handleChainStart: (...args: unknown[]) => void runs.push([args[2], args[7]]) }]);
      expect(new Set(runs.map(([id]) => id)).size).toBe(runs.length);
      return runs.filter(([, name]) => name === "bound").length;
    };
    const counts = [
      await told((callbacks) => retrying(withSession(named).withConfig({ callbacks }), named).invoke("hi")),
      await told((callbacks) => retrying(withSession(named), named).invoke("hi", { callbacks })),
      await told((callbacks) => retrying(withSession(named), named).withConfig({ callbacks }).batch(["hi"])),
      await told(async (callbacks) => collect(await retrying(withSession(named), named).stream("hi", { callbacks }))),
    ];
    expect(counts).toEqual([1, 1, 1, 1]);
  });

  it("withFallbacks tries the fallback after the wrapper's bound timeout", async () => {
    let attempts = 0;
    const slowAtFirst = RunnableLambda.from(async () => {
      attempts += 1;
      await new Promise((resolve) => setTimeout(resolve, attempts === 1 ? 5_000 : 0));
      return "done";
    });
    const wrapper = withSession(slowAtFirst as Runnable).withConfig({ timeout: 100 });
    expect(await wrapper.withFallbacks([slowAtFirst]).invoke({})).toBe("done");
  });
});
