/** An agent with a tool: LangGraph's thread is the session. */
import { MemorySaver } from "@langchain/langgraph";
import { createAgent, tool } from "langchain";
import { newSessionId, SessionChatOpenAI } from "langchain-litellm-session";
import { z } from "zod";
import { printSessions, proxy } from "./proxy.js";

const model = new SessionChatOpenAI({ ...proxy, sessionId: false });

// A model that is called inside the tool is in the session too, though no config is passed on.
const translate = tool(async ({ text }) => (await model.invoke(`Translate into French: ${text}`)).text, {
  name: "translate",
  description: "Translates a text into French.",
  schema: z.object({ text: z.string() }),
});

const agent = createAgent({ model, tools: [translate], checkpointer: new MemorySaver() });

const thread_id = newSessionId();
const conversation = { configurable: { thread_id } };
await agent.invoke({ messages: [{ role: "user", content: "What is 'robot' in French?" }] }, conversation);
await agent.invoke({ messages: [{ role: "user", content: "And 'a short story'?" }] }, conversation);

export const sessions = [thread_id];
printSessions(sessions);
