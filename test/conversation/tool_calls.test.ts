import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { areToolCallsAnswered, toolCallIds } from "../../src/conversation/tool_calls.js";

describe("toolCallIds", () => {
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
  ])("toolCallIds returns the ids of %s", (_, message, calls) => {
    expect(toolCallIds(message)).toEqual(calls);
  });

  it.each<[string[], string[], boolean]>([
    [[], [], true],
    [["1"], [], false],
    [["1"], ["1"], true],
    [["1", "2"], ["2"], false],
    [["1", "2"], ["2", "3", "1"], true],
  ])("areToolCallsAnswered of the calls %j with answers to %j is %s", (calls, answers, are) => {
    const messages = [
      new HumanMessage("x"),
      ...answers.map((tool_call_id) => new ToolMessage({ content: "", tool_call_id })),
    ];
    expect(areToolCallsAnswered(calls, messages)).toBe(are);
  });
});
