/** Two requests of a conversation on `/responses`: the second sends only what is new. */
import { HumanMessage } from "@langchain/core/messages";
import { InMemoryStore } from "@langchain/core/stores";
import { SessionChatOpenAI } from "langchain-litellm-session";
import { proxy } from "./proxy.js";

// From the messages: what comes before the last answer stays here.
const model = new SessionChatOpenAI({ ...proxy, usePreviousResponseId: true });

const question = new HumanMessage("Write a short story about a robot.");
const story = await model.invoke([question]);
await model.invoke([question, story, new HumanMessage("Now tell me more about that story.")]);

// From the store: the session's last answer is looked up there. The store is in this process; servers share a Redis.
const storyteller = new SessionChatOpenAI({ ...proxy, responseStore: new InMemoryStore<string>() });

const conversation = storyteller.withSession();
await conversation.invoke("Write a short story about a robot.");
await conversation.invoke("Now tell me more about that story.");

export const sessions = [model.sessionId, conversation.sessionId];
