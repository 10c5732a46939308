import type { ChatOpenAICallOptions, ChatOpenAIFields } from "@langchain/openai";
import type { SessionFields } from "../openai_client/fields.js";
import { invalid } from "../utils/invalid.js";

/** Fields of `SessionChatOpenAI`, which also takes every field of `ChatOpenAI`. */
export interface SessionChatOpenAIFields extends ChatOpenAIFields, SessionFields {
  /**
   * Whether to continue from the last answer in the messages by `previous_response_id`, and to send only the
   * messages after it. The model sends the whole history if you edited, trimmed or summarised that answer or the
   * messages before it, if the answer has no valid stamp of a model with the same base URL and API key, if another
   * model answered, or if the proxy rejects the id. With an `apiKey` that is a function, only this model object and
   * its copies know the stamp. Turns on `useResponsesApi`, unless you set that to false. Default: false.
   */
  usePreviousResponseId?: boolean | undefined;
}

/** Call options of `SessionChatOpenAI`, which also takes those of `ChatOpenAI`. */
export interface SessionChatOpenAICallOptions extends ChatOpenAICallOptions {
  /** The session of this call: 1 to 1,024 characters. `false`: no session. Empty string: unset. */
  sessionId?: string | false | undefined;
  /**
   * Fields to merge into the request body, such as LiteLLM's `tags` or `guardrails`. They override
   * `modelKwargs`; `metadata` merges by key. The call throws a `TypeError` for `messages`, `input` or `stream`.
   */
  extraBody?: Record<string, unknown> | undefined;
}

/** @throws {TypeError} if the field is no boolean, or is true in a runtime without WebCrypto. */
export function checkUsePreviousResponseId({ usePreviousResponseId }: SessionChatOpenAIFields): boolean {
  if (usePreviousResponseId !== undefined && typeof usePreviousResponseId !== "boolean") {
    throw invalid('field "usePreviousResponseId"', "true or false", usePreviousResponseId);
  }
  if (usePreviousResponseId && globalThis.crypto?.subtle === undefined) {
    throw new TypeError('Field "usePreviousResponseId" needs WebCrypto, which browsers offer to secure contexts only.');
  }
  return usePreviousResponseId === true;
}
