import { AIMessage, type BaseMessage, HumanMessage, SystemMessage, trimMessages } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { ENTRY_POINTS, responseId, sentTurns } from "../support/conversation.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** Two turns and a third question. */
const HISTORY = [
  "system: Be brief.",
  "user: one",
  "assistant: reply to 2 messages",
  "user: two",
  "assistant: reply to 4 messages",
  "user: three",
];

const [SYSTEM, ONE, REPLY, TWO, REPLY_TWO, THREE] = HISTORY;

/** Changes of a history between two calls, and the input that is sent then. */
const EDITS: Record<
  string,
  { edit: (history: BaseMessage[]) => BaseMessage[] | Promise<BaseMessage[]>; sent: unknown[] }
> = {
  "an edited question": {
    edit: (history) => history.with(1, new HumanMessage("another one")),
    sent: [SYSTEM, "user: another one", REPLY, TWO, REPLY_TWO, THREE],
  },
  "the last question edited": {
    edit: (history) => history.with(3, new HumanMessage("another two")),
    sent: [SYSTEM, ONE, REPLY, "user: another two", REPLY_TWO, THREE],
  },
  "a redacted answer": {
    edit: (history) => history.with(2, new AIMessage("[redacted]")),
    sent: [SYSTEM, ONE, "assistant: [redacted]", TWO, REPLY_TWO, THREE],
  },
  "a removed turn": { edit: (history) => history.toSpliced(1, 2), sent: [SYSTEM, TWO, REPLY_TWO, THREE] },
  trimMessages: {
    edit: (history) =>
      trimMessages(history, {
        maxTokens: 4,
        tokenCounter: (given) => given.length,
        includeSystem: true,
        startOn: "human",
      }),
    sent: [SYSTEM, TWO, REPLY_TWO, THREE],
  },
  "a summary": {
    edit: ([system, , , , reply, three]) =>
      [system, new HumanMessage("So far: one, two."), reply, three] as BaseMessage[],
    sent: [SYSTEM, "user: So far: one, two.", REPLY_TWO, THREE],
  },
  "a message put in": {
    edit: (history) => history.toSpliced(3, 0, new SystemMessage("It is Monday.")),
    sent: [SYSTEM, ONE, REPLY, "system: It is Monday.", TWO, REPLY_TWO, THREE],
  },
  "a changed system prompt": {
    edit: (history) => history.with(0, new SystemMessage("Be verbose.")),
    sent: ["system: Be verbose.", ONE, REPLY, TWO, REPLY_TWO, THREE],
  },
  "no system prompt any more": { edit: (history) => history.slice(1), sent: [ONE, REPLY, TWO, REPLY_TWO, THREE] },
};

describe.each(ENTRY_POINTS)("$name", ({ fields, ask }) => {
  it.each(Object.entries(EDITS))(
    "a history with %s is sent as a whole, and the next turn continues its answer",
    async (_, { edit, sent }) => {
      const model = modelFor(gateway.current, { usePreviousResponseId: true, ...fields });
      const history: BaseMessage[] = [new SystemMessage("Be brief."), new HumanMessage("one")];
      history.push(await ask(model, history), new HumanMessage("two"));
      history.push(await ask(model, history), new HumanMessage("three"));
      const edited = await edit(history);
      const answer = await ask(model, edited);
      await ask(model, [...edited, answer, new HumanMessage("four")]);
      expect(sentTurns(gateway.current).slice(2)).toEqual([
        { previousResponseId: undefined, input: sent },
        { previousResponseId: responseId(answer), input: ["user: four"] },
      ]);
    },
  );
});

it("a history that was changed for one call is continued if the next call has it unchanged", async () => {
  const model = modelFor(gateway.current, { usePreviousResponseId: true });
  const history: BaseMessage[] = [new SystemMessage("Be brief."), new HumanMessage("one")];
  const answer = await model.invoke(history);
  await model.invoke([new SystemMessage("Be verbose."), ...history.slice(1), answer, new HumanMessage("two")]);
  await model.invoke([...history, answer, new HumanMessage("two")]);
  expect(sentTurns(gateway.current).map(({ previousResponseId }) => previousResponseId)).toEqual([
    undefined,
    undefined,
    responseId(answer),
  ]);
});
