import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { InMemoryStore } from "@langchain/core/stores";
import { describe, expect, it } from "vitest";
import type { SessionChatOpenAI, SessionChatOpenAICallOptions, SessionChatOpenAIFields } from "../src/index.js";
import type { Json } from "./support/gateway.js";
import { asked, ENTRIES, type Entry, inShort, responseId } from "./support/responses.js";
import { modelOf, useGateway } from "./support/session.js";

const gateway = useGateway();

const INVOKE = ENTRIES[0] as Entry;

type Options = Partial<SessionChatOpenAICallOptions>;

/** A model that continues from the messages and from the store alike. */
const both = (fields?: SessionChatOpenAIFields) =>
  modelOf(gateway.current, {
    usePreviousResponseId: true,
    responseStore: new InMemoryStore(),
    sessionId: "s",
    ...fields,
  });

/** One turn from the messages, one from the store. */
async function twoTurns(model: SessionChatOpenAI, { ask }: Entry, options?: Options): Promise<BaseMessage> {
  const answer = await ask(model, [new HumanMessage("one")], options);
  await ask(model, [new HumanMessage("one"), answer, new HumanMessage("two")], options);
  await ask(model, "three", options);
  return answer;
}

describe("nothing is chained", () => {
  const WAYS: [string, SessionChatOpenAIFields, Options?][] = [
    ["zdrEnabled", { zdrEnabled: true }],
    ["store: false in modelKwargs", { modelKwargs: { store: false } }],
    ["store: false in extraBody", {}, { extraBody: { store: false } }],
    ["store: false in extraBody, over modelKwargs", { modelKwargs: { store: true } }, { extraBody: { store: false } }],
    ["a conversation in modelKwargs", { modelKwargs: { conversation: "conv_1" } }],
    ["a conversation in extraBody", {}, { extraBody: { conversation: { id: "conv_1" } } }],
  ];

  it.each(
    WAYS.flatMap(([way, fields, options]) =>
      ENTRIES.map((entry) => ({ entry, name: entry.name, way, fields, options })),
    ),
  )("with $way: $name", async ({ entry, fields, options }) => {
    const store = new InMemoryStore<string>();
    const answer = await twoTurns(both({ responseStore: store, ...entry.fields, ...fields }), entry, options);
    expect(asked(gateway.current)).toEqual([
      { after: undefined, input: ["user: one"] },
      { after: undefined, input: ["user: one", "assistant: reply to 1 messages", "user: two"] },
      { after: undefined, input: ["user: three"] },
    ]);
    expect((await store.yieldKeys().next()).done).toBe(true);
    expect(answer.response_metadata).not.toHaveProperty("litellm_answered");
  });

  it.each<[string, SessionChatOpenAIFields, Options?]>([
    ["store: true", { modelKwargs: { store: true } }],
    ["store: true in extraBody, over modelKwargs", { modelKwargs: { store: false } }, { extraBody: { store: true } }],
    ["conversation: null", {}, { extraBody: { conversation: null } }],
  ])("but with %s it is", async (_, fields, options) => {
    const answer = await twoTurns(both(fields), INVOKE, options);
    expect(asked(gateway.current).map(({ after }) => after)).toEqual([
      undefined,
      responseId(answer),
      expect.any(String),
    ]);
  });
});

describe("a previous_response_id of the caller's", () => {
  const WAYS: Record<string, (model: SessionChatOpenAI, id: string) => [SessionChatOpenAI, Options?]> = {
    "as a call option": (model, previous_response_id) => [model, { previous_response_id }],
    bound: (model, previous_response_id) => [model.withConfig({ previous_response_id })],
    "in extraBody": (model, previous_response_id) => [model, { extraBody: { previous_response_id } }],
    "in extraBody, over the option": (model, id) => [
      model,
      { previous_response_id: "resp_0", extraBody: { previous_response_id: id } },
    ],
  };

  it.each(
    Object.entries(WAYS).flatMap(([way, giveTo]) => ENTRIES.map((entry) => ({ entry, name: entry.name, way, giveTo }))),
  )("$way wins, and the messages are sent as given: $name", async ({ entry: { fields, ask }, giveTo }) => {
    const model = both(fields);
    const first = await ask(model, "one");
    const second = await ask(model, "two");
    const [given, options] = giveTo(model, String(responseId(first)));
    const own = await ask(given, [new HumanMessage("one"), second, new HumanMessage("three")], options);
    await ask(model, "four");
    await ask(model, [new HumanMessage("three"), own, new HumanMessage("five")]);
    expect(asked(gateway.current).slice(2)).toEqual([
      { after: responseId(first), input: ["user: one", "assistant: reply to 3 messages", "user: three"] },
      { after: responseId(own), input: ["user: four"] },
      { after: responseId(own), input: ["user: five"] },
    ]);
  });

  it.each(ENTRIES)("that is refused is the caller's concern: $name", async ({ fields, ask }) => {
    const model = both(fields);
    await expect(ask(model, "one", { previous_response_id: "resp_unknown" })).rejects.toMatchObject({ status: 400 });
    expect(asked(gateway.current)).toEqual([{ after: "resp_unknown", input: ["user: one"] }]);
  });

  it("in modelKwargs wins too", async () => {
    const { response_metadata } = await both().invoke("zero");
    const model = both({ modelKwargs: { previous_response_id: response_metadata.id } });
    await twoTurns(model, INVOKE);
    expect(
      asked(gateway.current)
        .slice(1)
        .map(({ after }) => after),
    ).toEqual(Array(3).fill(response_metadata.id));
  });

  it.each<[string, SessionChatOpenAIFields, Options]>([
    ["null as a call option", {}, { previous_response_id: null }],
    ["null in extraBody", {}, { extraBody: { previous_response_id: null } }],
    ["undefined in extraBody", {}, { extraBody: { previous_response_id: undefined } }],
    ["null in modelKwargs", { modelKwargs: { previous_response_id: null } }, {}],
    ["undefined in modelKwargs", { modelKwargs: { previous_response_id: undefined } }, {}],
  ])("that is none (%s) loses nothing of the history", async (_, fields, options) => {
    const model = both(fields);
    const answer = await model.invoke("one");
    await model.invoke([new HumanMessage("one"), answer, new HumanMessage("two")], options);
    const last = await model.invoke("three", options);
    expect(inShort(gateway.current.responses.conversation(responseId(last)))).toEqual([
      "user: one",
      "assistant: reply to 1 messages",
      "user: two",
      "assistant: reply to 3 messages",
      "user: three",
      "assistant: reply to 5 messages",
    ]);
  });
});

describe("another model", () => {
  it.each(ENTRIES)("is sent the whole history, and goes on from its own answer: $name", async ({ fields, ask }) => {
    const [one, other] = ["gpt-4o", "gpt-4o-mini"].map((model) =>
      modelOf(gateway.current, { usePreviousResponseId: true, model, ...fields }),
    ) as [SessionChatOpenAI, SessionChatOpenAI];
    const history: BaseMessage[] = [];
    const say = async (model: SessionChatOpenAI, text: string, options?: Options) => {
      history.push(new HumanMessage(text));
      history.push(await ask(model, history, options));
    };
    const extraBody: Json = { model: "gpt-4o" };
    await say(one, "one");
    await say(other, "two");
    await say(other, "three");
    await say(one, "four");
    await say(other, "five", { extraBody });
    expect(asked(gateway.current).map(({ after, input }) => [after !== undefined, input.length])).toEqual([
      [false, 1],
      [false, 3],
      [true, 1],
      [false, 7],
      [true, 1],
    ]);
  });
});
