import { type BaseMessage, HumanMessage, SystemMessage } from "@langchain/core/messages";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableLambda } from "@langchain/core/runnables";
import { InMemoryStore } from "@langchain/core/stores";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  SessionCallbackHandler,
  type SessionChatOpenAI,
  type SessionChatOpenAIFields,
  withSession,
} from "../src/index.js";
import { Gateway } from "./support/gateway.js";
import { asked, ENTRIES, inShort, responseId } from "./support/responses.js";
import { modelOf, useGateway } from "./support/session.js";

const gateway = useGateway();

let store: InMemoryStore<string>;

beforeEach(() => {
  store = new InMemoryStore();
});

const remembering = (fields?: SessionChatOpenAIFields) => modelOf(gateway.current, { responseStore: store, ...fields });

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const key of store.yieldKeys()) found.push(key);
  return found;
}

describe.each(ENTRIES)("$name", ({ fields, ask }) => {
  it("two requests of a session are two lines of code", async () => {
    const conversation = remembering(fields).withSession("story");
    const first = await ask(conversation, "Write a story.");
    const second = await ask(conversation, "Now tell me more.");
    expect(asked(gateway.current)).toEqual([
      { after: undefined, input: ["user: Write a story."] },
      { after: responseId(first), input: ["user: Now tell me more."] },
    ]);
    expect(inShort(gateway.current.responses.conversation(responseId(second)))).toEqual([
      "user: Write a story.",
      "assistant: reply to 1 messages",
      "user: Now tell me more.",
      "assistant: reply to 3 messages",
    ]);
  });

  it("continues by the id in the last event", async () => {
    gateway.current.responses.wrapsIdsAnew = true;
    const conversation = remembering(fields).withSession("story");
    await ask(conversation, "one");
    await ask(conversation, "two");
    const wrap = gateway.current.requests[0]?.body.stream ? /^resp_wrap1_\w+$/ : /^resp_wrap0_\w+$/;
    expect(asked(gateway.current)[1]?.after).toMatch(wrap);
  });

  it("keeps sessions apart that talk at the same time", async () => {
    const model = remembering(fields);
    const sessions = ["a", "b", "c"];
    const last = await Promise.all(
      sessions.map(async (sessionId) => {
        let answer: BaseMessage | undefined;
        for (const turn of [1, 2, 3]) answer = await ask(model, `${sessionId}${turn}`, { sessionId });
        return answer as BaseMessage;
      }),
    );
    for (const [index, sessionId] of sessions.entries()) {
      const said = inShort(gateway.current.responses.conversation(responseId(last[index] as BaseMessage)));
      expect(said.filter((item) => item.startsWith("user"))).toEqual(
        [1, 2, 3].map((turn) => `user: ${sessionId}${turn}`),
      );
    }
    expect(gateway.current.requests).toHaveLength(9);
  });

  it("history in the messages goes before the store, and what it leads to is remembered", async () => {
    const conversation = remembering(fields).withSession("story");
    const question = new HumanMessage("one");
    const answer = await ask(conversation, [question]);
    const other = await ask(conversation, "another");
    const forked = await ask(conversation, [question, answer, new HumanMessage("two")]);
    const edited = await ask(conversation, [new HumanMessage("ONE"), answer, new HumanMessage("two")]);
    await ask(conversation, "three");
    expect(asked(gateway.current)).toEqual([
      { after: undefined, input: ["user: one"] },
      { after: responseId(answer), input: ["user: another"] },
      { after: responseId(answer), input: ["user: two"] },
      { after: undefined, input: ["user: ONE", "assistant: reply to 1 messages", "user: two"] },
      { after: responseId(edited), input: ["user: three"] },
    ]);
    expect(new Set([answer, other, forked, edited].map(responseId)).size).toBe(4);
  });
});

