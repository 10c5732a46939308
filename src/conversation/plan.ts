import type { BaseMessage } from "@langchain/core/messages";
import { type Continuation, continueResponse, findLastResponse } from "./history.js";
import { StampedHistory } from "./stamp.js";

/** The request body's fields that decide which model answers and whether the provider stores the answer. */
export interface ConversationBodyFields {
  readonly model?: unknown;
  readonly store?: unknown;
  readonly conversation?: unknown;
  readonly previous_response_id?: unknown;
}

/** What a call asks, and who. */
export interface ConversationCall {
  readonly messages: BaseMessage[];
  readonly body: ConversationBodyFields;
  /** The model that the call asks for. */
  readonly model: string;
  /** Derives the key of stamps from who asks. */
  readonly stampKey: () => Promise<CryptoKey>;
}

/** The decision of {@link planConversation}. */
export interface ConversationPlan {
  /** Undefined if the call sends the whole history. */
  readonly continuation?: Continuation | undefined;
  /** Undefined if the answer gets no stamp. */
  readonly history?: StampedHistory | undefined;
}

/**
 * Whether the next call can continue the answer by `previous_response_id`: the provider must store it as a
 * response, and not in a `conversation`.
 */
export function isAnswerContinuable(body: ConversationBodyFields, zdrEnabled: boolean | undefined): boolean {
  return !zdrEnabled && body.store !== false && body.conversation == null;
}

/**
 * Decides whether a call sends the whole history, or only the messages after the last response. It continues the
 * response only if its stamp is valid: a client or an edit can't make the provider see another history than the
 * one in the messages.
 */
export async function planConversation({
  messages,
  body,
  model,
  stampKey,
}: ConversationCall): Promise<ConversationPlan> {
  // With the user's `previous_response_id`, the messages are not the whole history: a stamp would be wrong.
  if (body.previous_response_id != null) return {};
  const response = findLastResponse(messages);
  const key = await stampKey();
  let history: StampedHistory;
  try {
    history = StampedHistory.create(messages, model, key, response);
  } catch {
    return {}; // ChatOpenAI sends some messages that can't be written, and throws its own error for the others.
  }
  const continuation = response && continueResponse(messages, response);
  if (!continuation || !(await history.verify(response.stamp))) return { history };
  return { continuation, history };
}
