import {
  activeSessionIdOf,
  callbacksNearestFirst,
  fromCallOption,
  fromConfigurable,
  fromHandler,
  fromThread,
} from "./sources.js";
import type { ModelDefaults, ResolvedSession, SessionLookup } from "./types.js";

/**
 * The session of a model call. The first of these that names one:
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
export function resolveModelSession(lookup: SessionLookup, model: ModelDefaults): ResolvedSession | undefined {
  if (lookup.option === false) return undefined;
  return (
    fromCallOption(lookup) ?? // 1
    fromConfigurable(lookup) ?? // 2
    fromHandler(callbacksNearestFirst(lookup, model)) ?? // 3
    fromConstructor(model) ?? // 4
    fromThread(lookup) ?? // 5
    (model.session || undefined) // 6
  );
}

/**
 * The session of one call of a `RunnableWithSession`. The first of these that names one:
 *
 * 1. call option `sessionId`
 * 2. `configurable.sessionId` or `configurable.session_id` of the call, unless an outer wrapper wrote it
 * 3. the wrapper's own `sessionId`
 * 4. the session in which the call is made: an outer wrapper's, then a `SessionCallbackHandler`'s
 * 5. `configurable.thread_id`, then `session_id`, `thread_id` or `conversation_id` of the metadata
 *
 * @param ownSession Reads the wrapper's own `sessionId`, which may be a function of the user's: it runs only
 *   where 1 and 2 name no session.
 * @returns Undefined if the wrapper must make a new id.
 * @throws {SessionIdError} for an explicit value (1 to 4) that isn't an id.
 */
export function resolveWrapperSession(
  lookup: SessionLookup,
  ownSession: () => ResolvedSession | undefined,
): ResolvedSession | undefined {
  const configured = fromConfigurable(lookup);
  const isOuterWrappers = configured?.id === activeSessionIdOf(lookup);
  return (
    fromCallOption(lookup) ?? // 1
    (isOuterWrappers ? undefined : configured) ?? // 2
    ownSession() ?? // 3
    configured ?? // 4
    fromHandler([lookup.config?.callbacks, lookup.implicitConfig?.callbacks]) ??
    fromThread(lookup) // 5
  );
}

function fromConstructor({ session }: ModelDefaults): ResolvedSession | undefined {
  return session && session.origin === "constructor" ? session : undefined;
}
