import { type AIMessage, type AIMessageChunk, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { concat } from "@langchain/core/utils/stream";
import { describe, expect, it, vi } from "vitest";
import type { SessionChatOpenAI, SessionChatOpenAIFields } from "../../src/index.js";
import { ENTRY_POINTS, responseId, sentTurns } from "../support/conversation.js";
import type { StreamEnd } from "../support/gateway/responses_api.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const chaining = (fields?: SessionChatOpenAIFields) =>
  modelFor(gateway.current, { usePreviousResponseId: true, ...fields });

/** Ends after which the answer has no response id. */
const ENDS_WITHOUT_ID: StreamEnd[] = ["early", "destroyed", "failed"];

const STREAMED = ENTRY_POINTS.filter(({ name }) => name !== "invoke");

describe.each(STREAMED)("$name", ({ fields, ask }) => {
  /** The answer to a stream that ends like this. Undefined if LangChain throws, as when the connection breaks. */
  async function askInterrupted(model: SessionChatOpenAI, history: BaseMessage[], end: StreamEnd) {
    gateway.current.responses.streamEnd = end;
    const answer: AIMessage | undefined = await ask(model, history).catch(() => undefined);
    gateway.current.responses.streamEnd = "whole";
    return answer;
  }

  it.each(ENDS_WITHOUT_ID)("the turn after a stream that ended %s continues the last whole answer", async (end) => {
    const model = chaining(fields);
    const question = new HumanMessage("one");
    const first = await ask(model, [question]);
    const history = [question, first, new HumanMessage("two")];
    const cut = await askInterrupted(model, history, end);
    await ask(model, [...history, ...(cut ? [cut] : []), new HumanMessage("three")]);
    const reply = end === "destroyed" ? [] : ["assistant: reply to 3 messages"];
    expect(sentTurns(gateway.current).slice(1)).toEqual([
      { previousResponseId: responseId(first), input: ["user: two"] },
      { previousResponseId: responseId(first), input: ["user: two", ...reply, "user: three"] },
    ]);
  });

  it.each(ENDS_WITHOUT_ID)("the turn after a first stream that ended %s sends the whole history", async (end) => {
    const model = chaining(fields);
    const question = new HumanMessage("one");
    const cut = await askInterrupted(model, [question], end);
    await ask(model, [question, ...(cut ? [cut] : []), new HumanMessage("two")]);
    const reply = end === "destroyed" ? [] : ["assistant: reply to 1 messages"];
    expect(sentTurns(gateway.current)).toEqual([
      { previousResponseId: undefined, input: ["user: one"] },
      { previousResponseId: undefined, input: ["user: one", ...reply, "user: two"] },
    ]);
  });

  it("an answer whose stream ended with response.incomplete is continued: the provider has it", async () => {
    const model = chaining(fields);
    const question = new HumanMessage("one");
    const cut = (await askInterrupted(model, [question], "incomplete")) as AIMessage;
    await ask(model, [question, cut, new HumanMessage("two")]);
    expect(responseId(cut)).toMatch(/^resp_/);
    expect(sentTurns(gateway.current)[1]).toEqual({ previousResponseId: responseId(cut), input: ["user: two"] });
  });
});

/** Ways to leave a stream that never ends. */
const LEAVINGS: Record<string, (model: SessionChatOpenAI, input: BaseMessage[]) => Promise<unknown>> = {
  "a loop over chunks that breaks": async (model, input) => {
    for await (const _ of await model.stream(input)) break;
  },
  "a loop over chunks that throws": async (model, input) => {
    for await (const _ of await model.stream(input)) throw new Error("enough");
  },
  "stream.cancel()": async (model, input) => (await model.stream(input)).cancel(),
  "a reader that cancels after some chunks": async (model, input) => {
    const reader = (await model.stream(input)).getReader();
    for (let chunks = 0; chunks < 3; chunks += 1) await reader.read();
    await reader.cancel();
  },
  "a loop over streamEvents v3 that breaks": async (model, input) => {
    for await (const { event } of model.streamEvents(input)) if (event === "content-block-delta") break;
  },
  "a loop over streamEvents v2 that breaks": async (model, input) => {
    for await (const { event } of model.streamEvents(input, { version: "v2" }))
      if (event === "on_chat_model_stream") break;
  },
  "a signal, while chunks are read": async (model, input) => {
    const controller = new AbortController();
    for await (const _ of await model.stream(input, { signal: controller.signal })) controller.abort();
  },
  "a signal, during invoke": async (model, input) => {
    const controller = new AbortController();
    gateway.current.respond(() => {
      setTimeout(() => controller.abort(), 50);
      return undefined;
    });
    await model.invoke(input, { signal: controller.signal });
  },
};

it.each(Object.entries(LEAVINGS))(
  "a stream left by %s ends its request, and the next turn continues the last whole answer",
  async (name, leave) => {
    const model = chaining({ streaming: true });
    const question = new HumanMessage("one");
    const first = await model.invoke([question]);
    const history = [question, first, new HumanMessage("two")];
    gateway.current.responses.streamEnd = "open";
    await leave(model, history).catch(() => {});
    expect(gateway.current.requests).toHaveLength(2);
    // LangChain reads the events of streamEvents v3 to their end, also if nobody consumes them.
    if (!/v3/.test(name)) await vi.waitFor(() => expect(gateway.current.responses.left).toBe(1), 15_000);
    gateway.current.responses.streamEnd = "whole";
    await model.invoke([...history, new HumanMessage("three")]);
    expect(sentTurns(gateway.current)[2]).toEqual({
      previousResponseId: responseId(first),
      input: ["user: two", "user: three"],
    });
  },
);

it("chunks that were collected before a stream was left are sent as an answer without an id", async () => {
  const model = chaining();
  const question = new HumanMessage("one");
  gateway.current.responses.streamEnd = "open";
  let partial: AIMessageChunk | undefined;
  for await (const chunk of await model.stream([question])) {
    partial = partial ? concat(partial, chunk) : chunk;
    if (partial.text === "reply to ") break;
  }
  gateway.current.responses.streamEnd = "whole";
  await model.invoke([question, partial as AIMessageChunk, new HumanMessage("two")]);
  expect(sentTurns(gateway.current)[1]).toEqual({
    previousResponseId: undefined,
    input: ["user: one", "assistant: reply to ", "user: two"],
  });
});

it("an incomplete answer of a plain call is returned, and continued", async () => {
  gateway.current.respond((_, response) => {
    const answer = {
      id: "resp_half",
      object: "response",
      status: "incomplete",
      created_at: 1,
      model: "m",
      output: [],
      usage: null,
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    return true;
  });
  const model = chaining();
  const question = new HumanMessage("one");
  const answer = await model.invoke([question]);
  await model.invoke([question, answer, new HumanMessage("two")]);
  expect(sentTurns(gateway.current)[1]).toEqual({ previousResponseId: "resp_half", input: ["user: two"] });
});
