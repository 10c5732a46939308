import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { enableImplicitConfig } from "./implicit_config.js";
import { HANDLER_BRAND } from "./resolve_session.js";
import { checkSessionId, isUnset, newSessionId } from "./session_id.js";

/** Fields of {@link SessionCallbackHandler}. */
export interface SessionCallbackHandlerFields {
  /** The session of the calls made under the handler. Default: a new id. Empty string: unset. */
  sessionId?: string | undefined;
}

/**
 * A callback handler that puts everything under one chain or agent run into one session: each
 * call that a `SessionChatOpenAI` makes under it carries its id, unless the call names another
 * session (by a call option or by `configurable`).
 *
 * @throws {SessionIdError} from the constructor, if `sessionId` can't be sent.
 *
 * @example
 * ```typescript
 * const handler = new SessionCallbackHandler({ sessionId: "conversation-42" });
 * await chain.invoke({ question: "Why?" }, { callbacks: [handler] });
 * ```
 */
export class SessionCallbackHandler extends BaseCallbackHandler {
  override name = "SessionCallbackHandler";

  /** LangChain waits for this handler, also with `LANGCHAIN_CALLBACKS_BACKGROUND=true`. */
  override awaitHandlers = true;

  /** The id that calls under this handler carry. */
  readonly sessionId: string;

  /** @internal */
  readonly [HANDLER_BRAND] = true;

  constructor(fields: SessionCallbackHandlerFields = {}) {
    super();
    enableImplicitConfig();
    this.sessionId = isUnset(fields.sessionId)
      ? newSessionId()
      : checkSessionId(fields.sessionId, 'SessionCallbackHandler field "sessionId"');
  }
}
