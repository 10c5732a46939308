import { type Runnable, RunnableLambda } from "@langchain/core/runnables";
import { describe, expect, it } from "vitest";
import { getSessionId, SessionIdError, withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";

describe("batch of a wrapper", () => {
  it.each([
    ["an error with a status", Object.assign(new Error("slow"), { status: 429 })],
    ["a string", "no error"],
    ["an object", { code: 1 }],
  ])("returns %s as it was thrown, like the batch of the bound runnable", async (_, thrown) => {
    const bound = RunnableLambda.from((input: string) => {
      if (input === "b") throw thrown;
      return input;
    });
    const before = JSON.stringify({ ...Object(thrown) });
    const options = { returnExceptions: true };
    const outputs = await withSession(bound as Runnable).batch(["a", "b"], {}, options);
    expect(outputs[0]).toBe("a");
    expect(outputs[1]).toBe(thrown);
    expect(JSON.stringify({ ...Object(outputs[1]) })).toBe(before);
    expect(await bound.batch(["a", "b"], {}, options)).toEqual(outputs);
  });

  it.each<[string, (wrapper: Runnable) => Runnable]>([
    ["of the wrapper", (wrapper) => wrapper],
    ["of a retry of the wrapper", (wrapper) => wrapper.withRetry()],
  ])("runs at most as many calls at once as the bound maxConcurrency says: %s", async (_, change) => {
    let running = 0;
    let most = 0;
    const bound = RunnableLambda.from(async (input: number) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return input;
    });
    const wrapper = change(withSession(bound as Runnable).withConfig({ maxConcurrency: 2 }));
    expect(await wrapper.batch([1, 2, 3, 4, 5])).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
    most = 0;
    await wrapper.batch([1, 2, 3], { maxConcurrency: 1 });
    expect(most).toBe(1);
  });
});

describe("an id that can't be sent", () => {
  const options = { version: "v2" as const, configurable: { sessionId: "a\nb" } };

  it.each<[string, (wrapper: Runnable) => unknown]>([
    ["invoke", (wrapper) => wrapper.invoke("x", options)],
    ["stream", (wrapper) => wrapper.stream("x", options)],
    ["batch", (wrapper) => wrapper.batch(["x"], options)],
    ["streamEvents", (wrapper) => wrapper.streamEvents("x", options)],
    ["streamLog", (wrapper) => wrapper.streamLog("x", options)],
  ])("makes %s of a wrapper fail when its result is awaited or read, and runs nothing", async (method, call) => {
    let runs = 0;
    const wrapper = withSession(RunnableLambda.from(() => ++runs) as Runnable);
    const result = call(wrapper); // Does not throw.
    const error = await (method.startsWith("stream") && method !== "stream"
      ? collect(result as AsyncIterable<unknown>)
      : (result as Promise<unknown>)
    ).catch((reason: unknown) => reason);
    expect(SessionIdError.isInstance(error)).toBe(true);
    expect(runs).toBe(0);
  });

  it("in configurable does no harm to a wrapper's call whose call option names the session", async () => {
    const wrapper = withSession(RunnableLambda.from(() => getSessionId()) as Runnable);
    expect(await wrapper.invoke("x", { sessionId: "good", configurable: { sessionId: "a\nb" } })).toBe("good");
  });
});

it("a stream of a wrapper ends after as many chunks as that of the bound runnable when the signal aborts", async () => {
  const bound = RunnableLambda.from(async function* () {
    for (let chunk = 0; ; chunk += 1) {
      yield chunk;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }) as unknown as Runnable;
  const chunksUntilAborted = async (runnable: Runnable) => {
    const controller = new AbortController();
    const chunks: unknown[] = [];
    try {
      for await (const chunk of await runnable.stream("x", { signal: controller.signal })) {
        chunks.push(chunk);
        controller.abort();
      }
    } catch (error) {
      return [chunks, (error as Error).name];
    }
    return [chunks];
  };
  expect(await chunksUntilAborted(withSession(bound))).toEqual(await chunksUntilAborted(bound));
});
