/** A chain with parallel branches: each call of the chain is one session. */
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableParallel } from "@langchain/core/runnables";
import { SessionChatOpenAI, withSession } from "langchain-litellm-session";
import { printSessions, proxy } from "./proxy.js";

const model = new SessionChatOpenAI({ ...proxy, sessionId: false });

function step(template: string) {
  return ChatPromptTemplate.fromTemplate(template).pipe(model).pipe(new StringOutputParser());
}

const opinions = RunnableParallel.from({
  pro: step("Give one reason for this: {idea}"),
  contra: step("Give one reason against this: {idea}"),
});

export const sessions: string[] = [];

// Whatever runs inside one call of `chain` has the same id: both branches, and the verdict.
const chain = withSession(opinions.pipe(step("For: {pro}\nAgainst: {contra}\nDecide in one sentence.")), {
  onSession: (sessionId) => sessions.push(sessionId),
});

await chain.invoke({ idea: "Every robot should tell stories." });
await chain.invoke({ idea: "Every story should have a robot." });

printSessions(sessions);
