import type { SessionTransport } from "../transport/named_transports.js";

/** The fields that `SessionChatOpenAI` and `SessionOpenAIEmbeddings` share. */
export interface SessionFields {
  /**
   * The session of a call that names none: 1 to 1,024 characters. `false`: such a call has no session. Use
   * `false` on a server that shares one object between users. Empty string: unset.
   *
   * Default: environment variable `LITELLM_SESSION_ID`, else a new id for this object.
   */
  sessionId?: string | false | undefined;
  /** Which fields and headers of a request hold the session id. Default: `"litellm"`. */
  sessionTransport?: SessionTransport | undefined;
}

/**
 * Rejects an API key with a line break or a NUL inside. `fetch` would reject it too, but its message would
 * contain the key.
 *
 * @throws {TypeError} whose message does not contain the key.
 */
export function checkApiKey(apiKey: unknown): void {
  if (typeof apiKey === "string" && /[\0\r\n]/.test(apiKey.trim())) {
    throw new TypeError('Invalid field "apiKey" (or OPENAI_API_KEY): it has a line break or a NUL inside.');
  }
}
