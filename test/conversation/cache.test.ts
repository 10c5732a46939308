import { InMemoryCache } from "@langchain/core/caches";
import { HumanMessage } from "@langchain/core/messages";
import { expect, it } from "vitest";
import { asked, responseId } from "../support/conversation.js";
import { modelOf, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const caching = (sessionId: string | false) =>
  modelOf(gateway.current, { cache: new InMemoryCache(), usePreviousResponseId: true, sessionId });

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
  expect(asked(gateway.current)).toEqual([
    { after: undefined, input: ["user: one"] },
    { after: responseId(answer), input: ["user: two"] },
  ]);
});
