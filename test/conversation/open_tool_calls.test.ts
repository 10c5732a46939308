import { type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { expect, it } from "vitest";
import type { SessionChatOpenAIFields } from "../../src/index.js";
import { ENTRY_POINTS, responseId, sentTurns, summarizeItems } from "../support/conversation.js";
import { textItem } from "../support/gateway/responses_api.js";
import type { Json } from "../support/gateway/server.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** Tool calls of each type, and the type of their output. */
const CALLS: Record<string, { item: Json; additional_kwargs?: Json; content?: string; output: string }> = {
  "a function": {
    item: { type: "function_call", id: "fc_1", call_id: "call_1", name: "look_up", arguments: "{}" },
    output: "function_call_output",
  },
  "a function with malformed arguments": {
    item: { type: "function_call", id: "fc_1", call_id: "call_1", name: "look_up", arguments: '{"a":' },
    output: "function_call_output",
  },
  "a custom tool": {
    item: { type: "custom_tool_call", id: "ctc_1", call_id: "call_1", name: "code", input: "print(1)" },
    additional_kwargs: { customTool: {} },
    output: "custom_tool_call_output",
  },
  "a computer": {
    item: {
      type: "computer_call",
      id: "cu_1",
      call_id: "call_1",
      action: { type: "screenshot" },
      pending_safety_checks: [],
      status: "completed",
    },
    additional_kwargs: { type: "computer_call_output" },
    output: "computer_call_output",
  },
};

const answerTo = ({ additional_kwargs = {} }: (typeof CALLS)[string]) =>
  new ToolMessage({ content: "done", tool_call_id: "call_1", additional_kwargs });

const CASES = ENTRY_POINTS.flatMap((entry) => Object.entries(CALLS).map(([what, call]) => ({ ...entry, what, call })));

const chaining = (fields?: SessionChatOpenAIFields) =>
  modelFor(gateway.current, { usePreviousResponseId: true, ...fields });

/** LangChain drops computer calls from the events of a stream, so its messages have none. */
const known = CASES.filter(({ name, what }) => what !== "a computer" || !/events$|v3$/.test(name));

it.each(known)("$name: the whole history is sent if a call of $what is open", async ({ fields, ask, call }) => {
  gateway.current.responses.outputs.push([textItem("Let me see."), call.item]);
  const model = chaining(fields);
  const question = new HumanMessage("one");
  const answer = await ask(model, [question]);
  // The provider rejects the whole history too: that error is thrown.
  await ask(model, [question, answer, new HumanMessage("two")]).catch(() => {});
  expect(sentTurns(gateway.current)).toHaveLength(2);
  expect(sentTurns(gateway.current)[1]?.previousResponseId).toBeUndefined();
  expect(sentTurns(gateway.current)[1]?.input.at(0)).toBe("user: one");
  expect(sentTurns(gateway.current)[1]?.input.at(-1)).toBe("user: two");
});

it.each(known)("$name: only the output of a call of $what is sent", async ({ fields, ask, call }) => {
  gateway.current.responses.outputs.push([textItem("Let me see."), call.item]);
  const model = chaining(fields);
  const question = new HumanMessage("one");
  const answer = await ask(model, [question]);
  const last = await ask(model, [question, answer, answerTo(call)]);
  expect(sentTurns(gateway.current)[1]).toEqual({
    previousResponseId: responseId(answer),
    input: [expect.stringMatching(/^output: /)],
  });
  expect(gateway.current.responses.conversation(responseId(last))?.[3]).toMatchObject({
    type: call.output,
    call_id: "call_1",
  });
});

it.each(ENTRY_POINTS)(
  "$name: the whole history is sent if one of two parallel calls is open",
  async ({ fields, ask }) => {
    const item = (n: number) => ({
      type: "function_call",
      id: `fc_${n}`,
      call_id: `call_${n}`,
      name: "look_up",
      arguments: "{}",
    });
    gateway.current.responses.outputs.push([item(1), item(2)]);
    const model = chaining(fields);
    const answer = await ask(model, [new HumanMessage("one")]);
    const results = [1, 2].map((n) => new ToolMessage({ content: `${n}`, tool_call_id: `call_${n}` }));
    const say = (given: BaseMessage[]) => ask(model, [new HumanMessage("one"), answer, ...given]);
    await expect(say(results.slice(0, 1))).rejects.toThrow("No tool output found");
    await say(results);
    expect(sentTurns(gateway.current).slice(1)).toEqual([
      { previousResponseId: undefined, input: ["user: one", "call: look_up", "call: look_up", "output: 1"] },
      { previousResponseId: responseId(answer), input: ["output: 1", "output: 2"] },
    ]);
  },
);

it.each(ENTRY_POINTS)(
  "$name: an open call is found even if the last event of a stream has no output",
  async ({ fields, ask }) => {
    gateway.current.responses.leavesOutOutput = true;
    const call = CALLS["a function"] as (typeof CALLS)[string];
    gateway.current.responses.outputs.push([call.item]);
    const model = chaining(fields);
    const question = new HumanMessage("one");
    const answer = await ask(model, [question]);
    await ask(model, [question, answer, new HumanMessage("two")]).catch(() => {});
    await ask(model, [question, answer, answerTo(call)]);
    expect(sentTurns(gateway.current).map(({ previousResponseId }) => previousResponseId)).toEqual([
      undefined,
      undefined,
      responseId(answer),
    ]);
  },
);

it("a tool that the provider runs itself is not an open call", async () => {
  const search = { type: "web_search_call", id: "ws_1", status: "completed" };
  gateway.current.responses.outputs.push([search, textItem("Found.")]);
  const model = chaining();
  const question = new HumanMessage("one");
  const answer = await model.invoke([question]);
  const last = await model.invoke([question, answer, new HumanMessage("two")]);
  expect(sentTurns(gateway.current)[1]).toEqual({ previousResponseId: responseId(answer), input: ["user: two"] });
  expect(summarizeItems(gateway.current.responses.conversation(responseId(last)))).toEqual([
    "user: one",
    "web_search_call",
    "assistant: Found.",
    "user: two",
    "assistant: reply to 4 messages",
  ]);
});
