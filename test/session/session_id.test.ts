import { RunnableLambda } from "@langchain/core/runnables";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  getSessionId,
  newSessionId,
  SessionCallbackHandler,
  type SessionChatOpenAI,
  SessionIdError,
  withSession,
} from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** Invalid ids, and how an error shows them. */
const INVALID: readonly [name: string, value: unknown, shown: string][] = [
  ["a line break", "a\nb", '"a\\nb"'],
  ["a NUL", "a\0", '"a\\u0000"'],
  ["DEL", "a\x7f", '"a'],
  ["a C1 control character", "a\x85b", '"a'],
  ["a lone high surrogate", "a\ud83d", '"a\\ud83d"'],
  ["a lone low surrogate", "\ude00a", '"\\ude00a"'],
  ["1,025 characters", "x".repeat(1025), '"xxxxx'],
  ["true", true, "true"],
  ["an array", ["a"], "an array"],
  ["an object", { toString: () => "a" }, "a value of type object"],
  ["a String object", Object("a"), "a value of type object"],
  ["a function", () => "a", "a value of type function"],
  ["1,025 characters of two units each", "😀".repeat(1025), '"😀'],
  ["a symbol", Symbol("a"), "a value of type symbol"],
  ["a bigint", 42n, "a value of type bigint"],
  ["NaN", Number.NaN, "NaN"],
  ["Infinity", Number.POSITIVE_INFINITY, "Infinity"],
];

/** Sources of an id, with their names in an error. A number is a valid id only in `configurable`. */
const SOURCES: readonly [name: string, call: (model: SessionChatOpenAI, id: never) => unknown][] = [
  ['call option "sessionId"', (model, sessionId) => model.invoke("hi", { sessionId })],
  ['call option "sessionId"', (model, sessionId) => model.withConfig({ sessionId }).invoke("hi")],
  ['call option "sessionId"', (model, sessionId) => model.bindTools([], { sessionId }).stream("hi")],
  ["withSession(sessionId)", (model, sessionId) => model.withSession(sessionId)],
  ["configurable.sessionId", (model, sessionId) => model.invoke("hi", { configurable: { sessionId } })],
  ["configurable.session_id", (model, session_id) => model.stream("hi", { configurable: { session_id } })],
  [
    "configurable.sessionId",
    (model, sessionId) => RunnableLambda.from(() => model.invoke("hi")).invoke("hi", { configurable: { sessionId } }),
  ],
  ['field "sessionId"', (_, sessionId) => modelFor(gateway.current, { sessionId })],
  ['SessionCallbackHandler field "sessionId"', (_, sessionId) => new SessionCallbackHandler({ sessionId })],
  [
    "SessionCallbackHandler.sessionId",
    (model, sessionId) =>
      model.invoke("hi", { callbacks: [Object.assign(new SessionCallbackHandler(), { sessionId })] }),
  ],
  ['RunnableWithSession field "sessionId"', (model, id) => withSession(model, { sessionId: () => id }).invoke("hi")],
  ['call option "sessionId"', (model, sessionId) => withSession(model).invoke("hi", { sessionId })],
  ['call option "sessionId"', (model, sessionId) => withSession(model).withConfig({ sessionId }).invoke("hi")],
  [
    "configurable.session_id",
    (model, session_id) => withSession(model).batch(["hi"], { configurable: { session_id } }),
  ],
  ["configurable.sessionId", (_, sessionId) => getSessionId({ configurable: { sessionId } })],
];

describe.each(SOURCES)("an invalid id from %s", (source, call) => {
  it.each(INVALID)("an invalid session id throws before a request is sent: %s", async (_, value, shown) => {
    const error = await caught(async () => call(modelFor(gateway.current), value as never));
    expect(SessionIdError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ name: "SessionIdError", code: "INVALID_SESSION_ID" });
    expect(String(error)).toContain(`from ${source}: expected a string of 1 to 1,024 characters, well-formed Unicode`);
    expect(String(error)).toContain(`got ${shown}`);
    expect(gateway.current.requests).toEqual([]);
  });
});

