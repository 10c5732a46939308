/** An agent with a sub-agent, two tools, a parallel step, and a call that fails and is repeated on another model. */
import { RunnableParallel } from "@langchain/core/runnables";
import { createAgent, tool } from "langchain";
import { newSessionId, SessionCallbackHandler, SessionChatOpenAI, withSession } from "langchain-litellm-session";
import { z } from "zod";
import { printSessions, proxy, smallModel } from "./proxy.js";

const fields = { ...proxy, missingSessionId: "omit", logSteps: true } as const; // The log says which step made each call.
const model = new SessionChatOpenAI(fields);
const small = new SessionChatOpenAI({ ...fields, model: smallModel });
const away = new SessionChatOpenAI({ ...fields, model: "no-such-model", maxRetries: 0 });

const searches = RunnableParallel.from({ web: small, archive: small }).withConfig({ runName: "searches" });
const factCheck = away.withFallbacks([model]).withConfig({ runName: "fact_check" });

const search = tool(
  async ({ query }) => {
    const { web, archive } = await searches.invoke(`Name one fact in five words: ${query}`);
    return `${web.text}\n${archive.text}`;
  },
  { name: "search", description: "Searches for facts.", schema: z.object({ query: z.string() }) },
);

const researcher = createAgent({ model: small, tools: [search], name: "researcher" });

const research = tool(
  async ({ question }) => {
    const { messages } = await researcher.invoke({ messages: [{ role: "user", content: `Search for: ${question}` }] });
    return (await factCheck.invoke(`Is this right? ${messages.at(-1)?.text}`)).text;
  },
  { name: "research", description: "Answers a question.", schema: z.object({ question: z.string() }) },
);

const sessionId = newSessionId();
export const handler = new SessionCallbackHandler({ sessionId }); // It records what the session did.

const editor = withSession(createAgent({ model, tools: [research], name: "editor" }), { sessionId });
const question = "Research this, then answer in one sentence: who built the first robot?";
await editor.invoke({ messages: [{ role: "user", content: question }] }, { callbacks: [handler] });

export const sessions = [sessionId];
printSessions(sessions);
