import type { RunnableConfig } from "@langchain/core/runnables";
import { checkSessionId, isSessionId, isUnset } from "./session_id.js";

/** Marks a `SessionCallbackHandler`. Not `instanceof`: an app may hold an ESM and a CommonJS copy. */
export const HANDLER_BRAND: unique symbol = Symbol.for("langchain-litellm-session.handler") as never;

/**
 * The key under which a `RunnableWithSession` says which id it set itself: in `configurable`, and
 * among LangChain's context variables. A symbol, so that it reaches neither traces nor a remote graph.
 */
export const ENCLOSING: unique symbol = Symbol.for("langchain-litellm-session.enclosing") as never;

/**
 * Where an id came from: the steps of the precedence, in their order, and `"wrapper"`, an id that a
 * `RunnableWithSession` has or made. `"environment"` and `"generated"` belong to the process or the
 * model object and not to anybody's conversation.
 */
export type SessionOrigin =
  | "call"
  | "configurable"
  | "handler"
  | "constructor"
  | "thread_id"
  | "metadata"
  | "environment"
  | "generated"
  | "wrapper";

/** The session of one call. */
export interface ResolvedSession {
  readonly id: string;
  readonly origin: SessionOrigin;
}

/** What a model falls back on: what its constructor found, or false for `sessionId: false`. */
export type ModelSession = ResolvedSession | false;

type Callbacks = RunnableConfig["callbacks"];

/** What a call says, and what stands around it. */
export interface CallContext {
  /** Call option `sessionId`; `false`: none for this call. */
  sessionId: unknown;
  /** The config that was passed, bound values included. */
  passed: RunnableConfig | undefined;
  /** LangChain's implicit config. */
  implicit: RunnableConfig | undefined;
  /** The id of the nearest `RunnableWithSession`, where it is known without a config. */
  enclosing: string | undefined;
}

/**
 * The session of a model call, or undefined for none. The first of:
 *
 * 1. call option `sessionId`, bound ones included
 * 2. `configurable.sessionId`, or `configurable.session_id`
 * 3. the nearest `SessionCallbackHandler` among the callbacks: the call's own, those bound to the model
 *    (LangChain drops them where a run around has others), inherited ones, then the constructor's
 * 4. a `sessionId` given to the model's constructor
 * 5. `configurable.thread_id`, then `session_id`, `thread_id`, `conversation_id` of the metadata
 * 6. what the model has beside: `LITELLM_SESSION_ID`, else the id made for it
 *
 * Each is looked up in the config that was passed, then in the implicit one.
 *
 * @throws {SessionIdError} for an explicit value (1 to 3) that isn't an id. In 5 it is passed over.
 */
export function resolveSession(
  context: CallContext,
  model: { session: ModelSession; callbacks: readonly [bound: Callbacks, constructed: Callbacks] },
): ResolvedSession | undefined {
  if (context.sessionId === false) return undefined;
  const own = model.session || undefined;
  const [bound, constructed] = model.callbacks;
  return (
    fromCall(context.sessionId) ??
    fromConfigurable(context) ??
    fromHandler(nearest(context, bound, constructed)) ??
    (own?.origin === "constructor" ? own : undefined) ??
    fromThread(context) ??
    own
  );
}

/**
 * The session of one run of a `RunnableWithSession`, or undefined for a new one. The first of: call
 * option `sessionId`; `configurable` of the call; its own `sessionId`; the session running around
 * it; the thread and metadata ids. A `configurable.sessionId` that the enclosing wrapper set is not
 * the call's.
 *
 * @throws {SessionIdError} for an explicit value that isn't an id.
 */
export function resolveRunSession(
  context: CallContext,
  own: (() => ResolvedSession | undefined) | undefined,
): ResolvedSession | undefined {
  const enclosing = enclosingSessionId(context);
  const configured = fromConfigurable(context);
  return (
    fromCall(context.sessionId) ??
    (configured?.id === enclosing ? undefined : configured) ??
    own?.() ??
    configured ??
    fromHandler([context.passed?.callbacks, context.implicit?.callbacks]) ??
    fromThread(context)
  );
}

/** The id that the nearest `RunnableWithSession` set, or undefined where a config says that there is none. */
function enclosingSessionId({ passed, implicit, enclosing }: CallContext): string | undefined {
  for (const config of [passed, implicit]) {
    const configurable: { [ENCLOSING]?: string } = config?.configurable ?? {};
    if (ENCLOSING in configurable) return configurable[ENCLOSING];
  }
  return enclosing;
}

