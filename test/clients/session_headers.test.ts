import { RunnableLambda } from "@langchain/core/runnables";
import { expect, it } from "vitest";
import { SessionCallbackHandler, SessionIdError, sessionHeaders, withSession } from "../../src/index.js";

const HEADER = "x-litellm-session-id";

it.each([
  ["no config", undefined, {}],
  ["an empty config", {}, {}],
  ["sessionId", { sessionId: "s" }, { [HEADER]: "s" }],
  ["sessionId: false", { sessionId: false as const, configurable: { thread_id: "t" } }, {}],
  ["an empty sessionId", { sessionId: "", configurable: { thread_id: "t" } }, { [HEADER]: "t" }],
  ["configurable", { configurable: { sessionId: "c" } }, { [HEADER]: "c" }],
  ["a handler", { callbacks: [new SessionCallbackHandler({ sessionId: "h" })] }, { [HEADER]: "h" }],
])("sessionHeaders has the session's header: %s", (_, config, expected) => {
  expect(sessionHeaders(config)).toEqual(expected);
});

it("sessionHeaders has the session of the run that calls it, for concurrent runs too", async () => {
  const lambda = RunnableLambda.from(async () => {
    await Promise.resolve();
    return sessionHeaders()[HEADER];
  });
  const ids = Array.from({ length: 20 }, (_, n) => `session-${n}`);
  expect(await Promise.all(ids.map((sessionId) => withSession(lambda, { sessionId }).invoke("")))).toEqual(ids);
});

it.each(["Gespräch", " s", "s ", "a\nb", "会話"])(
  "sessionHeaders throws for the id %j, which no header can hold",
  (id) => {
    expect(() => sessionHeaders({ sessionId: id })).toThrow(SessionIdError);
  },
);

it("sessionHeaders throws for a string in place of a config, and shows the right form", () => {
  expect(() => Reflect.apply(sessionHeaders, undefined, ["id"])).toThrow('sessionHeaders({ sessionId: "');
});
