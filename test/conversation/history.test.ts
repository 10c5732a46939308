import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  ChatMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  continueResponse,
  findLastResponse,
  isResponseId,
  STAMP_KEY,
  writeMessage,
} from "../../src/conversation/history.js";

const user = (content: string) => new HumanMessage(content);

function answer(id: unknown, fields: object = {}): AIMessage {
  return new AIMessage({ content: "yes", ...fields, response_metadata: { id, [STAMP_KEY]: "stamp" } });
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
    [
      "the last answer",
      [answer("resp_1"), user("a"), answer("resp_2"), user("b")],
      { index: 2, id: "resp_2", stamp: "stamp" },
    ],
    [
      "the last that has an id",
      [answer("resp_1"), user("a"), new AIMessage("b")],
      { index: 0, id: "resp_1", stamp: "stamp" },
    ],
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

describe("continueResponse", () => {
  const response = { index: 1, id: "resp_1", stamp: "" };
  const call = { id: "call_1", name: "t", args: {} };

  it("continueResponse returns the messages after the response", () => {
    expect(continueResponse([user("a"), answer("resp_1"), user("b"), user("c")], response)).toEqual({
      previousResponseId: "resp_1",
      messages: [user("b"), user("c")],
    });
  });

  it.each<[string, BaseMessage[]]>([
    ["no message follows the response", [user("a"), answer("resp_1")]],
    ["a tool call is open", [user("a"), answer("resp_1", { tool_calls: [call] }), user("b")]],
  ])("continueResponse returns undefined if %s", (_, messages) => {
    expect(continueResponse(messages, response)).toBeUndefined();
  });
});

describe("writeMessage", () => {
  const call = (fields: object) =>
    new AIMessage({ content: "", tool_calls: [{ id: "c", name: "t", args: {}, ...fields }] });
  const role = (name: string) => new ChatMessage({ role: name, content: "a" });
  const kwargs = (additional_kwargs: Record<string, unknown>) => new AIMessage({ content: "a", additional_kwargs });
  const metadata = (response_metadata: Record<string, unknown>) => new AIMessage({ content: "a", response_metadata });
  const tool = (fields: object) => new ToolMessage({ content: "", tool_call_id: "c", ...fields });
  const text = (value: string) => [{ type: "text", text: value }];

  it.each<[string, BaseMessage, BaseMessage]>([
    ["content", user("a"), user("b")],
    ["a block of content", new HumanMessage({ content: text("a") }), new HumanMessage({ content: text("b") })],
    ["role", user("a"), new SystemMessage("a")],
    ["role of a ChatMessage", role("developer"), role("user")],
    ["name of a question", user("a"), new HumanMessage({ content: "a", name: "n" })],
    ["tool call's id", call({}), call({ id: "d" })],
    ["tool call's name", call({}), call({ name: "u" })],
    ["tool call's arguments", call({}), call({ args: { x: 1 } })],
    ["tool call's type, by which ChatOpenAI knows a custom tool", call({}), call({ type: "tool_call" })],
    ["the presence of tool calls", call({}), new AIMessage("")],
    ["an invalid tool call", new AIMessage(""), new AIMessage({ content: "", invalid_tool_calls: [{ args: "{" }] })],
    ["the id of the answered call", tool({}), tool({ tool_call_id: "d" })],
    ["status of a tool message", tool({ status: "success" }), tool({ status: "error" })],
    ["customTool", tool({}), tool({ additional_kwargs: { customTool: {} } })],
    ["refusal", kwargs({ refusal: "no" }), kwargs({ refusal: "yes" })],
    ["reasoning", kwargs({ reasoning: { summary: text("a") } }), kwargs({ reasoning: { summary: text("b") } })],
    ["tool_outputs", kwargs({ tool_outputs: [{ code: "a" }] }), kwargs({ tool_outputs: [{ code: "b" }] })],
    ["output", metadata({ output: [{ type: "a" }] }), metadata({ output: [{ type: "b" }] })],
    ["output_version", user("a"), new HumanMessage({ content: "a", response_metadata: { output_version: "v1" } })],
    ["model_provider", metadata({ model_provider: "openai" }), metadata({ model_provider: "anthropic" })],
    ["response status", metadata({ status: "completed" }), metadata({ status: "incomplete" })],
    ["bytes of a picture", kwargs({ data: new Uint8Array([1]) }), kwargs({ data: new Uint8Array([2]) })],
    ["a BigInt", kwargs({ n: 1n }), kwargs({ n: 1 })],
    ["a lone surrogate", user("\ud800"), user("\ufffd")],
    ["a boxed string", kwargs({ a: new String("a") }), kwargs({ a: new String("b") })],
    ["a key __proto__", kwargs(JSON.parse('{"__proto__":{"a":1}}')), kwargs(JSON.parse('{"__proto__":{"a":2}}'))],
    [
      "which of two long texts stands where",
      new HumanMessage({ content: [...text("a".repeat(99)), ...text("b".repeat(99)), ...text("a".repeat(99))] }),
      new HumanMessage({ content: [...text("a".repeat(99)), ...text("b".repeat(99)), ...text("b".repeat(99))] }),
    ],
  ])("writeMessage differs by %s", (_, one, other) => {
    expect(writeMessage(one)).not.toBe(writeMessage(other));
  });

  it.each<[string, BaseMessage, BaseMessage]>([
    ["a message's id", new HumanMessage({ content: "a", id: "1" }), new HumanMessage({ content: "a", id: "2" })],
    ["the name of an answer", new AIMessage("a"), new AIMessage({ content: "a", name: "agent" })],
    ["the response id and the stamp", metadata({ id: "resp_1", [STAMP_KEY]: "a" }), metadata({ id: "resp_2" })],
    ["the class of a joined stream", new AIMessage("a"), new AIMessageChunk("a")],
    ["the order of keys", call({ args: { a: 1, b: { c: 2, d: 3 } } }), call({ args: { b: { d: 3, c: 2 }, a: 1 } })],
    ["what JSON leaves out", kwargs({ a: undefined, b: () => 1 }), kwargs({})],
    ["a Date before and after JSON", kwargs({ a: new Date(0) }), kwargs({ a: "1970-01-01T00:00:00.000Z" })],
    ["numbers that JSON has no word for", kwargs({ a: Number.NaN, b: -0 }), kwargs({ a: null, b: 0 })],
    ["toJSON", kwargs({ a: { toJSON: () => [1] } }), kwargs({ a: [1] })],
    ["the prototype", kwargs({ a: Object.assign(Object.create(null), { b: 1 }) }), kwargs({ a: { b: 1 } })],
    ["undefined in a list", kwargs({ a: [undefined, 1] }), kwargs({ a: [null, 1] })],
  ])("writeMessage does not depend on %s", (_, one, other) => {
    expect(writeMessage(one)).toBe(writeMessage(other));
  });

  it.each<[string, () => unknown]>([
    [
      "contains itself",
      () => {
        const value: Record<string, unknown> = {};
        value.self = value;
        return value;
      },
    ],
    ["is nested 100,000 levels deep", () => Array.from({ length: 100_000 }).reduce((inner) => [inner], [])],
    [
      "has a getter that throws",
      () => ({
        get a() {
          throw new Error("a");
        },
      }),
    ],
  ])("writeMessage throws for a value that %s", (_, make) => {
    expect(() => writeMessage(kwargs({ a: make() }))).toThrow();
  });

  it("writeMessage is the same exactly for values of the same JSON", () => {
    const value = fc.jsonValue({ depthSize: "small" });
    fc.assert(
      fc.property(value, value, (one, other) => {
        const write = (a: unknown) => writeMessage(kwargs({ a }));
        expect(write(one)).toBe(write(JSON.parse(JSON.stringify(one))));
        expect(write(one) === write(other)).toBe(sortedJson(one) === sortedJson(other));
      }),
    );
  });

  it("writeMessage differs for any two lists of texts, also if one text has the format of another's", () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('"1:a', "^0", "[", "],", ";\n", "b".repeat(70)));
    const texts = fc.array(piece, { maxLength: 4 });
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        const [a, b] = [one, other].map((each) => each.map((content) => writeMessage(user(content))).join(""));
        expect(a === b).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });
});

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))
      : Object.is(each, -0)
        ? 0
        : each,
  );
}