function fromCall(sessionId: unknown): ResolvedSession | undefined {
  if (isUnset(sessionId)) return undefined;
  return { id: checkSessionId(sessionId, 'call option "sessionId"'), origin: "call" };
}

const ID_KEYS = ["sessionId", "session_id"] as const;

type Configurable = NonNullable<RunnableConfig["configurable"]>;

/** A call's `configurable` over the bound one, by key. Both spellings of the id are one: the call's wins by either, if it is set. */
export function mergeConfigurable(bound: Configurable, given: Configurable): Configurable {
  const merged: Configurable = { ...bound, ...given };
  const named = ID_KEYS.some((key) => !isUnset(given[key])) ? given : bound;
  for (const key of ID_KEYS) {
    if (key in named) merged[key] = named[key];
    else delete merged[key];
  }
  return merged;
}

function fromConfigurable({ passed, implicit, enclosing }: CallContext): ResolvedSession | undefined {
  for (const config of [passed, implicit]) {
    for (const key of ID_KEYS) {
      const value = config?.configurable?.[key];
      if (!isUnset(value))
        return { id: checkSessionId(numberAsString(value), `configurable.${key}`), origin: "configurable" };
    }
  }
  return enclosing === undefined ? undefined : { id: enclosing, origin: "configurable" };
}

/** The last handler added is the nearest one: a child run's handlers follow the inherited ones. */
function fromHandler(callbacks: readonly Callbacks[]): ResolvedSession | undefined {
  for (const given of callbacks) {
    const handlers: readonly object[] = Array.isArray(given) ? given : (given?.handlers ?? []);
    for (let i = handlers.length - 1; i >= 0; i -= 1) {
      const handler = handlers[i] as { [HANDLER_BRAND]?: true; sessionId?: unknown };
      if (handler?.[HANDLER_BRAND]) {
        return { id: checkSessionId(handler.sessionId, "SessionCallbackHandler.sessionId"), origin: "handler" };
      }
    }
  }
  return undefined;
}

/**
 * Callbacks, the nearest first, in the order in which core's `mergeConfigs` would have added them: an
 * array was passed to the very call, a manager comes down from the runs around it.
 */
function nearest({ passed, implicit }: CallContext, bound: Callbacks, constructed: Callbacks): Callbacks[] {
  const called = passed?.callbacks;
  const inner = Array.isArray(called) ? [called, bound] : [bound, called];
  return [...inner, implicit?.callbacks, constructed];
}

function fromThread({ passed, implicit }: CallContext): ResolvedSession | undefined {
  for (const config of [passed, implicit]) {
    const id = numberAsString(config?.configurable?.thread_id);
    if (isSessionId(id)) return { id, origin: "thread_id" };
  }
  for (const config of [passed, implicit]) {
    for (const key of ["session_id", "thread_id", "conversation_id"]) {
      const id = config?.metadata?.[key];
      if (isSessionId(id)) return { id, origin: "metadata" };
    }
  }
  return undefined;
}

/** In `configurable`, a database's numeric key is taken as its decimal string. */
function numberAsString(value: unknown): unknown {
  return typeof value === "number" && Number.isFinite(value) ? String(value) : value;
}

/**
 * The `session_id` to write into a run's metadata, so that LangSmith, Langfuse and OpenInference
 * group alike. Undefined: none. One of the user's stays; one that an enclosing `RunnableWithSession`
 * wrote is replaced. An id that was generated for the model object says nothing to anybody.
 */
export function tracedSessionId(
  metadata: RunnableConfig["metadata"],
  session: ResolvedSession,
  context: CallContext,
): string | undefined {
  const present = metadata?.session_id;
  const isUsers = !isUnset(present) && present !== enclosingSessionId(context);
  return isUsers || session.origin === "generated" ? undefined : session.id;
}

/** The run's metadata with the {@link tracedSessionId}. */
export function withSessionMetadata(
  metadata: RunnableConfig["metadata"],
  session: ResolvedSession,
  context: CallContext,
): RunnableConfig["metadata"] {
  const id = tracedSessionId(metadata, session, context);
  return id === undefined ? metadata : { ...metadata, session_id: id };
}
