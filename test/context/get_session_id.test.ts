import { RunnableLambda } from "@langchain/core/runnables";
import { type ToolRunnableConfig, tool } from "@langchain/core/tools";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { getSessionId, SessionCallbackHandler, SessionIdError, withSession } from "../../src/index.js";

const around = { callbacks: [new SessionCallbackHandler({ sessionId: "around" })] };

describe("getSessionId", () => {
  it.each([
    [{ configurable: { sessionId: "a", thread_id: "b" } }, "a"],
    [{ configurable: { session_id: 7 } }, "7"],
    [around, "around"],
    [{ configurable: { thread_id: "b" }, metadata: { session_id: "c" } }, "b"],
    [{ metadata: { conversation_id: "c" } }, "c"],
    [{ configurable: { thread_id: "not\nan id" } }, undefined],
    [{}, undefined],
    [undefined, undefined],
  ])("getSessionId returns the id that a config sets, or undefined (case %#)", (config, id) => {
    expect(getSessionId(config)).toBe(id);
  });

  it("getSessionId throws for a config with an invalid session id", () => {
    expect(() => getSessionId({ configurable: { sessionId: "a\n" } })).toThrow(SessionIdError);
  });

  it.each([
    ["a handler", () => withSession(inside), { ...around, configurable: {} }, "around"],
    ["a wrapper", () => withSession(inside, { sessionId: "wrapped" }), around, "wrapped"],
    ["configurable", () => inside, { configurable: { sessionId: "given" } }, "given"],
  ])("getSessionId without an argument returns the active session, set by %s", async (_, runnable, config, id) => {
    expect(await runnable().invoke({}, config)).toEqual([id, id, id]);
    expect(getSessionId()).toBeUndefined();
  });
});

/** getSessionId in a tool with its config, without, and in a lambda that the tool calls. */
const ask = tool(
  async (_, config: ToolRunnableConfig) => [
    getSessionId(config),
    getSessionId(),
    await RunnableLambda.from(() => getSessionId()).invoke("hi"),
  ],
  { name: "ask", schema: z.object({}) },
);
const inside = RunnableLambda.from((_: unknown) => ask.invoke({}));
