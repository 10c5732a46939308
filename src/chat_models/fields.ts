import type { ChatOpenAICallOptions, ChatOpenAIFields } from "@langchain/openai";
import { mergeConfigurable } from "../session/precedence.js";
import { describe, isUnset } from "../session/session_id.js";
import type { SessionTransport } from "../transport/session_transport.js";

/** Fields of `SessionChatOpenAI`, beside those of `ChatOpenAI`. */
export interface SessionChatOpenAIFields extends ChatOpenAIFields {
  /**
   * The session of a call that names none: 1 to 1,024 characters. `false`: such a call gets none,
   * which is what a server with one shared model wants. Empty string: unset.
   *
   * Default: environment variable `LITELLM_SESSION_ID`, else a new id for this model object.
   */
  sessionId?: string | false | undefined;

  /** How a session id is written into a request. Default: `"litellm"`. */
  sessionTransport?: SessionTransport | undefined;

  /**
   * `/responses`: continue from the last answer in the messages by `previous_response_id`, and send
   * only the messages after it. Where the history before it was edited, trimmed or summarised, the
   * model is another, or the proxy refuses the id, the whole history is sent. Makes the model use
   * `/responses`, unless `useResponsesApi` is false. Default: false.
   */
  usePreviousResponseId?: boolean | undefined;
}

/** Call options of `SessionChatOpenAI`, beside those of `ChatOpenAI`. */
export interface SessionChatOpenAICallOptions extends ChatOpenAICallOptions {
  /** The session of this call: 1 to 1,024 characters. `false`: none. Empty string: unset. */
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
 * @throws {TypeError} for fields that are mistyped, or where the runtime has no WebCrypto.
 */
export function checkChaining({ usePreviousResponseId }: SessionChatOpenAIFields): boolean {
  if (usePreviousResponseId !== undefined && typeof usePreviousResponseId !== "boolean") {
    throw new TypeError(
      `Invalid field "usePreviousResponseId": expected true or false, got ${describe(usePreviousResponseId)}.`,
    );
  }
  const chains = usePreviousResponseId === true;
  if (chains && globalThis.crypto?.subtle === undefined) {
    throw new TypeError('Field "usePreviousResponseId" needs WebCrypto, which browsers offer to secure contexts only.');
  }
  return chains;
}

/**
 * Checks that an API key has nothing inside for which the error of the runtime's `fetch` would show
 * it. What else no header can hold, `fetch` refuses without showing it, as it does for ChatOpenAI.
 *
 * @throws {TypeError} if it has.
 */
export function checkApiKey(apiKey: unknown): void {
  if (typeof apiKey === "string" && /[\0\r\n]/.test(apiKey.trim())) {
    throw new TypeError('Invalid field "apiKey" (or OPENAI_API_KEY): it has a line break or a NUL inside.');
  }
}

/** Call options over bound ones: an unset session leaves the bound one, `configurable` and `metadata` merge by key. Not always a copy. */
export function mergeCallOptions(
  bound: Partial<SessionChatOpenAICallOptions> | undefined,
  given: Partial<SessionChatOpenAICallOptions> | undefined,
): Partial<SessionChatOpenAICallOptions> {
  if (!bound || !given) return given ?? bound ?? {};
  const merged = { ...bound, ...given };
  if (isUnset(given.sessionId)) merged.sessionId = bound.sessionId;
  if (bound.metadata) merged.metadata = { ...bound.metadata, ...given.metadata };
  if (bound.configurable) merged.configurable = mergeConfigurable(bound.configurable, given.configurable ?? {});
  return merged;
}
