import { load } from "@langchain/core/load";
import {
  type BaseMessage,
  HumanMessage,
  mapChatMessagesToStoredMessages,
  mapStoredMessagesToChatMessages,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import type { SessionChatOpenAIFields } from "../../src/index.js";
import { ENTRY_POINTS, responseId, sentTurns } from "../support/conversation.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const chaining = (fields?: SessionChatOpenAIFields) =>
  modelFor(gateway.current, { usePreviousResponseId: true, ...fields });

/** Through JSON and back, as in a database. Some databases change the order of keys. */
const ROUND_TRIPS: Record<string, (messages: BaseMessage[]) => BaseMessage[] | Promise<BaseMessage[]>> = {
  "stored messages": (messages) =>
    mapStoredMessagesToChatMessages(throughJson(mapChatMessagesToStoredMessages(messages))),
  "stored messages, their keys in another order": (messages) =>
    mapStoredMessagesToChatMessages(reordered(throughJson(mapChatMessagesToStoredMessages(messages)))),
  load: (messages) => load(JSON.stringify(messages)),
  "load, the keys in another order": (messages) => load(JSON.stringify(reordered(throughJson(messages)))),
};

function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

function reordered<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reordered) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, each]) => [key, reordered(each)])) as T;
}

describe.each(ENTRY_POINTS)("$name", ({ fields, ask }) => {
  it.each(Object.entries(ROUND_TRIPS))("a history is continued after a round trip through %s", async (_, trip) => {
    const model = chaining(fields);
    const call = { type: "function_call", id: "fc_1", call_id: "call_1", name: "look_up" };
    gateway.current.responses.outputs.push([{ ...call, arguments: '{"b":1,"a":{"d":2,"c":3}}' }]);
    const picture = { type: "image_url", image_url: { url: "data:image/png;base64,AA==", detail: "low" } };
    let history: BaseMessage[] = [
      new SystemMessage("Be brief."),
      new HumanMessage({ content: [{ type: "text", text: "Look: " }, picture] }),
    ];
    history = await trip([...history, await ask(model, history)]);
    history = await trip([...history, new ToolMessage({ content: "found", tool_call_id: "call_1" })]);
    history = await trip([...history, await ask(model, history)]);
    history = await trip([...history, new HumanMessage("two")]);
    await ask(model, history);
    expect(sentTurns(gateway.current)).toEqual([
      { previousResponseId: undefined, input: ["system: Be brief.", "user: Look: input_image"] },
      { previousResponseId: responseId(history[2] as BaseMessage), input: ["output: found"] },
      { previousResponseId: responseId(history[4] as BaseMessage), input: ["user: two"] },
    ]);
  });
});

describe("LangGraph's checkpointer", () => {
  const graph = (checkpointer: MemorySaver) =>
    new StateGraph(MessagesAnnotation)
      .addNode("model", async ({ messages }) => ({ messages: [await chaining().invoke(messages)] }))
      .addEdge(START, "model")
      .compile({ checkpointer });
  const thread = { configurable: { thread_id: "t" } };

  it("a thread in LangGraph's checkpointer is continued, also by another graph object", async () => {
    const checkpointer = new MemorySaver();
    for (const text of ["one", "two", "three"]) {
      await graph(checkpointer).invoke({ messages: [new HumanMessage(text)] }, thread);
    }
    const { messages } = (await graph(checkpointer).getState(thread)).values;
    expect(sentTurns(gateway.current)).toEqual([
      { previousResponseId: undefined, input: ["user: one"] },
      { previousResponseId: responseId(messages[1]), input: ["user: two"] },
      { previousResponseId: responseId(messages[3]), input: ["user: three"] },
    ]);
  });

  it("a run from an earlier checkpoint continues the answer of that checkpoint", async () => {
    const checkpointer = new MemorySaver();
    const app = graph(checkpointer);
    await app.invoke({ messages: [new HumanMessage("one")] }, thread);
    const { config, values } = await app.getState(thread);
    await app.invoke({ messages: [new HumanMessage("two")] }, thread);
    await app.invoke({ messages: [new HumanMessage("another two")] }, config);
    expect(sentTurns(gateway.current)[2]).toEqual({
      previousResponseId: responseId(values.messages[1]),
      input: ["user: another two"],
    });
  });
});
