import { InMemoryCache } from "@langchain/core/caches";
import { HumanMessage } from "@langchain/core/messages";
import { InMemoryStore } from "@langchain/core/stores";
import { describe, expect, it } from "vitest";
import type { SessionChatOpenAIFields } from "../src/index.js";
import { asked, responseId } from "./support/responses.js";
import { modelOf, useGateway } from "./support/session.js";

const gateway = useGateway();

const caching = (fields?: SessionChatOpenAIFields) =>
  modelOf(gateway.current, { cache: new InMemoryCache(), responseStore: new InMemoryStore(), ...fields });

describe.each([
  ["a cache of its own", () => caching()],
  ["LangChain's one (cache: true)", () => caching({ cache: true })],
])("%s", (_, modelWith) => {
  it("two sessions ask the same words and get their own answers", async () => {
    const model = modelWith();
    const answers = [];
    for (const sessionId of ["a", "b", "a", "b"]) answers.push(await model.invoke("Go on.", { sessionId }));
    expect(new Set(answers.map(responseId)).size).toBe(4);
    const [a, b] = answers.map(responseId);
    expect(asked(gateway.current).map(({ after }) => after)).toEqual([undefined, undefined, a, b]);
  });

  it("one session asks the same words twice and is answered twice, in batch and generate too", async () => {
    const model = modelWith().withSession("batch");
    await model.invoke("Go on.");
    await model.batch(["Go on.", "Go on."], { maxConcurrency: 1 });
    await model.generate([[new HumanMessage("Go on.")]]);
    expect(gateway.current.requests).toHaveLength(4);
    expect(new Set(asked(gateway.current).map(({ after }) => after)).size).toBe(4);
  });

  it("a call without a conversation neither gets such an answer nor gives its own to one", async () => {
    const model = modelWith();
    await model.invoke("Same?", { sessionId: "a" });
    const plain = await model.invoke("Same?");
    const cached = await model.invoke("Same?");
    await model.invoke("Same?", { sessionId: "a" });
    expect(gateway.current.requests.map(({ body }) => body.litellm_session_id)).toEqual(["a", undefined, "a"]);
    expect(responseId(cached)).toBe(responseId(plain));
  });

  it("the model goes on using its cache for other calls, and its copies too", async () => {
    const model = modelWith();
    const copy = model.withSession("a");
    await copy.invoke("Copy?");
    for (const each of [model, model, copy.withConfig({ sessionId: false })]) await each.invoke("Copy?");
    expect(gateway.current.requests).toHaveLength(2);
  });
});

it.each<[string, number, SessionChatOpenAIFields]>([
  ["that has no store", 1, { responseStore: undefined, usePreviousResponseId: true, sessionId: "s" }],
  ["that uses chat completions", 1, { useResponsesApi: false, sessionId: "s" }],
  ["whose session is its own", 1, { sessionId: undefined }],
  ["whose session is named", 2, { sessionId: "s" }],
])("a model %s asks the same words twice: %i request(s)", async (_, requests, fields) => {
  const model = caching(fields);
  await model.invoke("Same.");
  await model.invoke("Same.");
  expect(gateway.current.requests).toHaveLength(requests);
});

it("a cached answer from the messages is continued like the one it was", async () => {
  const model = caching({ responseStore: undefined, usePreviousResponseId: true });
  const question = new HumanMessage("one");
  const answer = await model.invoke([question]);
  const again = await model.invoke([question]);
  await model.invoke([question, again, new HumanMessage("two")]);
  expect(asked(gateway.current)).toEqual([
    { after: undefined, input: ["user: one"] },
    { after: responseId(answer), input: ["user: two"] },
  ]);
});
