import {
  activeSessionIdOf,
  callbacksNearestFirst,
  fromCallOption,
  fromConfigurable,
  fromHandler,
  fromThread,
} from "./sources.js";
import type { ModelDefaults, SessionLookup } from "./types.js";

/**
 * The session id of a model call. The first of these that names one:
 *
 * 1. call option `sessionId`, bound ones included
 * 2. `configurable.sessionId`, or `configurable.session_id`
 * 3. the nearest `SessionCallbackHandler` among the callbacks: the call's, those bound to the model
 *    (LangChain drops them inside a run that has callbacks), inherited ones, then the constructor's
 * 4. `sessionId` given to the model's constructor
 * 5. `configurable.thread_id`, then `session_id`, `thread_id` or `conversation_id` of the metadata
 * 6. `LITELLM_SESSION_ID`, else an id generated for the model object
 *
 * Each is looked up in the config that was passed, then in LangChain's implicit config.
 *
 * @returns Undefined if the call has no session.
 * @throws {SessionIdError} for an explicit value (1 to 3) that isn't an id. In 5, such a value is skipped.
 */
export function resolveModelSession(lookup: SessionLookup, model: ModelDefaults): string | undefined {
  if (lookup.option === false) return undefined;
  const defaultSession = model.session || undefined;
  return (
    fromCallOption(lookup) ?? // 1
    fromConfigurable(lookup) ?? // 2
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
 * 2. `configurable.sessionId` or `configurable.session_id` of the call, unless an outer wrapper wrote it
 * 3. the wrapper's own `sessionId`
 * 4. the session in which the call is made: an outer wrapper's, then a `SessionCallbackHandler`'s
 * 5. `configurable.thread_id`, then `session_id`, `thread_id` or `conversation_id` of the metadata
 *
 * @param ownSessionId Reads the wrapper's own `sessionId`. It may call a function of the user's, so it runs only
 *   if 1 and 2 name no session.
 * @returns Undefined if the wrapper must make a new id.
 * @throws {SessionIdError} for an explicit value (1 to 4) that isn't an id.
 */
export function resolveWrapperSession(
  lookup: SessionLookup,
  ownSessionId: () => string | undefined,
): string | undefined {
  const configured = fromConfigurable(lookup);
  const isOuterWrappers = configured === activeSessionIdOf(lookup);
  return (
    fromCallOption(lookup) ?? // 1
    (isOuterWrappers ? undefined : configured) ?? // 2
    ownSessionId() ?? // 3
    configured ?? // 4
    fromHandler([lookup.config?.callbacks, lookup.implicitConfig?.callbacks]) ??
    fromThread(lookup) // 5
  );
}
