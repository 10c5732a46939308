import { ensureConfig, mergeConfigs, type RunnableConfig } from "@langchain/core/runnables";
import { type RunInContext, runWithSession, sessionLookup } from "../context/async_context.js";
import { withStepTracker } from "../context/step_tracker.js";
import { resolveWrapperSession } from "../session/precedence.js";
import { checkSessionId, isUnset, newSessionId } from "../session/session_id.js";
import { ACTIVE_SESSION, canWriteSessionMetadata, mergeConfigurable, withSessionContext } from "../session/sources.js";
import { invalid } from "../utils/invalid.js";
import type { RunnableWithSessionCallOptions, RunnableWithSessionOptions } from "./fields.js";

/** The async context and the config of a call whose session is resolved. */
export interface PreparedCall<CallOptions> {
  /** Runs a callback with the resolved session as the active session. */
  readonly run: RunInContext;
  /** The config for the wrapped Runnable or agent. */
  readonly config: Partial<CallOptions>;
}

/** The fields of a wrapper that decide the session of its calls. */
export interface WrapperFields<CallOptions extends RunnableWithSessionCallOptions> extends RunnableWithSessionOptions {
  /** The wrapper's bound config. */
  readonly config?: Partial<CallOptions> | undefined;
  /** The config that is bound to the wrapped agent itself: it may name a session, but is not passed a second time. */
  readonly agentConfig?: Partial<CallOptions> | undefined;
}

/** @throws {SessionIdError | TypeError} for an invalid `sessionId` or `onSession`. `owner` names them in the message. */
export function checkOptions({ sessionId, onSession }: RunnableWithSessionOptions, owner: string): void {
  if (typeof sessionId !== "function" && !isUnset(sessionId)) checkSessionId(sessionId, `${owner} field "sessionId"`);
  if (onSession !== undefined && typeof onSession !== "function") {
    throw invalid(`${owner} field "onSession"`, "a function", onSession);
  }
}

/** Resolves the session of a wrapper's call, calls `onSession`, and writes the session into the config. */
export function prepareCall<CallOptions extends RunnableWithSessionCallOptions>(
  fields: WrapperFields<CallOptions>,
  options: Partial<CallOptions> | undefined,
): PreparedCall<CallOptions> {
  const merged = mergeBound(fields.config, options);
  const { sessionId: option, ...named } = mergeBound(fields.agentConfig, merged);
  const lookup = sessionLookup(option, named);
  const { sessionId: _, ...passed } = merged;
  const config = withoutDefaults(passed);
  const sessionId = resolveWrapperSession(lookup, () => readSessionIdField(fields, config)) ?? newSessionId();
  const configurable: Record<string | symbol, unknown> = { ...config.configurable, sessionId };
  if ("session_id" in { ...configurable, ...named.configurable }) configurable.session_id = sessionId; // Code inside may read either spelling.
  configurable[ACTIVE_SESSION] = sessionId;
  const { metadata } = config;
  const canWriteMetadata = canWriteSessionMetadata({ ...fields.agentConfig?.metadata, ...metadata }, lookup);
  const callbacks = withStepTracker(config.callbacks);
  const prepared: RunnableConfig & { context?: unknown } = {
    ...config,
    ...(callbacks && { callbacks }),
    configurable,
    metadata: canWriteMetadata ? { ...metadata, session_id: sessionId } : metadata,
  };
  const { context } = { ...config, ...named } as { context?: unknown };
  if (context !== undefined) prepared.context = withSessionContext(context, sessionId);
  fields.onSession?.(sessionId, prepared);
  return { run: (callback) => runWithSession(sessionId, callback), config: prepared as Partial<CallOptions> };
}

/** Merges call options over bound ones. An unset `sessionId` does not replace the bound one. */
function mergeBound<CallOptions extends RunnableWithSessionCallOptions>(
  bound: Partial<CallOptions> | undefined,
  options: Partial<CallOptions> | undefined,
): Partial<CallOptions> {
  const merged = mergeConfigs(bound, options) as Partial<CallOptions>;
  if (bound?.configurable) merged.configurable = mergeConfigurable(bound.configurable, options?.configurable ?? {});
  if (isUnset(merged.sessionId)) merged.sessionId = bound?.sessionId;
  return merged;
}

function readSessionIdField({ sessionId }: RunnableWithSessionOptions, config: RunnableConfig): string | undefined {
  const id: unknown = typeof sessionId === "function" ? sessionId(config) : sessionId;
  return isUnset(id) ? undefined : checkSessionId(id, 'RunnableWithSession field "sessionId"');
}

/**
 * Calls LangChain's `ensureConfig`, which merges the implicit config, and removes its defaults: `recursionLimit` 25
 * and empty `tags` would override the values that are bound to the wrapped Runnable.
 */
function withoutDefaults(config: Partial<RunnableConfig>): RunnableConfig {
  const ensured: RunnableConfig = ensureConfig(config);
  for (const key of ["recursionLimit", "tags"] as const) if (config[key] === undefined) delete ensured[key];
  return ensured;
}
