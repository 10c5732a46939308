import type { ChatOpenAICallOptions, ChatOpenAIFields } from "@langchain/openai";
import type { SessionFields } from "../openai_client/fields.js";
import { invalid } from "../utils/invalid.js";

/** Fields of `SessionChatOpenAI`, beside those of `ChatOpenAI`. */
export interface SessionChatOpenAIFields extends ChatOpenAIFields, SessionFields {
  /**
   * `/responses`: continue from the last answer in the messages by `previous_response_id`, and send
   * only the messages after it. The whole history is sent if the history before that answer was edited,
   * trimmed or summarised, if the model is another one, or if the proxy refuses the id. Makes the model
   * use `/responses`, unless `useResponsesApi` is false. Default: false.
   */
  usePreviousResponseId?: boolean | undefined;
}

/** Call options of `SessionChatOpenAI`, beside those of `ChatOpenAI`. */
export interface SessionChatOpenAICallOptions extends ChatOpenAICallOptions {
  /** The session of this call: 1 to 1,024 characters. `false`: no session. Empty string: unset. */
  sessionId?: string | false | undefined;

  /**
   * Fields to merge into the request body, such as LiteLLM's `tags` or `guardrails`. They win over
   * `modelKwargs`; `metadata` merges by key. `messages`, `input` and `stream` can't be replaced.
   */
  extraBody?: Record<string, unknown> | undefined;
}

/**
 * Whether the fields ask for conversations by `previous_response_id`.
 *
 * @throws {TypeError} for a mistyped field, or if the runtime has no WebCrypto.
 */
export function checkUsePreviousResponseId({ usePreviousResponseId }: SessionChatOpenAIFields): boolean {
  if (usePreviousResponseId !== undefined && typeof usePreviousResponseId !== "boolean") {
    throw invalid('field "usePreviousResponseId"', "true or false", usePreviousResponseId);
  }
  if (usePreviousResponseId && globalThis.crypto?.subtle === undefined) {
    throw new TypeError('Field "usePreviousResponseId" needs WebCrypto, which browsers offer to secure contexts only.');
  }
  return usePreviousResponseId === true;
}
