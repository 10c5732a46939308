import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { SessionChatOpenAI } from "langchain-litellm-session";
import type { Conversation } from "./conversations.js";
import { environment } from "./environment.js";
import { responseStore } from "./redis_store.js";

const { LITELLM_BASE_URL, LITELLM_API_KEY, LITELLM_MODEL, REDIS_URL } = environment;

/** How many messages of a conversation the model is sent, without Redis. */
const MAX_HISTORY = 40;

/** The one model, for all users. */
const model = new SessionChatOpenAI({
  model: LITELLM_MODEL,
  apiKey: LITELLM_API_KEY,
  configuration: { baseURL: LITELLM_BASE_URL },
  sessionId: false, // Each call names its session: users must not share one.
  maxRetries: 1, // Somebody waits; LangChain's six take a minute.
  responseStore: REDIS_URL ? responseStore : undefined,
});

/**
 * Streams the answer to a message. The conversation remembers both once the answer is whole: a call
 * that failed, or that the user left, changes nothing.
 */
export async function* answer(conversation: Conversation, text: string, signal: AbortSignal): AsyncGenerator<string> {
  const { handler, history } = conversation;
  const question = new HumanMessage(text);
  let whole = "";
  for await (const chunk of await model.stream([...history, question], { callbacks: [handler], signal })) {
    whole += chunk.text;
    if (chunk.text) yield chunk.text;
  }
  // Some providers refuse a history with an empty message in it, from then on.
  if (!whole) throw new Error("The answer is empty");
  // With Redis the provider has the history, and the store knows where it ends. One that was kept
  // here too would be continued instead, though another process may have gone on since.
  if (REDIS_URL) return;
  history.push(question, new AIMessage(whole));
  history.splice(0, history.length - MAX_HISTORY);
}
