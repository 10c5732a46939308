/** A script: one model object is one session. */
import { SessionChatOpenAI } from "langchain-litellm-session";
import { printSessions, proxy } from "./proxy.js";

// The model makes itself a session id, and each of its calls carries it.
const model = new SessionChatOpenAI(proxy);

await model.invoke("Write a short story about a robot.");
await model.invoke("Now tell me more about that story.");

export const sessions = [model.sessionId];
printSessions(sessions);
