import { load } from "@langchain/core/load";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableSequence } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, type ChatOpenAIFields } from "@langchain/openai";
import { expect, it } from "vitest";
import { z } from "zod";
import { SessionChatOpenAI, type SessionChatOpenAIFields } from "../../src/index.js";
import { comparable, observe, SESSION, threeModels, withoutSessionField } from "../support/like_chat_openai.js";
import { connection, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const clock = tool(async () => "noon", { name: "clock", description: "The time.", schema: z.object({}) });
const prompt = ChatPromptTemplate.fromTemplate("About {topic}");

/** All fields that are serialised, and some that are not. */
const FIELDS: ChatOpenAIFields = {
  modelKwargs: { tags: ["a"] },
  temperature: 0.1,
  maxTokens: 9,
  stop: ["."],
  reasoning: { effort: "low" },
  tags: ["tag"],
  metadata: { user: "u" },
  maxConcurrency: 2,
  promptCacheKey: "key",
  verbosity: "low",
  outputVersion: "v1",
  useResponsesApi: true,
};

const COPIES: Record<string, (model: ChatOpenAI) => ChatOpenAI> = {
  "a model": (model) => model,
  "a copy": (model) => model.withConfig({ stop: ["bound"] }) as ChatOpenAI,
  "a copy with tools": (model) => model.bindTools([clock]) as ChatOpenAI,
};

it.each(Object.entries(COPIES))("%s has ChatOpenAI's names, profile and parameters", (_, copy) => {
  const namesOf = (model: ChatOpenAI) => ({
    ids: [model.lc_id, model.lc_namespace, model.toJSON().id],
    names: [model.getName(), model.getName("Stream"), (model.constructor as typeof ChatOpenAI).lc_name()],
    kinds: [model._llmType(), model._modelType(), model.model, model.lc_serializable],
    profile: model.profile,
    parameters: [model.identifyingParams(), model.invocationParams(), model.getLsParams({})],
    serialisation: [model.lc_secrets, model.lc_aliases, model.lc_serializable_keys],
    graph: prompt.pipe(model).getGraph().drawMermaid(),
  });
  const { plain, sessionless, inSession } = threeModels(gateway.current, FIELDS);
  const expected = comparable(namesOf(copy(plain)));
  expect(expected).toMatchObject({ names: ["ChatOpenAI", "ChatOpenAIStream", "ChatOpenAI"] });
  expect(comparable(namesOf(copy(sessionless)))).toEqual(expected);
  expect(comparable(namesOf(copy(inSession)))).toEqual(expected);
});

it.each(Object.entries(COPIES))(
  "%s has the JSON of ChatOpenAI, plus the fields of this package that the user set",
  (_, copy) => {
    const { plain, sessionless, inSession } = threeModels(gateway.current, FIELDS);
    const json = (model: object) => JSON.parse(JSON.stringify(model));
    const expected = json(copy(plain));
    expect(json(copy(sessionless))).toEqual({ ...expected, kwargs: { ...expected.kwargs, session_id: false } });
    expect(json(copy(inSession))).toEqual({ ...expected, kwargs: { ...expected.kwargs, session_id: SESSION } });
    expect(withoutSessionField(prompt.pipe(copy(inSession)))).toEqual(json(prompt.pipe(copy(plain))));
    const unset = new SessionChatOpenAI({ ...connection(gateway.current), ...FIELDS, sessionId: undefined });
    expect(JSON.stringify(copy(unset))).toBe(JSON.stringify(copy(plain)));
  },
);

it("load returns a ChatOpenAI that sends the same requests without the session", async () => {
  const { plain, inSession } = threeModels(gateway.current, { temperature: 0.1, modelKwargs: { tags: ["a"] } });
  const options = { importMap: { chat_models__openai: { ChatOpenAI } }, secretsMap: { OPENAI_API_KEY: "sk-test" } };
  const loaded = await load<ChatOpenAI>(JSON.stringify(inSession), options);
  expect(loaded).toBeInstanceOf(ChatOpenAI);
  expect(loaded).not.toBeInstanceOf(SessionChatOpenAI);
  const chain = await load<RunnableSequence>(JSON.stringify(prompt.pipe(inSession)), options);
  expect(chain).toBeInstanceOf(RunnableSequence);

  const expected = await observe(gateway.current, () => plain.invoke("About bears"));
  expect(await observe(gateway.current, () => loaded.invoke("About bears"))).toEqual(expected);
  expect(await observe(gateway.current, () => chain.invoke({ topic: "bears" }))).toEqual(expected);
});

it("load returns a SessionChatOpenAI to an app that maps the name to it", async () => {
  const { plain } = threeModels(gateway.current);
  // `load` writes the loaded name to the class: restored for other tests.
  const Own = class extends SessionChatOpenAI {};
  const loaded = await load<SessionChatOpenAI>(JSON.stringify(plain), {
    importMap: { chat_models__openai: { ChatOpenAI: Own } },
    secretsMap: { OPENAI_API_KEY: "sk-test" },
  });
  await loaded.invoke("hi", { sessionId: SESSION });
  expect(gateway.current.requests[0]?.body.litellm_session_id).toBe(SESSION);
});

it.each<SessionChatOpenAIFields>([
  { sessionId: false },
  { sessionId: "given" },
  { missingSessionId: "omit" },
  { missingSessionId: "reject" },
  { sessionTransport: "headers" },
  { sessionTransport: { body: ["chat_session"], metadata: ["chatSession"], headers: ["x-mySession"] } },
  { usePreviousResponseId: true },
])("load with an importMap to SessionChatOpenAI gives back the fields %j", async (fields) => {
  const Own = class extends SessionChatOpenAI {};
  const restore = <T>(value: object) =>
    load<T>(JSON.stringify(value), {
      importMap: { chat_models__openai: { ChatOpenAI: Own } },
      secretsMap: { OPENAI_API_KEY: "sk-test" },
    });
  const model = new SessionChatOpenAI({ ...connection(gateway.current), ...fields });
  const loaded = await restore<SessionChatOpenAI>(model);
  expect(JSON.stringify(loaded)).toBe(JSON.stringify(model));
  const chain = await restore<RunnableSequence>(prompt.pipe(model.withSession("bound")));

  const again = (call: () => unknown) => observe(gateway.current, call);
  const sent = async (run: (model: SessionChatOpenAI) => unknown) => [
    await again(() => run(model)),
    await again(() => run(loaded)),
  ];
  const [named, namedLoaded] = await sent((m) => m.invoke("About bears", { sessionId: SESSION }));
  expect(namedLoaded).toEqual(named);
  expect(await again(() => chain.invoke({ topic: "bears" }, { configurable: { sessionId: SESSION } }))).toEqual(named);
  const [unnamed, unnamedLoaded] = await sent((m) => m.invoke("About bears"));
  expect(unnamedLoaded).toEqual(unnamed); // An id that is generated for each model object compares as `<id>`.
});

it("load of a model without a sessionId gives the loaded model an id of its own", async () => {
  const Own = class extends SessionChatOpenAI {};
  const model = new SessionChatOpenAI(connection(gateway.current));
  const loaded = await load<SessionChatOpenAI>(JSON.stringify(model), {
    importMap: { chat_models__openai: { ChatOpenAI: Own } },
    secretsMap: { OPENAI_API_KEY: "sk-test" },
  });
  expect(loaded.sessionId).toMatch(/^[0-9a-f-]{36}$/);
  expect(loaded.sessionId).not.toBe(model.sessionId);
});

it("a subclass with a lc_name has it, like a subclass of ChatOpenAI", () => {
  class PlainNamed extends ChatOpenAI {
    static override lc_name() {
      return "CompanyModel";
    }
  }
  class Named extends SessionChatOpenAI {
    static override lc_name() {
      return "CompanyModel";
    }
  }
  const fields = connection(gateway.current);
  expect(new Named(fields).getName()).toBe("CompanyModel");
  expect(JSON.stringify(new Named(fields))).toBe(JSON.stringify(new PlainNamed(fields)));
  expect(new Named(fields).withSession("a").getName()).toBe("CompanyModel");
});

it("a subclass without a lc_name has the name that a subclass of ChatOpenAI has", () => {
  const Plain = { CompanyModel: class extends ChatOpenAI {} }.CompanyModel;
  const Ours = { CompanyModel: class extends SessionChatOpenAI {} }.CompanyModel;
  const fields = connection(gateway.current);
  expect(new Ours(fields).getName()).toBe(new Plain(fields).getName());
  expect(JSON.stringify(new Ours(fields))).toBe(JSON.stringify(new Plain(fields)));
});
