import type { BaseMessage } from "@langchain/core/messages";
import { type Continuation, continueHistory, digestHistory } from "./history.js";

/** The request body's fields that decide which model answers and whether the provider stores the answer. */
export interface ConversationBodyFields {
  readonly model?: unknown;
  readonly store?: unknown;
  readonly conversation?: unknown;
  readonly previous_response_id?: unknown;
}

/** The decision of {@link planConversation}. */
export interface ConversationPlan {
  /** Undefined if the call sends the whole history. */
  readonly continuation?: Continuation | undefined;
  /** The digest to store in the answer. Undefined if the answer gets none. */
  readonly historyDigest?: string;
}

/**
 * Whether the next call can continue the answer by `previous_response_id`: the provider must store it as a
 * response, and not in a `conversation`.
 */
export function isAnswerContinuable(body: ConversationBodyFields, zdrEnabled: boolean | undefined): boolean {
  return !zdrEnabled && body.store !== false && body.conversation == null;
}

/** Decides whether a call sends the whole history, or only the messages after the last answer. */
export async function planConversation(
  messages: BaseMessage[],
  body: ConversationBodyFields,
  model: string,
): Promise<ConversationPlan> {
  // With the user's `previous_response_id`, the messages are not the whole history: a digest of them would be wrong.
  if (body.previous_response_id != null) return {};
  const continuation = await continueHistory(messages, model);
  return { continuation, historyDigest: await digestHistory(messages, model) };
}