describe("which sessions have a conversation", () => {
  /** Two calls in a session that comes from one source. */
  const twice = async (call: (text: string) => Promise<unknown>) => {
    await call("one");
    await call("two");
    const second = asked(gateway.current)[1];
    expect(second?.input.at(-1)).toBe("user: two");
    return { isContinued: second?.after !== undefined, isKept: (await keys()).length > 0 };
  };

  it.each<[string, (model: SessionChatOpenAI) => (text: string) => Promise<unknown>]>([
    ["a call option", (model) => (text) => model.invoke(text, { sessionId: "s" })],
    ["withSession", (model) => (text) => model.withSession("s").invoke(text)],
    [
      "withSession's new id",
      (model) => {
        const own = model.withSession();
        return (text) => own.invoke(text);
      },
    ],
    ["configurable.sessionId", (model) => (text) => model.invoke(text, { configurable: { sessionId: "s" } })],
    ["configurable.session_id", (model) => (text) => model.invoke(text, { configurable: { session_id: 7 } })],
    [
      "a handler",
      (model) => {
        const callbacks = [new SessionCallbackHandler()];
        return (text) => model.invoke(text, { callbacks });
      },
    ],
    [
      "the constructor",
      () => {
        const model = remembering({ sessionId: "s" });
        return (text) => model.invoke(text);
      },
    ],
    ["thread_id", (model) => (text) => model.invoke(text, { configurable: { thread_id: "t" } })],
    ["metadata", (model) => (text) => model.invoke(text, { metadata: { conversation_id: "t" } })],
    [
      "a wrapper",
      (model) => (text) =>
        withSession(
          RunnableLambda.from(() => model.invoke(text)),
          { sessionId: "s" },
        ).invoke(""),
    ],
    [
      "a chain's config",
      (model) => (text) =>
        ChatPromptTemplate.fromTemplate("{text}")
          .pipe(model)
          .invoke({ text }, { configurable: { sessionId: "s" } }),
    ],
  ])("one from %s has", async (_, callOf) => {
    expect(await twice(callOf(remembering()))).toEqual({ isContinued: true, isKept: true });
  });

  it.each<[string, () => SessionChatOpenAI]>([
    ["made for the model object", () => remembering({ sessionId: undefined })],
    [
      "of the environment",
      () => {
        vi.stubEnv("LITELLM_SESSION_ID", "shared");
        return remembering({ sessionId: undefined });
      },
    ],
    ["that is none", () => remembering({ sessionId: false })],
    ["that a call has switched off", () => remembering({ sessionId: "s" }).withConfig({ sessionId: false })],
  ])("one %s has not: strangers may share it", async (_, modelWith) => {
    const model = modelWith();
    expect(await twice((text) => model.invoke(text))).toEqual({ isContinued: false, isKept: false });
    for (const { ask } of ENTRIES) await ask(model, "more");
    expect(asked(gateway.current).map(({ after }) => after)).toEqual(gateway.current.requests.map(() => undefined));
    expect(await keys()).toEqual([]);
  });

  it("a wrapper's new id is a new conversation each time", async () => {
    const model = remembering();
    const wrapped = withSession(
      RunnableLambda.from(async (text: string) => [await model.invoke(text), await model.invoke("more")]),
    );
    await wrapped.invoke("one");
    await wrapped.invoke("two");
    const after = asked(gateway.current).map(({ after }) => typeof after);
    expect(after).toEqual(["undefined", "string", "undefined", "string"]);
  });
});

it("keeps one entry a session and model: the id, the model, open tool calls; and nobody's key", async () => {
  const call = { type: "function_call", id: "fc_1", call_id: "call_1", name: "t", arguments: "{}" };
  gateway.current.responses.outputs.push([call]);
  const answer = await remembering({ apiKey: "sk-secret" }).invoke("one", { sessionId: "Gespräch: 会話" });
  const [key, ...more] = await keys();
  expect(more).toEqual([]);
  expect(key).toMatch(/^litellm-session:v1:[0-9a-f]{64}:Gespräch: 会話$/);
  const [value] = await store.mget([key as string]);
  expect(JSON.parse(value as string)).toEqual({ id: responseId(answer), model: "gpt-4o", pendingCalls: ["call_1"] });
});

it("each model has its own conversation in a session, and so has each proxy", async () => {
  const calls = [remembering(), remembering({ model: "gpt-4o-mini" }), remembering({ modelKwargs: { model: "o3" } })];
  for (const model of [...calls, ...calls]) await model.invoke("hi", { sessionId: "s" });
  await calls[0]?.invoke("hi", { sessionId: "s", extraBody: { model: "o3" } });
  const ids = gateway.current.requests.map(({ body }) => [body.model, typeof body.previous_response_id]);
  expect(ids).toEqual([
    ["gpt-4o", "undefined"],
    ["gpt-4o-mini", "undefined"],
    ["o3", "undefined"],
    ["gpt-4o", "string"],
    ["gpt-4o-mini", "string"],
    ["o3", "string"],
    ["o3", "string"],
  ]);
  const other = await Gateway.start();
  await modelOf(other, { responseStore: store }).invoke("hi", { sessionId: "s" });
  expect(asked(other)).toEqual([{ after: undefined, input: ["user: hi"] }]);
  await other.stop();
});

it("starts afresh where the entry has expired, without a word", async () => {
  const warn = vi.spyOn(console, "warn");
  const conversation = remembering().withSession("s");
  await conversation.invoke("one");
  await store.mdelete(await keys());
  const answer = await conversation.invoke([new SystemMessage("Be brief."), new HumanMessage("two")]);
  await conversation.invoke("three");
  expect(asked(gateway.current)).toEqual([
    { after: undefined, input: ["user: one"] },
    { after: undefined, input: ["system: Be brief.", "user: two"] },
    { after: responseId(answer), input: ["user: three"] },
  ]);
  expect(warn).not.toHaveBeenCalled();
});
