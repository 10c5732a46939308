import { type DefaultSession, NO_SESSION } from "./default_session.js";
import { SessionIdError } from "./session_id_error.js";
import {
  callbacksNearestFirst,
  fromCallOption,
  fromConfigurable,
  fromContext,
  fromHandler,
  fromThread,
  type ModelDefaults,
  type SessionLookup,
} from "./sources.js";

/** The session of one call. Its id is undefined if the call has no session. */
export interface ResolvedSession {
  readonly id: string | undefined;
  /** `"call"`: the call or its constructor names the session. */
  readonly origin: "call" | DefaultSession["origin"];
}

/**
 * The session of a model call. The first of these that names one:
 *
 * 1. call option `sessionId`, passed or bound
 * 2. `configurable.sessionId` or `configurable.session_id`, which a wrapper writes too; then `context.sessionId`
 * 3. the nearest `SessionCallbackHandler` among the callbacks: the call's, the bound ones (LangChain drops
 *    them inside a run that has callbacks), the inherited ones, then the constructor's
 * 4. the constructor's `sessionId`
 * 5. `configurable.thread_id`, then `session_id`, `thread_id` or `conversation_id` of the metadata
 * 6. `LITELLM_SESSION_ID`, else the choice of `missingSessionId`
 *
 * Rules 2, 3 and 5 read the config of the call first, then LangChain's implicit config.
 *
 * @throws {SessionIdError} for an explicit value (1 to 3) that isn't an id, and for a call without a session on a
 *   model with `missingSessionId: "reject"`. Rule 5 skips a value that isn't an id.
 */
export function resolveModelSession(lookup: SessionLookup, model: ModelDefaults): ResolvedSession {
  // The default session was resolved where the call was made, and travelled as call option `sessionId`.
  if (lookup.option === model.session) return model.session;
  if (lookup.option === false) return NO_SESSION;
  const id =
    fromCallOption(lookup) ?? // 1
    fromConfigurable(lookup)?.sessionId ?? // 2
    fromContext(lookup) ??
    fromHandler(callbacksNearestFirst(lookup, model)) ?? // 3
    (model.session.origin === "constructor" ? model.session.id : undefined) ?? // 4
    fromThread(lookup); // 5
  if (id !== undefined) return { id, origin: "call" };
  if (model.session.origin === "rejected") throw new SessionIdError(MISSING_SESSION);
  return model.session; // 6
}

const MISSING_SESSION =
  'Nothing names a session for this call, and missingSessionId is "reject". Pass call option sessionId, add a ' +
  "SessionCallbackHandler to the callbacks, or wrap the chain or agent with withSession(…). A call with " +
  "sessionId: false has no session.";

/**
 * The session id of one call of a `RunnableWithSession`. The first of these that names one:
 *
 * 1. call option `sessionId`
 * 2. `configurable.sessionId` or `configurable.session_id`, unless a wrapper wrote it
 * 3. the wrapper's field `sessionId`
 * 4. `context.sessionId`. It is below rule 3, because the config of a graph's node has the context of the outer call
 * 5. the active session, which an outer wrapper wrote; then the session of a `SessionCallbackHandler`
 * 6. `configurable.thread_id`, then `session_id`, `thread_id` or `conversation_id` of the metadata
 *
 * @param readField Reads the wrapper's field `sessionId`. The field may be the user's function, so this runs only
 *   if rules 1 and 2 find no session.
 * @returns Undefined if the wrapper must make a new id.
 * @throws {SessionIdError} for an explicit value (1 to 5) that isn't an id.
 */
export function resolveWrapperSession(lookup: SessionLookup, readField: () => string | undefined): string | undefined {
  const optionId = fromCallOption(lookup); // 1
  if (optionId !== undefined) return optionId;
  const configured = fromConfigurable(lookup);
  return (
    (configured?.isActive ? undefined : configured?.sessionId) ?? // 2
    readField() ?? // 3
    fromContext(lookup) ?? // 4
    configured?.sessionId ?? // 5
    fromHandler([lookup.config?.callbacks, lookup.implicitConfig?.callbacks]) ??
    fromThread(lookup) // 6
  );
}
