/** 20 conversations at once through one shared model, as on a server: each call names its session. */
import { newSessionId, SessionChatOpenAI } from "langchain-litellm-session";
import { printSessions, proxy } from "./proxy.js";

// `false`: a call that names no session gets none, rather than an id that strangers share.
const model = new SessionChatOpenAI({ ...proxy, sessionId: false });

export const sessions = Array.from({ length: 20 }, () => newSessionId());

async function converse(sessionId: string) {
  const conversation = model.withSession(sessionId); // costs next to nothing: client and queue are shared
  const question = `Conversation ${sessionId}: name a robot.`;
  const answer = await conversation.invoke(question);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
  for await (const _ of await conversation.stream([["user", question], answer, ["user", "And another?"]]));
}

await Promise.all(sessions.map(converse));

printSessions(sessions);
