/** Conversations on `/responses`: each second request sends only what is new. */
import { HumanMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { newSessionId, SessionChatOpenAI } from "langchain-litellm-session";
import { printSessions, proxy } from "./proxy.js";

const model = new SessionChatOpenAI({ ...proxy, usePreviousResponseId: true });

// The app keeps the messages: those up to the last answer are not sent again.
const question = new HumanMessage("Write a short story about a robot.");
const story = await model.invoke([question]);
await model.invoke([question, story, new HumanMessage("Now tell me more about that story.")]);

// A checkpointer keeps them, here in this process; servers share a Postgres. The thread's id is the session's.
const agent = createAgent({ model, tools: [], checkpointer: new MemorySaver() });

const thread_id = newSessionId();
for (const content of ["Write a short story about a robot.", "Now tell me more about that story."]) {
  await agent.invoke({ messages: [{ role: "user", content }] }, { configurable: { thread_id } });
}

export const sessions = [model.sessionId, thread_id];
printSessions(sessions);
