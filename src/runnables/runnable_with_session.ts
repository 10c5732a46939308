import {
  ensureConfig,
  mergeConfigs,
  Runnable,
  type RunnableBatchOptions,
  type RunnableConfig,
  type RunnableRetry,
  type RunnableWithFallbacks,
} from "@langchain/core/runnables";
import type { IterableReadableStream } from "@langchain/core/utils/stream";
import {
  type ChoosesSession,
  type Chosen,
  chooseBeforeEvents,
  chooseConfig,
  chooseConfigs,
} from "../chat_models/early_resolution.js";
import {
  captureSurroundings,
  enableImplicitConfig,
  getEnclosingSessionId,
  getImplicitConfig,
  runInSession,
  streamInSession,
  streamInSurroundings,
} from "../context/async_context.js";
import {
  type CallContext,
  ENCLOSING,
  mergeConfigurable,
  type ResolvedSession,
  resolveRunSession,
  withSessionMetadata,
} from "../session/precedence.js";
import { checkSessionId, describe, isUnset, newSessionId } from "../session/session_id.js";
import { fallbacksInSession, listenersInSession, retryInSession } from "./attempts_in_session.js";
import type {
  RunnableWithSessionCallOptions,
  RunnableWithSessionFields,
  RunnableWithSessionOptions,
} from "./fields.js";

/** The key in `configurable` of what was chosen before a call: see {@link ChosenBefore}. */
const CHOSEN: unique symbol = Symbol("langchain-litellm-session.chosen");

/** Says that the id of a call was chosen, so that no attempt chooses or tells it again. */
interface ChosenBefore {
  /** The fields of the wrapper that chose it. */
  readonly by: object;
  /**
   * What the caller gave, or did not: on the way, LangChain fills in defaults and what is around,
   * which would win over what is bound.
   */
  readonly given: Pick<RunnableConfig, "recursionLimit" | "tags" | "configurable" | "metadata">;
}

/** LangChain's `ensureConfig`, without the defaults that would win over what is bound. */
function withoutDefaults(given: Partial<RunnableConfig>): Partial<RunnableConfig> {
  const config: Partial<RunnableConfig> = ensureConfig(given);
  for (const key of ["recursionLimit", "tags"] as const) if (given[key] === undefined) delete config[key];
  return config;
}

/**
 * Wraps a Runnable so that everything inside one call of it is in one session: every call that a
 * `SessionChatOpenAI` makes in its sequences, parallel branches, lambdas, tools, sub-graphs,
 * retries and fallbacks has the same id. What is piped after it is outside.
 *
 * The id is the first of: call option `sessionId`; `configurable.sessionId` (or `session_id`) of
 * the call; its own `sessionId`; the session running around it; `configurable.thread_id` and the
 * metadata's ids; a new one for each call (of `batch`, for each input).
 *
 * @throws {SessionIdError} from the constructor or a call, before anything runs, for an id that can't be sent.
 * @throws {TypeError} from the constructor, for a `bound` that is no Runnable and an `onSession` that is no function.
 *
 * @example
 * ```typescript
 * const chain = new RunnableWithSession({ bound: prompt.pipe(model).pipe(parser) });
 * await chain.invoke({ topic: "bears" }, { configurable: { sessionId: "conversation-42" } });
 * ```
 */
