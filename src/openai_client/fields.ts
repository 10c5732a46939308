import type { SessionTransport } from "../transport/named_transports.js";

/** The fields that `SessionChatOpenAI` and `SessionOpenAIEmbeddings` share. */
export interface SessionFields {
  /**
   * The session of a call that names none: 1 to 1,024 characters. `false`: such a call has no session,
   * which is right for a server that shares one object. Empty string: unset.
   *
   * Default: environment variable `LITELLM_SESSION_ID`, else a new id for this object.
   */
  sessionId?: string | false | undefined;

  /** How a session id is written into a request. Default: `"litellm"`. */
  sessionTransport?: SessionTransport | undefined;
}

/**
 * Refuses an API key with a line break or a NUL inside. `fetch` would refuse it too, but with a message that
 * contains the key.
 *
 * @throws {TypeError} without the key in its message.
 */
export function checkApiKey(apiKey: unknown): void {
  if (typeof apiKey === "string" && /[\0\r\n]/.test(apiKey.trim())) {
    throw new TypeError('Invalid field "apiKey" (or OPENAI_API_KEY): it has a line break or a NUL inside.');
  }
}
