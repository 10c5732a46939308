import {
  ensureConfig,
  mergeConfigs,
  Runnable,
  type RunnableConfig,
  type RunnableRetry,
  type RunnableWithFallbacks,
} from "@langchain/core/runnables";
import { enableImplicitConfig, runWithSession, sessionLookup } from "../context/async_context.js";
import { resolveWrapperSession } from "../session/precedence.js";
import { checkSessionId, isUnset, newSessionId } from "../session/session_id.js";
import { ACTIVE_SESSION, canWriteSessionMetadata, mergeConfigurable, withSessionContext } from "../session/sources.js";
import { checkFields } from "../utils/check_fields.js";
import { describeValue, invalid } from "../utils/invalid.js";
import { DelegatingRunnable, type PreparedCall } from "./delegating_runnable.js";
import type {
  RunnableWithSessionCallOptions,
  RunnableWithSessionFields,
  RunnableWithSessionOptions,
} from "./fields.js";

/**
 * Wraps a Runnable so that everything inside one call is in one session. Every `SessionChatOpenAI` in its
 * sequences, parallel branches, lambdas, tools, sub-graphs, retries and fallbacks sends the same id. A step that
 * you pipe after the wrapper is outside the session. Each entry point resolves the session, runs with it, and calls
 * the same method of `bound` (delegating_runnable.ts).
 *
 * The id is the first of: call option `sessionId`; `configurable.sessionId` or `configurable.session_id` of the
 * call; field `sessionId`; `context.sessionId`; the active session of an outer wrapper; a `SessionCallbackHandler`;
 * `configurable.thread_id`; `session_id`, `thread_id` or `conversation_id` of the metadata; a new id for each call
 * (in `batch`, for each input).
 *
 * A queue or data loader of your own runs a job in the context of another run. Before you queue the job, take
 * `getSessionId()` for call option `sessionId`, or the config, and pass it to the call in the job.
 *
 * @throws {SessionIdError} from the constructor or a call, before anything runs, for an id that can't be sent.
 * @throws {TypeError} from the constructor, for a `bound` that is no Runnable or an `onSession` that is no function.
 *
 * @example
 * ```typescript
 * const chain = new RunnableWithSession({ bound: prompt.pipe(model).pipe(parser) });
 * await chain.invoke({ topic: "bears" }, { configurable: { sessionId: "conversation-42" } });
 * ```
 */
export class RunnableWithSession<
  // biome-ignore lint/suspicious/noExplicitAny: the defaults of Runnable
  RunInput = any,
  // biome-ignore lint/suspicious/noExplicitAny: the defaults of Runnable
  RunOutput = any,
  CallOptions extends RunnableWithSessionCallOptions = RunnableWithSessionCallOptions,
