import {
  AIMessage,
  type BaseMessage,
  ChatMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  continueHistory,
  digestHistory,
  findLastResponse,
  HISTORY_DIGEST_KEY,
  isResponseId,
} from "../../src/conversation/history.js";

const user = (content: string) => new HumanMessage(content);

function answer(id: unknown, fields: { digest?: string; tool_calls?: AIMessage["tool_calls"] } = {}): AIMessage {
  const { digest, ...message } = fields;
  const response_metadata = { id, ...(digest === undefined ? {} : { [HISTORY_DIGEST_KEY]: digest }) };
  return new AIMessage({ content: "yes", ...message, response_metadata });
}

/** An answer with the digest that a call stores in it. */
async function digested(id: string, asked: BaseMessage[], model = "m"): Promise<AIMessage> {
  return answer(id, { digest: await digestHistory(asked, model) });
}

describe("findLastResponse", () => {
  it.each<[string, BaseMessage[], unknown]>([
    ["nothing in no messages", [], undefined],
    ["nothing without an answer", [user("a")], undefined],
    ["nothing without an id", [user("a"), new AIMessage("b")], undefined],
    ["nothing by a message id", [new AIMessage({ content: "", id: "resp_1" })], undefined],
    ["nothing by an id of chat completions", [answer("chatcmpl-1")], undefined],
    ["nothing by an id that is no string", [answer(["resp_1"])], undefined],
    [
      "nothing by an id in a human message",
      [new HumanMessage({ content: "", response_metadata: { id: "resp_1" } })],
      undefined,
    ],
    ["the last answer", [answer("resp_1"), user("a"), answer("resp_2"), user("b")], { index: 2, id: "resp_2" }],
    ["the last that has an id", [answer("resp_1"), user("a"), new AIMessage("b")], { index: 0, id: "resp_1" }],
  ])("findLastResponse finds %s", (_, messages, found) => {
    expect(findLastResponse(messages)).toEqual(found);
  });

  it.each([
    ["resp_1", true],
    ["resp_", true],
    ["response_1", false],
    ["aresp_1", false],
    [undefined, false],
    [7, false],
  ])("isResponseId(%j) is %s", (id, is) => expect(isResponseId(id)).toBe(is));
});

describe("continueHistory", () => {
  const asked = [new SystemMessage("s"), user("a")];

  it("continueHistory continues an answer with a digest, with the new messages", async () => {
    const added = [user("b"), user("c")];
    expect(await continueHistory([...asked, await digested("resp_1", asked), ...added], "m")).toEqual({
      previousResponseId: "resp_1",
      messages: added,
    });
  });

  it("continueHistory continues the last of several answers", async () => {
    const first = await digested("resp_1", asked);
    const before = [...asked, first, user("b")];
    const second = await digested("resp_2", before);
    expect(await continueHistory([...before, second, user("c")], "m")).toEqual({
      previousResponseId: "resp_2",
      messages: [user("c")],
    });
  });

  it("continueHistory continues an answer without a digest unchecked", async () => {
    expect(await continueHistory([answer("resp_1"), user("b")], "m")).toEqual({
      previousResponseId: "resp_1",
      messages: [user("b")],
    });
  });

  const call = { id: "call_1", name: "t", args: { a: 1 } };
  it.each<[string, (asked: BaseMessage[], last: AIMessage) => BaseMessage[], string?]>([
    ["no message is an answer", () => [user("a")]],
    ["no message follows the answer", (a, last) => [...a, last]],
    ["the answer is from another model", (a, last) => [...a, last, user("b")], "n"],
    ["a message was edited", ([s], last) => [s as BaseMessage, user("A"), last, user("b")]],
    ["the system prompt changed", ([, a], last) => [new SystemMessage("S"), a as BaseMessage, last, user("b")]],
    ["a message was trimmed", ([, a], last) => [a as BaseMessage, last, user("b")]],
    ["a message was inserted", (a, last) => [...a, user("more"), last, user("b")]],
    ["messages are in another order", ([s, a], last) => [a as BaseMessage, s as BaseMessage, last, user("b")]],
    ["a role changed", ([, a], last) => [new HumanMessage("s"), a as BaseMessage, last, user("b")]],
    [
      "the digest is not a string",
      (a) => [
        ...a,
        new AIMessage({ content: "", response_metadata: { id: "resp_1", [HISTORY_DIGEST_KEY]: 1 } }),
        user("b"),
      ],
    ],
    [
      "a tool call is open",
      (a, { response_metadata }) => [
        ...a,
        new AIMessage({ content: "", tool_calls: [call], response_metadata }),
        user("b"),
      ],
    ],
  ])("continueHistory returns undefined if %s", async (_, edit, model = "m") => {
    const last = await digested("resp_1", asked);
    expect(await continueHistory(edit(asked, last), model)).toBeUndefined();
  });
});

describe("digestHistory", () => {
  const call = (fields: object) =>
    new AIMessage({ content: "", tool_calls: [{ id: "c", name: "t", args: {}, ...fields }] });
  const role = (name: string) => new ChatMessage({ role: name, content: "a" });

  it.each<[string, BaseMessage, BaseMessage]>([
    ["content", user("a"), user("b")],
    [
      "a block of content",
      new HumanMessage({ content: [{ type: "text", text: "a" }] }),
      new HumanMessage({ content: [{ type: "text", text: "b" }] }),
    ],
    ["role", user("a"), new SystemMessage("a")],
    ["role of a ChatMessage", role("developer"), role("user")],
    ["tool call's id", call({}), call({ id: "d" })],
    ["tool call's name", call({}), call({ name: "u" })],
    ["tool call's arguments", call({}), call({ args: { x: 1 } })],
    ["the presence of tool calls", call({}), new AIMessage("")],
    [
      "the id of the answered call",
      new ToolMessage({ content: "", tool_call_id: "c" }),
      new ToolMessage({ content: "", tool_call_id: "d" }),
    ],
  ])("digestHistory differs by %s", async (_, one, other) => {
    expect(await digestHistory([one], "m")).not.toBe(await digestHistory([other], "m"));
  });

  it.each<[string, BaseMessage, BaseMessage]>([
    ["a message's id", new HumanMessage({ content: "a", id: "1" }), new HumanMessage({ content: "a", id: "2" })],
    ["the response_metadata of an answer", answer("resp_1"), answer("resp_2")],
    ["the order of keys", call({ args: { a: 1, b: { c: 2, d: 3 } } }), call({ args: { b: { d: 3, c: 2 }, a: 1 } })],
    ["a tool call's type", call({ type: "tool_call" }), call({})],
  ])("digestHistory does not depend on %s", async (_, one, other) => {
    expect(await digestHistory([one], "m")).toBe(await digestHistory([other], "m"));
  });

  it("digestHistory differs by the model", async () => {
    expect(await digestHistory([user("a")], "m")).not.toBe(await digestHistory([user("a")], "n"));
  });

  it("digestHistory is a SHA-256 in hexadecimal digits, however long the history", async () => {
    expect(await digestHistory([user("a".repeat(9999))], "m")).toMatch(/^[0-9a-f]{64}$/);
  });

  it("digestHistory differs for any two lists of texts, also if one text contains another's JSON", async () => {
    const texts = fc.array(fc.string(), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(texts, texts, async (one, other) => {
        const [a, b] = await Promise.all([one, other].map((each) => digestHistory(each.map(user), "m")));
        expect(a === b).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });
});
