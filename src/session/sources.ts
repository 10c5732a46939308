import type { RunnableConfig } from "@langchain/core/runnables";
import { cloneInstance } from "../utils/clone_instance.js";
import type { DefaultSession } from "./default_session.js";
import { checkSessionId, isSessionId, isUnset } from "./session_id.js";

/** Marks a `SessionCallbackHandler`. A `Symbol.for`, because an app may load an ESM and a CommonJS copy of this package. */
export const HANDLER_BRAND: unique symbol = Symbol.for("langchain-litellm-session.handler") as never;

/**
 * The key of the active session, whose id a `RunnableWithSession` writes into `configurable` and LangChain's
 * context variables. A symbol, so that neither traces nor a remote graph get it.
 */
export const ACTIVE_SESSION: unique symbol = Symbol.for("langchain-litellm-session.active") as never;

/**
 * The key of a request's context in the call options of a `SessionChatOpenAI`. A symbol: spreads copy it, and JSON drops
 * it from cache keys and traces. A callback handler tells a call of this class by it, in two copies of the package too.
 */
export const REQUEST_CONTEXT: unique symbol = Symbol.for("langchain-litellm-session.request_context") as never;

/** The input of the precedence rules in precedence.ts, for one call. */
export interface SessionLookup {
  /** Call option `sessionId`. `false`: the call has no session. */
  readonly option: unknown;
  /** The config that was passed to the call, bound config included. */
  readonly config: RunnableConfig | undefined;
  /** LangChain's implicit config: the config of the run that makes the call, from the async context. */
  readonly implicitConfig: RunnableConfig | undefined;
  /** The id with which the nearest `RunnableWithSession` runs, from the async context. */
  readonly activeSessionId: string | undefined;
}

type Callbacks = RunnableConfig["callbacks"];

/** The values of a model object that the precedence rule reads. */
export interface ModelDefaults {
  readonly session: DefaultSession;
  readonly boundCallbacks?: Callbacks;
  readonly constructorCallbacks?: Callbacks;
}

type Configurable = NonNullable<RunnableConfig["configurable"]>;

const CONFIGURABLE_KEYS = ["sessionId", "session_id"] as const;

/** The keys of an id in `metadata`. LangSmith groups its threads by each of them. */
const METADATA_KEYS = ["session_id", "thread_id", "conversation_id"] as const;

export function fromCallOption({ option }: SessionLookup): string | undefined {
  return isUnset(option) ? undefined : checkSessionId(option, 'call option "sessionId"');
}

/** A session id in `configurable`, or the active session where no `configurable` has one. */
export interface ConfigurableSession {
  readonly sessionId: string;
  /** Whether a `RunnableWithSession` wrote the id. It marks its id by the key `ACTIVE_SESSION`, which the user's has not. */
  readonly isActive: boolean;
}

/** Falls back to the active session: LangChain may have replaced the config into which the wrapper wrote it. */
export function fromConfigurable({
  config,
  implicitConfig,
  activeSessionId,
}: SessionLookup): ConfigurableSession | undefined {
  for (const candidate of [config, implicitConfig]) {
    const configurable: Configurable & { [ACTIVE_SESSION]?: string } = candidate?.configurable ?? {};
    for (const key of CONFIGURABLE_KEYS) {
      const value = configurable[key];
      if (isUnset(value)) continue;
      const sessionId = checkSessionId(numberAsString(value), `configurable.${key}`);
      return { sessionId, isActive: configurable[ACTIVE_SESSION] === sessionId };
    }
  }
  return activeSessionId === undefined ? undefined : { sessionId: activeSessionId, isActive: true };
}

/** `context.sessionId`: LangChain v1's runtime context, which agents and graphs hand to their nodes and tools. */
export function fromContext({ config, implicitConfig }: SessionLookup): string | undefined {
  for (const candidate of [config, implicitConfig]) {
    const value = (candidate as { context?: { sessionId?: unknown } | null } | undefined)?.context?.sessionId;
    if (!isUnset(value)) return checkSessionId(numberAsString(value), "context.sessionId");
  }
  return undefined;
}

