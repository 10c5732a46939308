import type { MissingSessionId } from "../session/default_session.js";
import type { SessionTransport } from "../transport/named_transports.js";
import { invalid } from "../utils/invalid.js";

/** The fields that `SessionChatOpenAI` and `SessionOpenAIEmbeddings` share. */
export interface SessionFields {
  /**
   * The session of a call that names none: 1 to 1,024 characters. `false`: such a call has no session, and
   * `LITELLM_SESSION_ID` is not read. Use `false` on a server that shares one object between users. Empty string: unset.
   *
   * Default: environment variable `LITELLM_SESSION_ID`, else the choice of `missingSessionId`.
   */
  sessionId?: string | false | undefined;
  /**
   * What happens to a call for which nothing names a session. `"generate"`: all such calls of this object share an id
   * that is made once, which suits a script. `"omit"`: the call has no session. `"reject"`: the call throws a
   * `SessionIdError` before anything is sent, for a server that must not log a call without its session; a call with
   * `sessionId: false` passes. Any other value, or another one than `"omit"` beside the field `sessionId: false`, is a
   * `TypeError` of the constructor. Default: `"generate"`.
   */
  missingSessionId?: MissingSessionId | undefined;
  /** Which fields and headers of a request hold the session id. Default: `"litellm"`. */
  sessionTransport?: SessionTransport | undefined;
  /**
   * Whether the proxy's log says which step of the app made each call: `metadata.spend_logs_metadata.langchain` of its
   * row has the names and ids of the runs around it. The names are those that a `SessionCallbackHandler` or a
   * `RunnableWithSession` around the call sees, else LangGraph's nodes. Nothing of inputs or outputs is sent. Needs a
   * `sessionTransport` with body fields. Default: false.
   */
  logSteps?: boolean | undefined;
}

/** @throws {TypeError} if `logSteps` is no boolean. */
export function checkLogSteps({ logSteps }: SessionFields): boolean {
  if (logSteps !== undefined && logSteps !== null && typeof logSteps !== "boolean") {
    throw invalid('field "logSteps"', "true or false", logSteps);
  }
  return logSteps === true;
}
