import type { RunnableConfig } from "@langchain/core/runnables";
import { checkSessionId, isSessionId, isUnset } from "./session_id.js";
import type { Callbacks, ModelDefaults, SessionLookup } from "./types.js";

/** Marks a `SessionCallbackHandler`. A `Symbol.for`: an app may hold an ESM and a CommonJS copy of this package. */
export const HANDLER_BRAND: unique symbol = Symbol.for("langchain-litellm-session.handler") as never;

/**
 * The key of the id with which a `RunnableWithSession` runs: in `configurable`, and among LangChain's
 * context variables. A symbol, so that neither traces nor a remote graph get it.
 */
export const ACTIVE_SESSION: unique symbol = Symbol.for("langchain-litellm-session.active") as never;

type Configurable = NonNullable<RunnableConfig["configurable"]>;

/** The two spellings of a session id in `configurable`. */
const CONFIGURABLE_KEYS = ["sessionId", "session_id"] as const;

/** The keys of an id in `metadata`: LangSmith groups its threads by each of them. */
const METADATA_KEYS = ["session_id", "thread_id", "conversation_id"] as const;

export function fromCallOption({ option }: SessionLookup): string | undefined {
  return isUnset(option) ? undefined : checkSessionId(option, 'call option "sessionId"');
}

/** The active session comes last: LangChain may have replaced the config that the wrapper wrote it into. */
export function fromConfigurable({ config, implicitConfig, activeSessionId }: SessionLookup): string | undefined {
  for (const each of [config, implicitConfig]) {
    for (const key of CONFIGURABLE_KEYS) {
      const value = each?.configurable?.[key];
      if (!isUnset(value)) return checkSessionId(numberAsString(value), `configurable.${key}`);
    }
  }
  return activeSessionId;
}

/** The first `SessionCallbackHandler` in lists of callbacks. In one list the last handler added is the nearest. */
export function fromHandler(callbacksNearestFirst: readonly Callbacks[]): string | undefined {
  for (const callbacks of callbacksNearestFirst) {
    const handlers: readonly object[] = Array.isArray(callbacks) ? callbacks : (callbacks?.handlers ?? []);
    for (let i = handlers.length - 1; i >= 0; i -= 1) {
      const handler = handlers[i] as { [HANDLER_BRAND]?: true; sessionId?: unknown };
      if (handler?.[HANDLER_BRAND]) return checkSessionId(handler.sessionId, "SessionCallbackHandler.sessionId");
    }
  }
  return undefined;
}

/**
 * The callbacks of a model call, the nearest first: core's `mergeConfigs` adds them in the reverse order.
 * An array was passed to this very call; a manager was inherited from the run around the call.
 */
export function callbacksNearestFirst(
  { config, implicitConfig }: SessionLookup,
  { boundCallbacks, constructorCallbacks }: ModelDefaults,
): Callbacks[] {
  const passed = config?.callbacks;
  const nearest = Array.isArray(passed) ? [passed, boundCallbacks] : [boundCallbacks, passed];
  return [...nearest, implicitConfig?.callbacks, constructorCallbacks];
}

/** LangGraph's thread, then LangSmith's. A value that can't be an id is skipped: it was not meant for LiteLLM. */
export function fromThread({ config, implicitConfig }: SessionLookup): string | undefined {
  for (const each of [config, implicitConfig]) {
    const id = numberAsString(each?.configurable?.thread_id);
    if (isSessionId(id)) return id;
  }
  for (const each of [config, implicitConfig]) {
    for (const key of METADATA_KEYS) {
      const id = each?.metadata?.[key];
      if (isSessionId(id)) return id;
    }
  }
  return undefined;
}

/**
 * The id with which the nearest `RunnableWithSession` runs. A config counts before the async context,
 * which a browser does not have.
 */
export function activeSessionIdOf({ config, implicitConfig, activeSessionId }: SessionLookup): string | undefined {
  for (const each of [config, implicitConfig]) {
    const id = (each?.configurable as { [ACTIVE_SESSION]?: string } | undefined)?.[ACTIVE_SESSION];
    if (id !== undefined) return id;
  }
  return activeSessionId;
}

/**
 * Merges a call's `configurable` over the bound one, by key. `sessionId` and `session_id` are two
 * spellings of one key: the call's wins in either spelling, if it is set.
 */
export function mergeConfigurable(bound: Configurable, passed: Configurable): Configurable {
  const merged: Configurable = { ...bound, ...passed };
  const winner = CONFIGURABLE_KEYS.some((key) => !isUnset(passed[key])) ? passed : bound;
  for (const key of CONFIGURABLE_KEYS) {
    if (key in winner) merged[key] = winner[key];
    else delete merged[key];
  }
  return merged;
}

/** In `configurable`, a number (the key of a database row) is taken as its decimal string. */
function numberAsString(value: unknown): unknown {
  return typeof value === "number" && Number.isFinite(value) ? String(value) : value;
}
