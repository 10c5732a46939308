import { InMemoryCache } from "@langchain/core/caches";
import { HumanMessage } from "@langchain/core/messages";
import { expect, it } from "vitest";
import { responseId, sentTurns } from "../support/conversation.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const caching = (sessionId: string | false) =>
  modelFor(gateway.current, { cache: new InMemoryCache(), usePreviousResponseId: true, sessionId });

it("a model with usePreviousResponseId answers the same words in one session from LangChain's cache", async () => {
  const model = caching("s");
  await model.invoke("Same.");
  await model.invoke("Same.");
  expect(gateway.current.requests).toHaveLength(1);
});

it("a cached answer is continued like the answer that was cached", async () => {
  const model = caching(false);
  const question = new HumanMessage("one");
  const answer = await model.invoke([question]);
  const again = await model.invoke([question]);
  await model.invoke([question, again, new HumanMessage("two")]);
  expect(sentTurns(gateway.current)).toEqual([
    { previousResponseId: undefined, input: ["user: one"] },
    { previousResponseId: responseId(answer), input: ["user: two"] },
  ]);
});
