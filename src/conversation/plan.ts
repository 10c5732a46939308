import type { BaseMessage } from "@langchain/core/messages";
import { type Continuation, continueHistory, digestHistory } from "./history.js";

/** Body fields by which the user continues a conversation, or keeps the provider from storing the answer. */
export interface ConversationBodyFields {
  readonly model?: unknown;
  readonly store?: unknown;
  readonly conversation?: unknown;
  readonly previous_response_id?: unknown;
}

/** How a call continues its conversation. */
export interface ConversationPlan {
  /** What to send instead of the whole history. Undefined: the whole history is sent. */
  readonly continuation?: Continuation | undefined;
  /** The digest to store in the answer. Undefined: the answer is stored without one. */
  readonly historyDigest?: string;
}

/**
 * Whether the next call can continue the answer by `previous_response_id`: the provider stores it under its own
 * id, and not in a `conversation`.
 */
export function isAnswerContinuable(body: ConversationBodyFields, zdrEnabled: boolean | undefined): boolean {
  return !zdrEnabled && body.store !== false && body.conversation == null;
}

/**
 * Decides what a call sends: the whole history, or only the messages after the last answer.
 *
 * @param model The model that is asked for.
 */
export async function planConversation(
  messages: BaseMessage[],
  body: ConversationBodyFields,
  model: string,
): Promise<ConversationPlan> {
  // If the user says what to continue, the messages are not the whole history of the answer.
  if (body.previous_response_id != null) return {};
  const continuation = await continueHistory(messages, model);
  return { continuation, historyDigest: await digestHistory(messages, model) };
}
