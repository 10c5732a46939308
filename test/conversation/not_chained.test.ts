import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { describe, expect, it } from "vitest";
import { SessionChatOpenAI, type SessionChatOpenAICallOptions, type SessionChatOpenAIFields } from "../../src/index.js";
import { ENTRY_POINTS, type EntryPoint, responseId, sentTurns, summarizeItems } from "../support/conversation.js";
import type { Json } from "../support/gateway/server.js";
import { collect } from "../support/runnables.js";
import { connection, modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const INVOKE = ENTRY_POINTS[0] as EntryPoint;

type Options = Partial<SessionChatOpenAICallOptions>;

const chaining = (fields?: SessionChatOpenAIFields) =>
  modelFor(gateway.current, { usePreviousResponseId: true, sessionId: "s", ...fields });

/** A first turn, a second with the history, and a question without one. */
async function twoTurns(model: SessionChatOpenAI, { ask }: EntryPoint, options?: Options): Promise<BaseMessage> {
  const answer = await ask(model, [new HumanMessage("one")], options);
  await ask(model, [new HumanMessage("one"), answer, new HumanMessage("two")], options);
  await ask(model, "three", options);
  return answer;
}

describe("requests without a previous_response_id", () => {
  const SOURCES: [string, SessionChatOpenAIFields, Options?][] = [
    ["zdrEnabled", { zdrEnabled: true }],
    ["store: false in modelKwargs", { modelKwargs: { store: false } }],
    ["store: false in extraBody", {}, { extraBody: { store: false } }],
    ["store: false in extraBody, over modelKwargs", { modelKwargs: { store: true } }, { extraBody: { store: false } }],
    ["a conversation in modelKwargs", { modelKwargs: { conversation: "conv_1" } }],
    ["a conversation in extraBody", {}, { extraBody: { conversation: { id: "conv_1" } } }],
  ];

  it.each(
    SOURCES.flatMap(([source, fields, options]) =>
      ENTRY_POINTS.map((entry) => ({ entry, name: entry.name, source, fields, options })),
    ),
  )("no call is chained with $source: $name", async ({ entry, fields, options }) => {
    const answer = await twoTurns(chaining({ ...entry.fields, ...fields }), entry, options);
    expect(sentTurns(gateway.current)).toEqual([
      { previousResponseId: undefined, input: ["user: one"] },
      { previousResponseId: undefined, input: ["user: one", "assistant: reply to 1 messages", "user: two"] },
      { previousResponseId: undefined, input: ["user: three"] },
    ]);
    expect(answer.response_metadata).not.toHaveProperty("litellm_answered");
  });

  it.each<[string, SessionChatOpenAIFields, Options?]>([
    ["store: true", { modelKwargs: { store: true } }],
    ["store: true in extraBody, over modelKwargs", { modelKwargs: { store: false } }, { extraBody: { store: true } }],
    ["conversation: null", {}, { extraBody: { conversation: null } }],
  ])("calls are chained with %s", async (_, fields, options) => {
    const answer = await twoTurns(chaining(fields), INVOKE, options);
    expect(sentTurns(gateway.current).map(({ previousResponseId }) => previousResponseId)).toEqual([
      undefined,
      responseId(answer),
      undefined,
    ]);
  });
});

describe("a previous_response_id from the caller", () => {
  const SOURCES: Record<string, (model: SessionChatOpenAI, id: string) => [SessionChatOpenAI, Options?]> = {
    "as a call option": (model, previous_response_id) => [model, { previous_response_id }],
    bound: (model, previous_response_id) => [model.withConfig({ previous_response_id })],
    "in extraBody": (model, previous_response_id) => [model, { extraBody: { previous_response_id } }],
    "in extraBody, over the option": (model, id) => [
      model,
      { previous_response_id: "resp_0", extraBody: { previous_response_id: id } },
    ],
  };

  it.each(
    Object.entries(SOURCES).flatMap(([source, apply]) =>
      ENTRY_POINTS.map((entry) => ({ entry, name: entry.name, source, apply })),
    ),
  )(
    "a previous_response_id $source is sent, with all messages of the call: $name",
    async ({ entry: { fields, ask }, apply }) => {
      const model = chaining(fields);
      const first = await ask(model, "one");
      const second = await ask(model, "two");
      const [chosen, options] = apply(model, String(responseId(first)));
      const third = await ask(chosen, [new HumanMessage("one"), second, new HumanMessage("three")], options);
      await ask(model, [new HumanMessage("three"), third, new HumanMessage("four")]);
      expect(sentTurns(gateway.current).slice(2)).toEqual([
        {
          previousResponseId: responseId(first),
          input: ["user: one", "assistant: reply to 1 messages", "user: three"],
        },
        // The provider has more than these messages: the answer is not continued.
        { previousResponseId: undefined, input: ["user: three", "assistant: reply to 5 messages", "user: four"] },
      ]);
    },
  );

  it.each(ENTRY_POINTS)(
    "a previous_response_id from the caller that is rejected throws, without a second request: $name",
    async ({ fields, ask }) => {
      const model = chaining(fields);
      await expect(ask(model, "one", { previous_response_id: "resp_unknown" })).rejects.toMatchObject({ status: 400 });
      expect(sentTurns(gateway.current)).toEqual([{ previousResponseId: "resp_unknown", input: ["user: one"] }]);
    },
  );

  it("a previous_response_id in modelKwargs is sent with every call", async () => {
    const { response_metadata } = await chaining().invoke("zero");
    const model = chaining({ modelKwargs: { previous_response_id: response_metadata.id } });
    await twoTurns(model, INVOKE);
    expect(
      sentTurns(gateway.current)
        .slice(1)
        .map(({ previousResponseId }) => previousResponseId),
    ).toEqual(Array(3).fill(response_metadata.id));
  });

  it.each<[string, SessionChatOpenAIFields, Options]>([
    ["null as a call option", {}, { previous_response_id: null }],
    ["null in extraBody", {}, { extraBody: { previous_response_id: null } }],
    ["undefined in extraBody", {}, { extraBody: { previous_response_id: undefined } }],
    ["null in modelKwargs", { modelKwargs: { previous_response_id: null } }, {}],
    ["undefined in modelKwargs", { modelKwargs: { previous_response_id: undefined } }, {}],
  ])("a previous_response_id that is unset (%s) loses nothing of the history", async (_, fields, options) => {
    const model = chaining(fields);
    const history: BaseMessage[] = [new HumanMessage("one")];
    history.push(await model.invoke(history), new HumanMessage("two"));
    history.push(await model.invoke(history, options), new HumanMessage("three"));
    const last = await model.invoke(history, options);
    expect(summarizeItems(gateway.current.responses.conversation(responseId(last)))).toEqual([
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
  it.each(ENTRY_POINTS)(
    "another model gets the whole history, and continues from its own answer: $name",
    async ({ fields, ask }) => {
      const [one, other] = ["gpt-4o", "gpt-4o-mini"].map((model) =>
        modelFor(gateway.current, { usePreviousResponseId: true, model, ...fields }),
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
      expect(
        sentTurns(gateway.current).map(({ previousResponseId, input }) => [
          previousResponseId !== undefined,
          input.length,
        ]),
      ).toEqual([
        [false, 1],
        [false, 3],
        [true, 1],
        [false, 7],
        [true, 1],
      ]);
    },
  );
});

it("an answer on /chat/completions has the metadata of ChatOpenAI's, also with usePreviousResponseId and streaming", async () => {
  const fields = { ...connection(gateway.current), useResponsesApi: false, streaming: true };
  const keysOf = async (model: ChatOpenAI) => Object.keys((await model.invoke("one")).response_metadata).sort();
  const own = await keysOf(new SessionChatOpenAI({ ...fields, usePreviousResponseId: true, sessionId: "s" }));
  expect(own).toEqual(await keysOf(new ChatOpenAI(fields)));
});

it("the messages of the caller are only read: frozen ones without response_metadata can be sent", async () => {
  const said = new AIMessage("zero");
  Reflect.deleteProperty(said, "response_metadata");
  const messages = [Object.freeze(said), Object.freeze(new HumanMessage("one"))];
  await chaining().invoke(messages);
  expect(sentTurns(gateway.current)).toEqual([
    { previousResponseId: undefined, input: ["assistant: zero", "user: one"] },
  ]);
});

it.each<[string, SessionChatOpenAIFields, Options?]>([
  ["store: false", { modelKwargs: { store: false } }],
  ["a conversation", {}, { extraBody: { conversation: "conv_1" } }],
  ["zdrEnabled", { zdrEnabled: true }],
])("an answer of a stream that is joined has the id of the last event, also with %s", async (_, fields, options) => {
  gateway.current.responses.wrapsIdsAnew = true;
  const joined = await chaining({ ...fields, streaming: true }).invoke("one", options);
  const chunks = await collect(await chaining(fields).stream("one", options));
  const wrapOf = (id: unknown) => /^resp_wrap(\d+)_/.exec(String(id))?.[1];
  const firstWrap = wrapOf(chunks.find(({ response_metadata }) => response_metadata.id)?.response_metadata.id);
  expect(Number(wrapOf(responseId(joined)))).toBeGreaterThan(Number(firstWrap));
});
