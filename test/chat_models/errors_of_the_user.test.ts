import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { ChatOpenAI } from "@langchain/openai";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SessionBudgetError } from "../../src/index.js";
import { sendJson } from "../support/gateway/server.js";
import { describeError, ENDPOINTS, threeModels } from "../support/like_chat_openai.js";
import { collect } from "../support/runnables.js";
import { modelFor, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

afterEach(() => {
  vi.restoreAllMocks();
});

class ReadonlyError extends Error {
  get sessionId() {
    return "the user's own";
  }
}

/** Objects of the user. Each test makes its own. */
const MADE: Record<string, () => object> = {
  "an error": () => new Error("stop"),
  "an AbortError": () => Object.assign(new Error("stop"), { name: "AbortError" }),
  "a frozen error": () => Object.freeze(new Error("stop")),
  "an error whose sessionId has only a getter": () => new ReadonlyError("stop"),
  "a plain object": () => ({ why: "stop" }),
};

const thrownBy = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => expect.fail("nothing was thrown"),
    (error: unknown) => error,
  );

const CALLS: Record<string, (model: ChatOpenAI, options: object) => Promise<unknown>> = {
  invoke: (model, options) => model.invoke("hi", options),
  stream: (model, options) => collect(model.stream("hi", options)),
  batch: (model, options) => model.batch(["hi"], options),
  "streamEvents v3": (model, options) => collect(model.streamEvents("hi", options)),
};

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  const model = (fields = {}) => modelFor(gateway.current, { useResponsesApi, ...fields });

  describe.each(Object.entries(CALLS).filter(([name]) => name !== "streamEvents v3"))("%s", (_, call) => {
    it.each(Object.entries(MADE))("%s that two sessions abort with stays as it is", async (_, make) => {
      const reason = make();
      const before = Object.getOwnPropertyDescriptors(reason);
      for (const sessionId of ["a", "b"]) {
        const controller = new AbortController();
        gateway.current.respond(() => {
          controller.abort(reason);
          return new Promise<boolean>(() => {});
        });
        await thrownBy(call(model(), { sessionId, signal: controller.signal }));
        const signal = AbortSignal.abort(reason);
        const thrown = await thrownBy(call(model(), { sessionId, signal }));
        if (reason instanceof Error) expect(thrown).toBe(reason); // LangChain replaces what is no error.
      }
      const { stack: _1, ...after } = Object.getOwnPropertyDescriptors(reason) as Record<string, unknown>;
      const { stack: _2, ...expected } = before as Record<string, unknown>;
      expect(after).toEqual(expected);
    });
  });

  it.each(Object.entries(MADE).filter(([, make]) => make() instanceof Error))(
    "%s that onFailedAttempt throws is the error of the call, as it is",
    async (_, make) => {
      const own = make();
      gateway.current.failNext(500, { message: "no" });
      const failing = model({
        onFailedAttempt: () => {
          throw own;
        },
      });
      expect(await thrownBy(failing.invoke("hi", { sessionId: "a" }))).toBe(own);
      expect(Object.hasOwn(own, "sessionId")).toBe(false);
    },
  );

  it.each(Object.entries(MADE))("%s that a callback throws is the error of the call, as it is", async (_, make) => {
    const own = make();
    const handler = BaseCallbackHandler.fromMethods({
      handleLLMNewToken() {
        throw own;
      },
    });
    handler.raiseError = true;
    handler.awaitHandlers = true;
    const call = collect(model().stream("hi", { sessionId: "a", callbacks: [handler] }));
    expect(await thrownBy(call)).toBe(own);
    expect(Object.hasOwn(own, "sessionId")).toBe(false);
  });

  it("onFailedAttempt learns of a budget error, and the error that it throws is that of the call", async () => {
    const own = new Error("mine");
    const seen: unknown[] = [];
    gateway.current.failNext(429, { message: "Session budget exceeded for session a" }, { "retry-after": "1" });
    const failing = model({
      maxRetries: 2,
      onFailedAttempt: (error: unknown) => {
        seen.push(SessionBudgetError.isInstance(error));
        throw own;
      },
    });
    expect(await thrownBy(failing.invoke("hi"))).toBe(own);
    expect(seen).toEqual([true]);
    expect(gateway.current.requests).toHaveLength(1);
  });

  it("a budget error that onFailedAttempt freezes is the error of the call, and not retried", async () => {
    skipRetryDelays();
    gateway.current.respond((_, response) => {
      sendJson(response, 429, { error: { message: "Session budget exceeded for session a" } }, { "retry-after": "1" });
      return true;
    });
    const onFailedAttempt = (error: unknown) => void Object.freeze(error);
    const error = await thrownBy(model({ maxRetries: 2, onFailedAttempt }).invoke("hi"));
    expect(error).toMatchObject({ status: 429, limit: "budget" });
    expect(gateway.current.requests).toHaveLength(1);
  });

  it.each([
    {
      headers: { "x-a": "1" },
      name: "RateLimitCapacityError",
      rateLimitType: "capacity",
      rateLimitReason: "headerless_429",
    },
    { headers: { "retry-after": "0" }, name: "Error", rateLimitType: "wait", rateLimitReason: "retry_after_hint" },
    {
      headers: { "retry-after": "1000" },
      name: "RateLimitCapacityError",
      rateLimitType: "capacity",
      rateLimitReason: "retry_after_too_large",
    },
  ] as { headers: Record<string, string>; name: string; rateLimitType: string; rateLimitReason: string }[])(
    "a budget error with $headers is named and classified as ChatOpenAI's: $name, $rateLimitType",
    async ({ headers, ...expected }) => {
      const { plain, inSession } = threeModels(gateway.current, { useResponsesApi });
      const refused = (model: ChatOpenAI) => {
        gateway.current.failNext(429, { message: "Max iterations exceeded for session a", code: "429" }, headers);
        return thrownBy(model.invoke("hi"));
      };
      const plainError = await refused(plain);
      const error = await refused(inSession);
      expect(plainError).toMatchObject(expected);
      expect(error).toMatchObject(expected);
      expect(describeError(error)).toEqual(describeError(plainError));
      expect(error).toMatchObject({ limit: "iterations" });
      expect(SessionBudgetError.isInstance(error)).toBe(true);
    },
  );

  it.each(["stream", "streamEvents v3"])("an event that is null is ChatOpenAI's error in %s", async (name) => {
    gateway.current.respond((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).end("data: null\n\ndata: [DONE]\n\n");
      return true;
    });
    const { plain, inSession, sessionless } = threeModels(gateway.current, { useResponsesApi });
    const outcome = (model: ChatOpenAI) =>
      Promise.resolve(CALLS[name]?.(model, {})).then(
        () => "no error",
        (error: unknown) => describeError(error),
      );
    const expected = await outcome(plain);
    expect(await outcome(sessionless)).toEqual(expected);
    expect(await outcome(inSession)).toEqual(expected);
  });
});
