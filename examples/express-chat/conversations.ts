import { newSessionId, SessionCallbackHandler } from "langchain-litellm-session";
import { createThread } from "./answer.js";
import { checkpointer } from "./checkpointer.js";

/** How many conversations this process has records of. Beyond, it forgets the one that was not used for longest. */
const MAX_RECORDED = 1_000;

/** A conversation of one user. It is one thread and one session. */
export interface Conversation {
  /** The thread's and the session's. It begins with the user's. */
  readonly id: string;
  /** Records the session's calls in this process, for its page. */
  readonly handler: SessionCallbackHandler;
  isAnswering: boolean;
}

/** By id, the last used at the end. */
const recorded = new Map<string, Conversation>();

/** A new conversation's id. */
export async function createConversation(user: string): Promise<string> {
  const id = `${user}:${newSessionId()}`;
  await createThread(id);
  return id;
}

/** The user's conversation. One of somebody else is not found, as if there were none. */
export async function findConversation(id: string, user: string): Promise<Conversation | undefined> {
  const isOwn = id.startsWith(`${user}:`) && /^[0-9a-f-]{36}$/.test(id.slice(user.length + 1));
  if (!isOwn) return undefined;
  const thread = await checkpointer.getTuple({ configurable: { thread_id: id } });
  return thread && record(id);
}

function record(id: string): Conversation {
  const handler = () => new SessionCallbackHandler({ sessionId: id, maxCalls: 100 });
  const conversation = recorded.get(id) ?? { id, handler: handler(), isAnswering: false };
  recorded.delete(id);
  recorded.set(id, conversation);
  const [oldest] = recorded.keys();
  if (recorded.size > MAX_RECORDED && oldest) recorded.delete(oldest);
  return conversation;
}