/** The session of the first `SessionCallbackHandler`. Within one list, the handler added last is the nearest. */
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
 * An array was passed to this call. A manager was inherited from the parent run, so bound callbacks are nearer.
 */
export function callbacksNearestFirst(
  { config, implicitConfig }: SessionLookup,
  { boundCallbacks, constructorCallbacks }: ModelDefaults,
): Callbacks[] {
  const callbacks = config?.callbacks;
  const nearest = Array.isArray(callbacks) ? [callbacks, boundCallbacks] : [boundCallbacks, callbacks];
  return [...nearest, implicitConfig?.callbacks, constructorCallbacks];
}

/** LangGraph's thread, then LangSmith's. Skips a value that can't be an id: the user did not mean it for LiteLLM. */
export function fromThread({ config, implicitConfig }: SessionLookup): string | undefined {
  for (const candidate of [config, implicitConfig]) {
    const id = numberAsString(candidate?.configurable?.thread_id);
    if (isSessionId(id)) return id;
  }
  for (const metadata of metadataNearestFirst(config?.metadata, { config, implicitConfig })) {
    for (const key of METADATA_KEYS) {
      const id = metadata?.[key];
      if (isSessionId(id)) return id;
    }
  }
  return undefined;
}

/**
 * The metadata of a call's run, the nearest first. A nested `createAgent` passes metadata of its own, which hides the
 * outer one from the implicit config. LangChain's callback manager merges both, for LangSmith: it exists if the outer
 * run has a handler or a tracer.
 */
function metadataNearestFirst(
  metadata: RunnableConfig["metadata"],
  { config, implicitConfig }: Pick<SessionLookup, "config" | "implicitConfig">,
): RunnableConfig["metadata"][] {
  const inherited = [config?.callbacks, implicitConfig?.callbacks].map((callbacks) =>
    Array.isArray(callbacks) ? undefined : callbacks?.metadata,
  );
  return [metadata, implicitConfig?.metadata, ...inherited];
}

/**
 * The active session: the id with which the nearest `RunnableWithSession` runs. Reads the configs first,
 * because a browser has no async context.
 */
export function activeSessionIdOf({ config, implicitConfig, activeSessionId }: SessionLookup): string | undefined {
  for (const candidate of [config, implicitConfig]) {
    const id = (candidate?.configurable as { [ACTIVE_SESSION]?: string } | undefined)?.[ACTIVE_SESSION];
    if (id !== undefined) return id;
  }
  return activeSessionId;
}

/**
 * Whether `session_id` may be written into a run's metadata, by which LangSmith, Langfuse and OpenInference
 * group runs. It replaces the value of an outer wrapper, never the user's.
 */
export function canWriteSessionMetadata(metadata: RunnableConfig["metadata"], lookup: SessionLookup): boolean {
  const candidates = metadataNearestFirst(metadata, lookup);
  const existingId = candidates.map((candidate) => candidate?.session_id).find((id) => !isUnset(id));
  return isUnset(existingId) || existingId === activeSessionIdOf(lookup);
}

/**
 * Merges a call's `configurable` over the bound one, by key. `sessionId` and `session_id` are two
 * spellings of one key: a set value of the call replaces the bound value in either spelling.
 */
export function mergeConfigurable(bound: Configurable, call: Configurable): Configurable {
  const merged: Configurable = { ...bound, ...call };
  const winner = CONFIGURABLE_KEYS.some((key) => !isUnset(call[key])) ? call : bound;
  for (const key of CONFIGURABLE_KEYS) {
    if (key in winner) merged[key] = winner[key];
    else delete merged[key];
  }
  return merged;
}

/**
 * Returns the context with `sessionId` in place of the id that it has, for code inside a wrapper that reads it.
 * Unchanged if it has none: the app's schema may not allow it.
 */
export function withSessionContext(context: unknown, sessionId: string): unknown {
  if (typeof context !== "object" || context === null || !("sessionId" in context)) return context;
  if (numberAsString(context.sessionId) === sessionId) return context;
  return Object.assign(cloneInstance(context), { sessionId });
}

/** Users put the numeric key of a database row into `configurable`: it becomes its decimal string. */
function numberAsString(value: unknown): unknown {
  return typeof value === "number" && Number.isFinite(value) ? String(value) : value;
}
