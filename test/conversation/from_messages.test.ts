import { AIMessage, type BaseMessage, ChatMessage, HumanMessage, SystemMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { SessionChatOpenAIFields } from "../../src/index.js";
import { ENTRY_POINTS, responseId, sentTurns, summarizeItems } from "../support/conversation.js";
import { textItem } from "../support/gateway/responses_api.js";
import { type Json, sendJson } from "../support/gateway/server.js";
import { connection, modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const chaining = (fields?: SessionChatOpenAIFields) =>
  modelFor(gateway.current, { usePreviousResponseId: true, ...fields });

describe.each(ENTRY_POINTS)("$name", ({ fields, ask }) => {
  it("each turn sends only its new messages", async () => {
    const model = chaining(fields);
    const history: BaseMessage[] = [];
    for (const text of ["one", "two", "three"]) {
      history.push(new HumanMessage(text));
      history.push(await ask(model, history));
    }
    const [first, second, third] = history.filter((message) => message.getType() === "ai");
    expect(sentTurns(gateway.current)).toEqual([
      { previousResponseId: undefined, input: ["user: one"] },
      { previousResponseId: responseId(first as BaseMessage), input: ["user: two"] },
      { previousResponseId: responseId(second as BaseMessage), input: ["user: three"] },
    ]);
    expect(summarizeItems(gateway.current.responses.conversation(responseId(third as BaseMessage)))).toEqual([
      "user: one",
      "assistant: reply to 1 messages",
      "user: two",
      "assistant: reply to 3 messages",
      "user: three",
      "assistant: reply to 5 messages",
    ]);
  });

  it("a turn continues by the id in the last event of the stream", async () => {
    gateway.current.responses.wrapsIdsAnew = true;
    const model = chaining(fields);
    const question = new HumanMessage("one");
    const answer = await ask(model, [question]);
    await ask(model, [question, answer, new HumanMessage("two")]);
    const wrap = gateway.current.requests[0]?.body.stream ? /^resp_wrap1_\w+$/ : /^resp_wrap0_\w+$/;
    expect(sentTurns(gateway.current)[1]).toEqual({
      previousResponseId: expect.stringMatching(wrap),
      input: ["user: two"],
    });
  });

  it("an answer of one model object can be continued by another", async () => {
    const question = new HumanMessage("one");
    const answer = await ask(chaining(fields), [question]);
    await ask(chaining(fields), [question, answer, new HumanMessage("two")]);
    expect(sentTurns(gateway.current)[1]).toEqual({ previousResponseId: responseId(answer), input: ["user: two"] });
  });

  it("reasoning that the provider stores is not sent again", async () => {
    const reasoning = { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm." }] };
    gateway.current.responses.outputs.push([reasoning, textItem("fine")]);
    const model = chaining(fields);
    const question = new HumanMessage("one");
    const answer = await ask(model, [question]);
    const last = await ask(model, [question, answer, new HumanMessage("two")]);
    expect(sentTurns(gateway.current)[1]?.input).toEqual(["user: two"]);
    expect(summarizeItems(gateway.current.responses.conversation(responseId(last))).slice(0, 3)).toEqual([
      "user: one",
      "reasoning",
      "assistant: fine",
    ]);
  });
});

it("usePreviousResponseId selects /responses, unless useResponsesApi is false", async () => {
  const answer = await chaining().invoke("one");
  const chat = chaining({ useResponsesApi: false, sessionId: "s" });
  await chat.invoke([new HumanMessage("one"), answer, new HumanMessage("two")]);
  expect(gateway.current.requests.map(({ path }) => path)).toEqual(["/responses", "/chat/completions"]);
  const { body } = gateway.current.requests[1] ?? {};
  expect([body?.messages, body?.previous_response_id]).toEqual([expect.objectContaining({ length: 3 }), undefined]);
});

it("one answer can be continued twice", async () => {
  const model = chaining();
  const start = [new HumanMessage("one")];
  const answer = await model.invoke(start);
  const forks = await model.batch(["left", "right"].map((text) => [...start, answer, new HumanMessage(text)]));
  expect(
    sentTurns(gateway.current)
      .slice(1)
      .map(({ previousResponseId }) => previousResponseId),
  ).toEqual([responseId(answer), responseId(answer)]);
  for (const [index, text] of ["left", "right"].entries()) {
    expect(summarizeItems(gateway.current.responses.conversation(responseId(forks[index] as BaseMessage)))).toEqual([
      "user: one",
      "assistant: reply to 1 messages",
      `user: ${text}`,
      "assistant: reply to 3 messages",
    ]);
  }
});

it("system and developer messages at the start are sent once", async () => {
  const model = chaining();
  const developer = () => new ChatMessage({ role: "developer", content: "Be kind." });
  const start = () => [new SystemMessage("Be brief."), developer(), new HumanMessage("one")];
  const answer = await model.invoke(start());
  await model.invoke([...start(), answer, developer(), new HumanMessage("two")]);
  expect(sentTurns(gateway.current)).toEqual([
    { previousResponseId: undefined, input: ["system: Be brief.", "developer: Be kind.", "user: one"] },
    { previousResponseId: responseId(answer), input: ["developer: Be kind.", "user: two"] },
  ]);
});

it("messages that were inserted after the answer are sent with the next question", async () => {
  const model = chaining();
  const question = new HumanMessage("one");
  const answer = await model.invoke([question]);
  await model.invoke([question, answer, new HumanMessage("two"), new AIMessage("by hand"), new HumanMessage("three")]);
  expect(sentTurns(gateway.current)[1]).toEqual({
    previousResponseId: responseId(answer),
    input: ["user: two", "assistant: by hand", "user: three"],
  });
});

it("an answer of withStructuredOutput is continued", async () => {
  const model = chaining();
  const schema = z.object({ word: z.string() });
  const question = new HumanMessage("one");
  const { raw } = await model.withStructuredOutput(schema, { includeRaw: true }).invoke([question]);
  await model.invoke([question, raw, new HumanMessage("two")]);
  expect(sentTurns(gateway.current)[1]).toEqual({ previousResponseId: responseId(raw), input: ["user: two"] });
});

describe("what is not continued", () => {
  const WHOLE = { previousResponseId: undefined };

  it("a history without an answer of /responses is sent as a whole", async () => {
    const chat = await modelFor(gateway.current, { useResponsesApi: false }).invoke("one");
    for (const answer of [chat, new AIMessage("by hand"), new AIMessage({ content: "x", id: "resp_1" })]) {
      await chaining().invoke([new HumanMessage("one"), answer, new HumanMessage("two")]);
    }
    expect(sentTurns(gateway.current).slice(1)).toMatchObject([WHOLE, WHOLE, WHOLE]);
    expect(
      sentTurns(gateway.current)
        .map(({ input }) => input.length)
        .slice(1),
    ).toEqual([3, 3, 3]);
  });

  it("a history that ends with the answer is sent as a whole", async () => {
    const question = new HumanMessage("one");
    const answer = await chaining().invoke([question]);
    await chaining().invoke([question, answer]);
    expect(sentTurns(gateway.current)[1]).toEqual({
      previousResponseId: undefined,
      input: ["user: one", "assistant: reply to 1 messages"],
    });
  });

  it("a response id in a human message is ignored", async () => {
    const spoof = new HumanMessage({ content: "one", response_metadata: { id: "resp_spoofed" } });
    await chaining().invoke([spoof, new HumanMessage("two")]);
    expect(sentTurns(gateway.current)).toEqual([{ previousResponseId: undefined, input: ["user: one", "user: two"] }]);
  });
});

it.each(ENTRY_POINTS)(
  "an answer of a plain ChatOpenAI is sent with the whole history: $name",
  async ({ fields, ask }) => {
    const plain = new ChatOpenAI({ ...connection(gateway.current), ...fields, useResponsesApi: true });
    const answer = await ask(plain, "one");
    await chaining().invoke([new HumanMessage("one"), answer, new HumanMessage("two")]);
    expect(responseId(answer)).toMatch(/^resp_/);
    expect(sentTurns(gateway.current)[1]).toEqual({
      previousResponseId: undefined,
      input: ["user: one", "assistant: reply to 1 messages", "user: two"],
    });
  },
);

it("the previous_response_id inside an answer is never sent: it is the provider's id, not the proxy's", async () => {
  gateway.current.respond(({ body }, response) => {
    if (body.previous_response_id === undefined) return undefined;
    const output: Json[] = [textItem("two")];
    const answer = {
      id: "resp_second",
      status: "completed",
      model: "m",
      previous_response_id: "resp_of_provider",
      output,
    };
    sendJson(response, 200, { ...answer, object: "response", created_at: 1, usage: null });
    return true;
  });
  const model = chaining();
  const history: BaseMessage[] = [];
  for (const text of ["one", "two", "three"]) {
    history.push(new HumanMessage(text));
    history.push(await model.invoke(history));
  }
  expect(sentTurns(gateway.current)[2]?.previousResponseId).toBe("resp_second");
});
