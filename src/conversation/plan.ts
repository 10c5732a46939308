import type { BaseMessage } from "@langchain/core/messages";
import { type Continuation, continueHistory, digestHistory } from "./history.js";

/** Body fields by which the user continues a conversation, or keeps the provider from storing the answer. */
export interface ConversationBodyFields {
  readonly model?: unknown;
  readonly store?: unknown;
  readonly conversation?: unknown;
  readonly previous_response_id?: unknown;
}

/** What a call says about its conversation. */
export interface ConversationInput {
  readonly messages: BaseMessage[];
  /** The fields that the user put into the request body, by `modelKwargs`, call options or `extraBody`. */
  readonly body: ConversationBodyFields;
  readonly zdrEnabled: boolean;
  /** The model that is asked for. */
  readonly model: string;
}

/** How a call continues its conversation. */
export interface ConversationPlan {
  /** What to send instead of the whole history. Undefined: the whole history is sent. */
  readonly continuation: Continuation | undefined;
  /** The digest to store in the answer. Undefined: the answer is stored without one. */
  readonly historyDigest: string | undefined;
}

/**
 * Decides what a call sends: the whole history, or only the messages after the last answer.
 *
 * @returns Undefined if nothing is chained, because the answer can't be continued by `previous_response_id`.
 */
export async function planConversation({
  messages,
  body,
  model,
  zdrEnabled,
}: ConversationInput): Promise<ConversationPlan | undefined> {
  if (!isAnswerContinuable(body, zdrEnabled)) return undefined;
  // If the user says what to continue, the messages are not the whole history of the answer.
  if (isPresent(body.previous_response_id)) return { continuation: undefined, historyDigest: undefined };
  return {
    continuation: await continueHistory(messages, model),
    historyDigest: await digestHistory(messages, model),
  };
}

/** Whether the provider stores the answer under its own id, and not in a `conversation`. */
export function isAnswerContinuable(body: ConversationBodyFields, zdrEnabled: boolean): boolean {
  return !zdrEnabled && body.store !== false && !isPresent(body.conversation);
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
