import type { BaseMessage } from "@langchain/core/messages";
import { newSessionId, SessionCallbackHandler } from "langchain-litellm-session";
import { environment } from "./environment.js";
import { redis } from "./redis_store.js";

/** How many conversations this process remembers. Beyond, it forgets the one that was not used for longest. */
const MAX_CONVERSATIONS = 1_000;

const EXPIRATION = { type: "EX", value: 7 * 24 * 60 * 60 } as const; // as the answers in redis_store.ts

/** A conversation of one user. It is one session. */
export interface Conversation {
  readonly user: string;
  /** Puts calls into the session, and records them for its page. */
  readonly handler: SessionCallbackHandler;
  /** What was said. Stays empty with Redis. */
  readonly history: BaseMessage[];
  isAnswering: boolean;
}

/** By id, the last used at the end. */
const conversations = new Map<string, Conversation>();

/** A new conversation, whose id is its session's. */
export async function createConversation(user: string): Promise<string> {
  const id = newSessionId();
  if (environment.REDIS_URL) await redis.set(ownerKey(id), user, { expiration: EXPIRATION });
  remember(id, user);
  return id;
}

/** The user's conversation. One of somebody else is not found, as if there were none. */
export async function findConversation(id: string, user: string): Promise<Conversation | undefined> {
  // With Redis, any process of the server may have begun the conversation.
  const owner = environment.REDIS_URL ? await redis.getEx(ownerKey(id), EXPIRATION) : conversations.get(id)?.user;
  return owner === user ? remember(id, user) : undefined;
}

function remember(id: string, user: string): Conversation {
  const handler = () => new SessionCallbackHandler({ sessionId: id, maxCalls: 100 });
  const conversation = conversations.get(id) ?? { user, handler: handler(), history: [], isAnswering: false };
  conversations.delete(id);
  conversations.set(id, conversation);
  const [oldest] = conversations.keys();
  if (conversations.size > MAX_CONVERSATIONS && oldest) conversations.delete(oldest);
  return conversation;
}

function ownerKey(id: string): string {
  return `express-chat:owner:${id}`;
}
