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
  ])("is the id that a config names, or undefined where it names none", (config, id) => {
    expect(getSessionId(config)).toBe(id);
  });

  it("refuses a config that names what can't be an id", () => {
    expect(() => getSessionId({ configurable: { sessionId: "a\n" } })).toThrow(SessionIdError);
  });

  it.each([
    ["a handler", () => withSession(inside), { ...around, configurable: {} }, "around"],
    ["a wrapper", () => withSession(inside, { sessionId: "wrapped" }), around, "wrapped"],
    ["configurable", () => inside, { configurable: { sessionId: "given" } }, "given"],
  ])("without an argument is the session running around it: %s", async (_, runnable, config, id) => {
    expect(await runnable().invoke({}, config)).toEqual([id, id, id]);
    expect(getSessionId()).toBeUndefined();
  });
});

/** What a tool and a lambda in it see, by their config and without. */
const ask = tool(
  async (_, config: ToolRunnableConfig) => [
    getSessionId(config),
    getSessionId(),
    await RunnableLambda.from(() => getSessionId()).invoke("hi"),
  ],
  { name: "ask", schema: z.object({}) },
);
const inside = RunnableLambda.from((_: unknown) => ask.invoke({}));
