import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { areAnswered, isContinuable, isRefusal, pendingCalls } from "../../src/response_chain.js";

describe("pendingCalls", () => {
  const output = (...items: unknown[]) => new AIMessage({ content: "", response_metadata: { output: items } });

  it.each<[string, AIMessage, string[]]>([
    ["none", new AIMessage("a"), []],
    [
      "tool calls",
      new AIMessage({
        content: "",
        tool_calls: [
          { id: "1", name: "t", args: {} },
          { id: "2", name: "t", args: {} },
        ],
      }),
      ["1", "2"],
    ],
    ["malformed calls", new AIMessage({ content: "", invalid_tool_calls: [{ id: "1", name: "t", args: "{" }] }), ["1"]],
    ["custom calls", output({ type: "custom_tool_call", call_id: "1" }), ["1"]],
    ["computer calls", output({ type: "computer_call", call_id: "1" }), ["1"]],
    ["function calls of the output", output({ type: "function_call", call_id: "1" }), ["1"]],
    [
      "what the provider runs itself",
      output({ type: "web_search_call", id: "ws_1" }, { type: "mcp_call", id: "1", call_id: "1" }),
      [],
    ],
    ["junk", output(null, 1, "x", {}, { type: "function_call" }, { type: "function_call", call_id: 1 }), []],
    ["an output that is no list", new AIMessage({ content: "", response_metadata: { output: "x" } }), []],
    [
      "each once",
      new AIMessage({
        content: "",
        tool_calls: [{ id: "1", name: "t", args: {} }],
        response_metadata: { output: [{ type: "function_call", call_id: "1" }] },
      }),
      ["1"],
    ],
    [
      "calls without an id",
      new AIMessage({
        content: "",
        tool_calls: [
          { name: "t", args: {} },
          { id: "", name: "t", args: {} },
        ],
      }),
      [],
    ],
  ])("pendingCalls returns the ids of %s", (_, message, calls) => {
    expect(pendingCalls(message)).toEqual(calls);
  });

  it.each<[string[], string[], boolean]>([
    [[], [], true],
    [["1"], [], false],
    [["1"], ["1"], true],
    [["1", "2"], ["2"], false],
    [["1", "2"], ["2", "3", "1"], true],
  ])("areAnswered of the calls %j with answers to %j is %s", (calls, answers, are) => {
    const messages = [
      new HumanMessage("x"),
      ...answers.map((tool_call_id) => new ToolMessage({ content: "", tool_call_id })),
    ];
    expect(areAnswered(calls, messages)).toBe(are);
  });
});

it.each<[Parameters<typeof isContinuable>, boolean]>([
  [[{}, false], true],
  [[{}, true], false],
  [[{ store: true }, false], true],
  [[{ store: false }, false], false],
  [[{ store: null }, false], true],
  [[{ conversation: "conv_1" }, false], false],
  [[{ conversation: { id: "conv_1" } }, false], false],
  [[{ conversation: null }, false], true],
])("isContinuable(%j): %s", (given, is) => {
  expect(isContinuable(...given)).toBe(is);
});

describe("isRefusal", () => {
  const wrapped = (inner: object) =>
    `400 litellm.BadRequestError: OpenAIException - ${JSON.stringify({ error: inner })}. Received Model Group=m`;

  it.each<[string, unknown, boolean]>([
    ["OpenAI's code", { status: 400, code: "previous_response_not_found", message: "400 x" }, true],
    ["OpenAI's param", { status: 400, param: "previous_response_id", message: "400 unsupported" }, true],
    ["LiteLLM's text", { status: 400, code: "400", message: wrapped({ code: "previous_response_not_found" }) }, true],
    ["the id in the text", { status: 404, message: "404 resp_1 does not exist" }, true],
    [
      "another key's",
      {
        status: 403,
        message: "403 Forbidden. The response id is not associated with the user, who this key belongs to",
      },
      true,
    ],
    ["another 400", { status: 400, code: "invalid_value", param: "input", message: "400 Invalid value" }, false],
    [
      "an open tool call",
      { status: 400, param: "input", message: "400 No tool output found for function call call_1." },
      false,
    ],
    ["another 403", { status: 403, message: "403 key not allowed to access model" }, false],
    ["another 404", { status: 404, code: "model_not_found", message: "404 The model does not exist" }, false],
    ["401", { status: 401, message: "401 previous_response_id" }, false],
    ["408", { status: 408, message: "408 previous_response_not_found" }, false],
    ["429", { status: 429, code: "previous_response_not_found", message: "429 resp_1" }, false],
    ["500", { status: 500, param: "previous_response_id", message: "500 resp_1" }, false],
    ["an error without a status", { message: "resp_1" }, false],
    ["a message that is no string", { status: 400, message: ["resp_1"] }, false],
    ["nothing", undefined, false],
    ["null", null, false],
    ["a string", "previous_response_not_found", false],
  ])("isRefusal decides by status, code and message: %s", (_, error, is) => {
    expect(isRefusal(error, "resp_1")).toBe(is);
  });
});