export class RunnableWithSession<
    // biome-ignore lint/suspicious/noExplicitAny: as Runnable's own defaults
    RunInput = any,
    // biome-ignore lint/suspicious/noExplicitAny: as Runnable's own defaults
    RunOutput = any,
    CallOptions extends RunnableWithSessionCallOptions = RunnableWithSessionCallOptions,
  >
  extends Runnable<RunInput, RunOutput, CallOptions>
  implements ChoosesSession<RunInput, RunOutput>
{
  static override lc_name(): string {
    return "RunnableWithSession";
  }

  override lc_namespace = ["langchain_litellm_session"];

  protected readonly wrapped: RunnableWithSessionFields<RunInput, RunOutput, CallOptions>;

  constructor(fields: RunnableWithSessionFields<RunInput, RunOutput, CallOptions>) {
    super();
    if (!Runnable.isRunnable(fields?.bound)) {
      throw new TypeError(
        `Invalid RunnableWithSession field "bound": expected a Runnable, got ${describe(fields?.bound)}. An agent of createAgent is none: give its \`graph\`.`,
      );
    }
    if (typeof fields.sessionId !== "function" && !isUnset(fields.sessionId)) {
      checkSessionId(fields.sessionId, 'RunnableWithSession field "sessionId"');
    }
    if (fields.onSession !== undefined && typeof fields.onSession !== "function") {
      throw new TypeError(
        `Invalid RunnableWithSession field "onSession": expected a function, got ${describe(fields.onSession)}.`,
      );
    }
    enableImplicitConfig();
    chooseBeforeEvents(RunnableWithSession.prototype, chooseConfig);
    this.wrapped = fields;
  }

  override getName(suffix?: string): string {
    return this.name === undefined ? this.wrapped.bound.getName(suffix) : super.getName(suffix);
  }

  override getGraph(config?: RunnableConfig): ReturnType<Runnable["getGraph"]> {
    return this.wrapped.bound.getGraph(config);
  }

  override withConfig(config: Partial<CallOptions>): RunnableWithSession<RunInput, RunOutput, CallOptions> {
    return new RunnableWithSession({
      ...this.wrapped,
      config: mergeConfigs(this.wrapped.config, config) as Partial<CallOptions>,
    });
  }

  override withRetry(fields?: Parameters<Runnable["withRetry"]>[0]): RunnableRetry<RunInput, RunOutput, CallOptions> {
    return retryInSession<RunInput, RunOutput>(this, fields) as RunnableRetry<RunInput, RunOutput, CallOptions>;
  }

  override withFallbacks(
    fields: Parameters<Runnable<RunInput, RunOutput>["withFallbacks"]>[0],
  ): RunnableWithFallbacks<RunInput, RunOutput> {
    return fallbacksInSession<RunInput, RunOutput>(this, fields);
  }

  override withListeners(fields: Parameters<Runnable["withListeners"]>[0]): Runnable<RunInput, RunOutput, CallOptions> {
    const listening: unknown = listenersInSession<RunInput, RunOutput>(this, super.withListeners(fields));
    return listening as Runnable<RunInput, RunOutput, CallOptions>;
  }

  override async invoke(input: RunInput, options?: Partial<CallOptions>): Promise<RunOutput> {
    const { sessionId, config } = this.enter(options);
    return runInSession(sessionId, () => this.wrapped.bound.invoke(input, config));
  }

  override async stream(input: RunInput, options?: Partial<CallOptions>): Promise<IterableReadableStream<RunOutput>> {
    return super.stream(input, this.choose(options).config as Partial<CallOptions>);
  }

  override batch(
    inputs: RunInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions & { returnExceptions?: false },
  ): Promise<RunOutput[]>;
  override batch(
    inputs: RunInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions,
  ): Promise<(RunOutput | Error)[]>;
  override async batch(
    inputs: RunInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions,
  ): Promise<(RunOutput | Error)[]> {
    return super.batch(inputs, chooseConfigs(this, inputs, options) as Partial<CallOptions>[], batchOptions);
  }

  override async *_streamIterator(input: RunInput, options?: Partial<CallOptions>): AsyncGenerator<RunOutput> {
    const { sessionId, config } = this.enter(options);
    yield* streamInSession(sessionId, () => this.wrapped.bound.stream(input, config));
  }

  override async *transform(
    generator: AsyncGenerator<RunInput>,
    options: Partial<CallOptions>,
  ): AsyncGenerator<RunOutput> {
    const { sessionId, config } = this.enter(options);
    // What makes the input is piped before: it runs when it is pulled, and outside.
    const input = streamInSurroundings(captureSurroundings(), generator);
    yield* streamInSession(sessionId, () => this.wrapped.bound.transform(input, config));
  }

  /** @internal */
  override _concatOutputChunks<O>(first: O, second: O): O {
    return this.wrapped.bound._concatOutputChunks(first, second);
  }

  /**
   * The options with the call's id in them, as if the caller had given it, for a retry or fallback
   * around this wrapper: chosen once, outside the attempts. What is bound to the wrapper stays its own.
   *
   * @internal
   */
  choose(options?: Partial<RunnableConfig>): Chosen {
    const { session, context, entered, chosen } = this.resolve(options as Partial<CallOptions>);
    if (!chosen) this.tell(entered);
    const { sessionId: _, ...given } = { ...options } as Partial<RunnableWithSessionCallOptions>;
    const config = withoutDefaults(given);
    const { recursionLimit, tags } = given;
    const named = { sessionId: session.id, [ENCLOSING]: undefined };
    const bound = this.wrapped.config;
    const first: ChosenBefore = chosen ?? {
      by: this.wrapped,
      given: {
        recursionLimit,
        tags,
        ...(bound?.configurable && { configurable: { ...given.configurable, ...named } }),
        ...(bound?.metadata && { metadata: given.metadata ?? {} }),
      },
    };
    const configurable = { ...config.configurable, ...named, [CHOSEN]: first };
    const metadata = withSessionMetadata(config.metadata, session, context);
    return { sessionId: session.id, config: { ...config, configurable, ...(metadata && { metadata }) } };
  }

  /** @internal */
  enclose(fallback: Runnable<RunInput, RunOutput>): Runnable<RunInput, RunOutput> {
    return fallback instanceof RunnableWithSession ? fallback : withSession(fallback);
  }

  private enter(options: Partial<CallOptions> | undefined): { sessionId: string; config: Partial<CallOptions> } {
    const { session, entered, chosen } = this.resolve(options);
    if (!chosen) this.tell(entered);
    return { sessionId: session.id, config: entered as Partial<CallOptions> };
  }

  private tell(entered: RunnableConfig): void {
    this.wrapped.onSession?.(entered.configurable?.sessionId, entered);
  }

  /** Chooses the session of a call and writes it into its config. */
  private resolve(options: Partial<CallOptions> | undefined) {
    const bound = this.wrapped.config;
    const before = (options?.configurable as { [CHOSEN]?: ChosenBefore } | undefined)?.[CHOSEN];
    const chosen = before?.by === this.wrapped ? before : undefined;
    const given: Partial<RunnableConfig> = { ...options, ...chosen?.given };
    const { sessionId, ...passed } = mergeConfigs(bound, given) as Partial<CallOptions>;
    if (bound?.configurable) {
      passed.configurable = mergeConfigurable(bound.configurable, given.configurable ?? {});
    }
    const named = isUnset(sessionId) ? bound?.sessionId : sessionId;
    const context: CallContext = {
      sessionId: chosen ? undefined : named,
      passed,
      implicit: getImplicitConfig(),
      enclosing: getEnclosingSessionId(),
    };
    const config = withoutDefaults(passed) as RunnableConfig;
    const session: ResolvedSession = resolveRunSession(context, () => this.ownSession(config)) ?? {
      id: newSessionId(),
      origin: "wrapper",
    };
    const { [CHOSEN]: _, ...configurable } = (config.configurable ?? {}) as { [CHOSEN]?: unknown };
    const isSpelledTwice = "session_id" in { ...bound?.configurable, ...configurable };
    const entered: RunnableConfig = {
      ...config,
      configurable: {
        ...configurable,
        sessionId: session.id,
        ...(isSpelledTwice && { session_id: session.id }),
        [ENCLOSING]: session.id,
      },
      metadata: withSessionMetadata(config.metadata, session, context),
    };
    return { session, context, entered, chosen };
  }

  private ownSession(config: RunnableConfig) {
    const { sessionId } = this.wrapped;
    const id: unknown = typeof sessionId === "function" ? sessionId(config) : sessionId;
    if (isUnset(id)) return undefined;
    return { id: checkSessionId(id, 'RunnableWithSession field "sessionId"'), origin: "wrapper" as const };
  }
}

/**
 * Wraps a Runnable so that everything inside one call of it is in one session.
 *
 * @example
 * ```typescript
 * const chain = withSession(prompt.pipe(model).pipe(parser), {
 *   onSession: (sessionId) => console.log(`session ${sessionId}`),
 * });
 * ```
 * @see RunnableWithSession
 */
export function withSession<RunInput, RunOutput>(
  runnable: Runnable<RunInput, RunOutput>,
  fields?: RunnableWithSessionOptions,
): RunnableWithSession<RunInput, RunOutput> {
  return new RunnableWithSession<RunInput, RunOutput>({ ...fields, bound: runnable });
}