describe("an error about an id", () => {
  it("the message of a SessionIdError is short and on one line, for any value", async () => {
    for (const [, value] of INVALID) {
      const message = String(await caught(() => new SessionCallbackHandler({ sessionId: value as string })));
      expect(message).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(message.length).toBeLessThan(250);
    }
  });

  it("an invalid LITELLM_SESSION_ID throws in the constructor, unless the field sessionId is set", () => {
    vi.stubEnv("LITELLM_SESSION_ID", "a\nb");
    expect(() => modelFor(gateway.current, { sessionId: undefined })).toThrow(
      /^Invalid session id from environment variable LITELLM_SESSION_ID: expected .*, got "a\\nb"\.$/,
    );
    modelFor(gateway.current, { sessionId: "own" });
    modelFor(gateway.current, { sessionId: false });
  });

  it("an invalid sessionId of a wrapper throws in its constructor", () => {
    const bound = RunnableLambda.from(() => "hi");
    for (const sessionId of ["a\n", 42, true] as string[]) {
      expect(() => withSession(bound, { sessionId })).toThrow(SessionIdError);
    }
  });

  it("an invalid id rejects a stream, its events and its input of a batch, while the other inputs succeed", async () => {
    const model = modelFor(gateway.current);
    const sessionId = "a\n";
    await expect(model.stream("hi", { sessionId })).rejects.toThrow(SessionIdError);
    await expect(withSession(model).stream("hi", { sessionId })).rejects.toThrow(SessionIdError);
    await expect(collect(model.streamEvents("hi", { version: "v2", sessionId }))).rejects.toThrow(SessionIdError);
    await expect(collect(model.streamLog("hi", { sessionId }))).rejects.toThrow(SessionIdError);
    expect(() => model.streamEvents("hi", { sessionId })).toThrow(SessionIdError);
    const configs = [{ sessionId }, { sessionId: "good" }];
    const [bad, good] = await model.batch(["hi", "hi"], configs, { returnExceptions: true });
    expect([SessionIdError.isInstance(bad), SessionIdError.isInstance(good)]).toEqual([true, false]);
    expect(sessions(gateway.current)).toEqual(["good"]);
  });

  it("an invalid thread_id or metadata value is ignored instead of throwing", async () => {
    const model = modelFor(gateway.current, { sessionId: undefined });
    const made = model.sessionId;
    for (const [, value] of INVALID) {
      await model.invoke("hi", { configurable: { thread_id: value }, metadata: { session_id: value } });
    }
    await model.invoke("hi", { metadata: { session_id: "a\n", thread_id: 42, conversation_id: "next" } });
    expect(sessions(gateway.current)).toEqual([...INVALID.map(() => made), "next"]);
  });

  it("SessionIdError.isInstance recognises errors of another copy of the package, and nothing else", async () => {
    vi.resetModules();
    const copy = await import("../../src/index.js");
    expect(copy.SessionIdError).not.toBe(SessionIdError);
    const error = await caught(async () => new copy.SessionCallbackHandler({ sessionId: "a\n" }));
    expect(error instanceof SessionIdError).toBe(false);
    expect([SessionIdError.isInstance(error), copy.SessionIdError.isInstance(error)]).toEqual([true, true]);
    const others = [new Error("INVALID_SESSION_ID"), { code: "INVALID_SESSION_ID" }, undefined, null, "error", 42];
    for (const other of others) expect(SessionIdError.isInstance(other)).toBe(false);
  });
});

describe("an id", () => {
  it.each([
    ["of one character", "a"],
    ["of 1,024 characters", "x".repeat(1024)],
    ["of 1,024 characters of two units each", "😀".repeat(1024)],
    ["with spaces at its ends", " a "],
    ["in any script", "søk/日本語 😀 \u200b\u2028"],
    ["that looks like something else", '{"a":1}'],
    ["that is a number's text", "42"],
  ])("the session id %s is sent unchanged", async (_, sessionId) => {
    await modelFor(gateway.current).invoke("hi", { sessionId });
    const [request] = gateway.current.requests;
    expect([request?.body.litellm_session_id, request?.body.litellm_trace_id]).toEqual([sessionId, sessionId]);
  });

  it("isSessionId accepts every well-formed string without control characters, and no other string", async () => {
    const isId = (text: string) => {
      try {
        return new SessionCallbackHandler({ sessionId: text }).sessionId === text;
      } catch {
        return false;
      }
    };
    const unit = fc.oneof(fc.integer({ min: 0, max: 0xa0 }), fc.integer({ min: 0xd7ff, max: 0xe000 }), fc.nat(0xffff));
    const text = fc.array(unit, { minLength: 1, maxLength: 4 }).map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(text, (text) => {
        const isWellFormed = Buffer.from(text, "utf8").toString("utf8") === text;
        const hasControl = [...text].some((c) => c < " " || (c >= "\x7f" && c <= "\x9f"));
        expect(isId(text)).toBe(isWellFormed && !hasControl);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("newSessionId", () => {
  it("newSessionId returns UUIDv7 strings that sort by creation", () => {
    const ids = Array.from({ length: 2000 }, () => newSessionId());
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    const madeAt = Number.parseInt((ids[0] as string).replaceAll("-", "").slice(0, 12), 16);
    expect(Math.abs(Date.now() - madeAt)).toBeLessThan(60_000);
  });
});

/** The error that `act` throws. */
async function caught(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}
