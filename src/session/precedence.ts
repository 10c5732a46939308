import {
  callbacksNearestFirst,
  fromCallOption,
  fromConfigurable,
  fromHandler,
  fromThread,
  type ModelDefaults,
  type SessionLookup,
} from "./sources.js";

/**
 * The session id of a model call. The first of these that names one:
 *
 * 1. call option `sessionId`, passed or bound
 * 2. `configurable.sessionId`, or `configurable.session_id`
 * 3. the nearest `SessionCallbackHandler` among the callbacks: the call's, the bound ones (LangChain drops
 *    them inside a run that has callbacks), the inherited ones, then the constructor's
 * 4. the constructor's `sessionId`
 * 5. `configurable.thread_id`, then `session_id`, `thread_id` or `conversation_id` of the metadata
 * 6. `LITELLM_SESSION_ID`, else an id generated for the model object
 *
 * Rules 2, 3 and 5 read the config of the call first, then LangChain's implicit config.
 *
 * @returns Undefined if the call has no session.
 * @throws {SessionIdError} for an explicit value (1 to 3) that isn't an id. Rule 5 skips such a value.
 */
export function resolveModelSession(lookup: SessionLookup, model: ModelDefaults): string | undefined {
  if (lookup.option === false) return undefined;
  const defaultSession = model.session || undefined;
  return (
    fromCallOption(lookup) ?? // 1
    fromConfigurable(lookup)?.sessionId ?? // 2
    fromHandler(callbacksNearestFirst(lookup, model)) ?? // 3
    (defaultSession?.origin === "constructor" ? defaultSession.id : undefined) ?? // 4
    fromThread(lookup) ?? // 5
    defaultSession?.id // 6
  );
}

/**
 * The session id of one call of a `RunnableWithSession`. The first of these that names one:
 *
 * 1. call option `sessionId`
 * 2. `configurable.sessionId` or `configurable.session_id`, unless a wrapper wrote it
 * 3. the wrapper's field `sessionId`
 * 4. the active session, which an outer wrapper wrote; then the session of a `SessionCallbackHandler`
 * 5. `configurable.thread_id`, then `session_id`, `thread_id` or `conversation_id` of the metadata
 *
 * @param readField Reads the wrapper's field `sessionId`. The field may be the user's function, so this runs only
 *   if rules 1 and 2 find no session.
 * @returns Undefined if the wrapper must make a new id.
 * @throws {SessionIdError} for an explicit value (1 to 4) that isn't an id.
 */
export function resolveWrapperSession(lookup: SessionLookup, readField: () => string | undefined): string | undefined {
  const optionId = fromCallOption(lookup); // 1
  if (optionId !== undefined) return optionId;
  const configured = fromConfigurable(lookup);
  return (
    (configured?.isActive ? undefined : configured?.sessionId) ?? // 2
    readField() ?? // 3
    configured?.sessionId ?? // 4
    fromHandler([lookup.config?.callbacks, lookup.implicitConfig?.callbacks]) ??
    fromThread(lookup) // 5
  );
}
