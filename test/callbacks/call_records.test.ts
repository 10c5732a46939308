import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SessionCallbackHandler } from "../../src/index.js";
import { newHandler } from "../support/call_records.js";
import { answerLikeLiteLLM, COST } from "../support/gateway/litellm_headers.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

afterEach(() => {
  vi.useRealTimers();
});

describe("maxCalls", () => {
  it("a handler with maxCalls stores the newest calls and sums all", async () => {
    answerLikeLiteLLM(gateway.current);
    const handler = newHandler(2);
    const model = modelFor(gateway.current);
    const run = (texts: string[]) => model.batch(texts, { callbacks: [handler], maxConcurrency: 1 });
    await run(["a", "b", "c"]);
    gateway.current.failNext(400, { message: "bad field" });
    await expect(run(["d"])).rejects.toThrow("bad field");
    await run(["e"]);

    expect(handler.calls.map(({ callId }) => callId)).toEqual([undefined, "call-5"]);
    const { totalMs, ...sums } = handler.summary();
    expect(sums).toMatchObject({ calls: 5, failures: 1, inputTokens: 40, outputTokens: 20 });
    expect(sums.costUsd).toBeCloseTo(4 * COST, 12);
    const kept = handler.calls.reduce((sum, { durationMs = 0 }) => sum + durationMs, 0);
    expect(totalMs).toBeGreaterThan(kept);
  });

  it("a handler sums a call that ends after it was dropped from the list", async () => {
    answerLikeLiteLLM(gateway.current);
    const handler = newHandler(1);
    await modelFor(gateway.current).batch(["a", "b", "c"], { callbacks: [handler] });
    expect(handler.calls).toHaveLength(1);
    expect(handler.summary()).toMatchObject({ calls: 3, inputTokens: 30, costUsd: expect.closeTo(3 * COST, 12) });
  });

  it("maxCalls is 1,000 by default", () => {
    const handler = newHandler();
    for (let n = 0; n < 1_001; n += 1) start(handler, `run-${n}`);
    expect(handler.calls).toHaveLength(1_000);
    expect(handler.calls[0]?.runId).toBe("run-1");
    expect(handler.summary().calls).toBe(1_001);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("maxCalls of %s throws", (maxCalls) => {
    expect(() => newHandler(maxCalls)).toThrow(
      new TypeError(`Invalid field "maxCalls": expected a positive whole number, got ${maxCalls}.`),
    );
  });
});

describe("a handler", () => {
  it("a handler without calls has empty sums", () => {
    const handler = newHandler();
    expect(handler.calls).toEqual([]);
    expect(handler.summary()).toEqual({
      sessionId: "conversation-42",
      calls: 0,
      failures: 0,
      aborted: 0,
      inputTokens: 0,
      outputTokens: 0,
      cachedInputTokens: 0,
      costUsd: undefined,
      totalMs: 0,
      wallMs: 0,
    });
  });

  it("calls returns a copy of the list, and copy() returns the handler itself", async () => {
    const handler = newHandler();
    await modelFor(gateway.current).invoke("hi", { callbacks: [handler.copy()] });
    const { calls } = handler;
    expect(calls).toHaveLength(1);
    await modelFor(gateway.current).invoke("hi", { callbacks: [handler] });
    expect(calls).toHaveLength(1);
    expect(handler.calls).toHaveLength(2);
  });

  it("a handler ignores the end of an unknown run, and a second end", () => {
    const handler = newHandler();
    handler.handleLLMError(new Error("late"), "unseen");
    start(handler, "run");
    handler.handleLLMEnd({ generations: [] }, "run");
    handler.handleLLMError(new Error("again"), "run");
    expect(handler.calls).toMatchObject([{ runId: "run", durationMs: expect.any(Number) }]);
    expect(handler.summary()).toMatchObject({ calls: 1, failures: 0 });
  });

  it.each([
    ["an error", new TypeError("no"), "TypeError: no"],
    ["a string", "no", "no"],
    ["nothing", undefined, "undefined"],
    ["an object with a message", { message: "no" }, "Error: no"],
  ])("a handler records the error of a failed call: %s", (_, thrown, error) => {
    const handler = newHandler();
    start(handler, "run");
    handler.handleLLMError(thrown, "run");
    expect(handler.calls).toMatchObject([{ error }]);
    expect(handler.summary().failures).toBe(1);
  });

  it("a handler measures durations with a monotonic clock", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const handler = newHandler();
    gateway.current.respond(() => {
      vi.setSystemTime(new Date(Date.now() - 3_600_000));
      return undefined;
    });
    await modelFor(gateway.current).batch(["a", "b"], { callbacks: [handler], maxConcurrency: 1 });
    for (const { durationMs } of handler.calls) expect(durationMs).toBeGreaterThan(0);
    const { totalMs, wallMs } = handler.summary();
    expect(wallMs).toBeGreaterThanOrEqual(totalMs - 1);
    expect(totalMs).toBeLessThan(60_000);
  });

  it("a handler does not grow with 50,000 runs that never end", () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage: () => void = runInNewContext("gc");
    const handler = new SessionCallbackHandler({ maxCalls: 10 });
    let runs = 0;
    const heapAfter = (more: number) => {
      for (const until = runs + more; runs < until; runs += 1) start(handler, `run-${runs}`);
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = heapAfter(101_000);
    expect(heapAfter(50_000) - before).toBeLessThan(5_000_000);
    expect(handler.summary().calls).toBe(151_000);
  });
});

/** Calls handleChatModelStart as LangChain does. */
function start(handler: SessionCallbackHandler, runId: string): void {
  handler.handleChatModelStart({ lc: 1, type: "not_implemented", id: [] }, [[]], runId);
}