> extends DelegatingRunnable<RunInput, RunOutput, CallOptions> {
  static override lc_name(): string {
    return "RunnableWithSession";
  }

  override lc_namespace = ["langchain_litellm_session"];

  /** One object, because LangGraph's `createReactAgent` unwraps every Runnable with a field `bound`. */
  protected readonly fields: RunnableWithSessionFields<RunInput, RunOutput, CallOptions>;

  constructor(fields: RunnableWithSessionFields<RunInput, RunOutput, CallOptions>) {
    super();
    const form = 'new RunnableWithSession({ bound: runnable, sessionId: "conversation-42" })';
    const { bound, sessionId, onSession } = checkFields(fields, form);
    if (!Runnable.isRunnable(bound)) {
      throw new TypeError(
        `Invalid RunnableWithSession field "bound": expected a Runnable, got ${describeValue(bound)}. An agent of createAgent is none: give its \`graph\`.`,
      );
    }
    if (typeof sessionId !== "function" && !isUnset(sessionId)) {
      checkSessionId(sessionId, 'RunnableWithSession field "sessionId"');
    }
    if (onSession !== undefined && typeof onSession !== "function") {
      throw invalid('RunnableWithSession field "onSession"', "a function", onSession);
    }
    enableImplicitConfig();
    this.fields = fields;
  }

  override getName(suffix?: string): string {
    return this.name === undefined ? this.fields.bound.getName(suffix) : super.getName(suffix);
  }

  override getGraph(config?: RunnableConfig): ReturnType<Runnable["getGraph"]> {
    return this.fields.bound.getGraph(config);
  }

  override withConfig(config: Partial<CallOptions>): RunnableWithSession<RunInput, RunOutput, CallOptions> {
    const merged = mergeConfigs(this.fields.config, config) as Partial<CallOptions>;
    return new RunnableWithSession({ ...this.fields, config: merged });
  }

  /** All attempts of one call are in one session. At run time, returns a `RunnableWithSession` that wraps the retry. */
  override withRetry(fields?: Parameters<Runnable["withRetry"]>[0]): RunnableRetry<RunInput, RunOutput, CallOptions> {
    return this.rewrap((bound) => super.withRetry.call(bound, fields));
  }

  /** As `withRetry`. A fallback is in the session of the call, unless it is a wrapper with a field `sessionId`. */
  override withFallbacks(
    fields: Parameters<Runnable<RunInput, RunOutput>["withFallbacks"]>[0],
  ): RunnableWithFallbacks<RunInput, RunOutput> {
    return this.rewrap((bound) => super.withFallbacks.call(bound, fields));
  }

  /** As `withRetry`: returns a `RunnableWithSession`. */
  override withListeners(fields: Parameters<Runnable["withListeners"]>[0]): Runnable<RunInput, RunOutput, CallOptions> {
    return this.rewrap((bound) => super.withListeners.call(bound, fields));
  }

  override async invoke(input: RunInput, options?: Partial<CallOptions>): Promise<RunOutput> {
    const { run, config } = this.prepareCall(options);
    return run(() => this.fields.bound.invoke(input, config));
  }

  /**
   * Returns a wrapper of `wrap(bound)` with the same fields. `Declared` is the return type that core declares. `wrap`
   * must call `Runnable`'s method on `bound`, because `RunnableBinding`'s drops the listeners.
   */
  private rewrap<Declared>(wrap: (bound: Runnable<RunInput, RunOutput>) => unknown): Declared {
    const { bound, config } = this.fields;
    const { timeout, ...rest } = { ...config } as Partial<CallOptions>;
    // A bound timeout applies to each attempt, not to all of them together.
    const attempt = timeout === undefined ? bound : bound.withConfig({ timeout });
    // Core's retry and fallbacks would override a graph's bound limit by their default of 25.
    const { recursionLimit } = (bound as { config?: RunnableConfig }).config ?? {};
    const made = wrap(attempt as typeof bound) as typeof bound;
    const outerConfig = { recursionLimit, ...rest } as Partial<CallOptions>;
    return new RunnableWithSession({ ...this.fields, bound: made, config: outerConfig }) as Declared;
  }

  /** Resolves the session of a call, calls `onSession`, and writes the session into the config. */
  protected prepareCall(options: Partial<CallOptions> | undefined): PreparedCall<CallOptions> {
    const { config: boundConfig, onSession } = this.fields;
    const { sessionId: option, ...merged } = mergeConfigs(boundConfig, options) as Partial<CallOptions>;
    if (boundConfig?.configurable) {
      merged.configurable = mergeConfigurable(boundConfig.configurable, options?.configurable ?? {});
    }
    const lookup = sessionLookup(isUnset(option) ? boundConfig?.sessionId : option, merged);
    const config = withoutDefaults(merged);
    const sessionId = resolveWrapperSession(lookup, () => this.readSessionIdField(config)) ?? newSessionId();
    const configurable: Record<string | symbol, unknown> = { ...config.configurable, sessionId };
    if ("session_id" in configurable) configurable.session_id = sessionId; // Code inside may read either spelling.
    configurable[ACTIVE_SESSION] = sessionId;
    const { context, metadata } = config as RunnableConfig & { context?: unknown };
    const prepared: RunnableConfig & { context?: unknown } = {
      ...config,
      configurable,
      metadata: canWriteSessionMetadata(metadata, lookup) ? { ...metadata, session_id: sessionId } : metadata,
    };
    if (context !== undefined) prepared.context = withSessionContext(context, sessionId);
    onSession?.(sessionId, prepared);
    return { run: (callback) => runWithSession(sessionId, callback), config: prepared as Partial<CallOptions> };
  }

  private readSessionIdField(config: RunnableConfig): string | undefined {
    const { sessionId } = this.fields;
    const id: unknown = typeof sessionId === "function" ? sessionId(config) : sessionId;
    return isUnset(id) ? undefined : checkSessionId(id, 'RunnableWithSession field "sessionId"');
  }
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

/**
 * Returns a {@link RunnableWithSession} that wraps `runnable`. Everything inside one call of it is in one session.
 *
 * @throws {SessionIdError} for a `sessionId` that can't be sent.
 * @throws {TypeError} for a `runnable` that is no Runnable or an `onSession` that is no function.
 *
 * @example
 * ```typescript
 * const chain = withSession(prompt.pipe(model).pipe(parser), {
 *   onSession: (sessionId) => console.log(`session ${sessionId}`),
 * });
 * ```
 */
export function withSession<RunInput, RunOutput>(
  runnable: Runnable<RunInput, RunOutput>,
  fields?: RunnableWithSessionOptions,
): RunnableWithSession<RunInput, RunOutput> {
  const options = checkFields(fields, 'withSession(runnable, { sessionId: "conversation-42" })');
  return new RunnableWithSession<RunInput, RunOutput>({ ...options, bound: runnable });
}
