import {
  ensureConfig,
  mergeConfigs,
  Runnable,
  type RunnableBatchOptions,
  type RunnableConfig,
  type RunnableRetry,
  type RunnableWithFallbacks,
} from "@langchain/core/runnables";
import type { StreamEvent } from "@langchain/core/tracers/log_stream";
import { IterableReadableStream } from "@langchain/core/utils/stream";
import {
  enableImplicitConfig,
  iterateInContext,
  iterateWithSession,
  runWithSession,
  snapshotAsyncContext,
} from "../context/async_context.js";
import { sessionLookup } from "../context/session_lookup.js";
import { resolveWrapperSession } from "../session/precedence.js";
import { withSessionMetadata } from "../session/run_metadata.js";
import { checkSessionId, isUnset, newSessionId } from "../session/session_id.js";
import { ACTIVE_SESSION, mergeConfigurable } from "../session/sources.js";
import type { ResolvedSession } from "../session/types.js";
import { describeValue } from "../utils/describe_value.js";
import { invalid } from "../utils/invalid.js";
import { batchInSessions } from "./batch.js";
import type {
  RunnableWithSessionCallOptions,
  RunnableWithSessionFields,
  RunnableWithSessionOptions,
} from "./fields.js";

/** A call whose session is resolved: its id, and the config for the Runnable that is wrapped. */
export interface PreparedCall<CallOptions> {
  readonly sessionId: string;
  readonly config: Partial<CallOptions>;
}

type StreamOptions = Parameters<Runnable["streamEvents"]>[2];

/**
 * Wraps a Runnable so that everything inside one call of it is in one session: every call that a
 * `SessionChatOpenAI` makes in its sequences, parallel branches, lambdas, tools, sub-graphs,
 * retries and fallbacks has the same id. What you pipe after the wrapper is outside the session.
 *
 * The id is the first of: call option `sessionId`; `configurable.sessionId` (or `session_id`) of
 * the call; the wrapper's own `sessionId`; the session in which the call is made; `configurable.thread_id` and
 * the metadata's ids; a new one for each call (in `batch`, for each input).
 *
 * Every entry point does the same three steps: resolve the session, run with it as the active session, delegate
 * to the same method of `bound`.
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
> extends Runnable<RunInput, RunOutput, CallOptions> {
  static override lc_name(): string {
    return "RunnableWithSession";
  }

  override lc_namespace = ["langchain_litellm_session"];

  /** Never name a field `bound`: LangGraph's `createReactAgent` unwraps whatever has one. */
  protected readonly fields: RunnableWithSessionFields<RunInput, RunOutput, CallOptions>;

  constructor(fields: RunnableWithSessionFields<RunInput, RunOutput, CallOptions>) {
    super();
    const { bound, sessionId, onSession } = fields ?? {};
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
    return new RunnableWithSession({
      ...this.fields,
      config: mergeConfigs(this.fields.config, config) as Partial<CallOptions>,
    });
  }

  /** All attempts of one call are in one session. At run time this is a `RunnableWithSession` around the retry. */
  override withRetry(fields?: Parameters<Runnable["withRetry"]>[0]): RunnableRetry<RunInput, RunOutput, CallOptions> {
    const wrapper: unknown = this.rewrap((bound) => super.withRetry.call(bound, fields));
    return wrapper as RunnableRetry<RunInput, RunOutput, CallOptions>;
  }

  /** The fallbacks are in the session of the call, except one that is a wrapper with its own `sessionId`. */
  override withFallbacks(
    fields: Parameters<Runnable<RunInput, RunOutput>["withFallbacks"]>[0],
  ): RunnableWithFallbacks<RunInput, RunOutput> {
    const wrapper: unknown = this.rewrap((bound) => super.withFallbacks.call(bound, fields));
    return wrapper as RunnableWithFallbacks<RunInput, RunOutput>;
  }

  override withListeners(fields: Parameters<Runnable["withListeners"]>[0]): Runnable<RunInput, RunOutput, CallOptions> {
    return this.rewrap((bound) => super.withListeners.call(bound, fields));
  }

  override async invoke(input: RunInput, options?: Partial<CallOptions>): Promise<RunOutput> {
    const { sessionId, config } = this.prepareCall(options);
    return runWithSession(sessionId, () => this.fields.bound.invoke(input, config));
  }

  override async stream(input: RunInput, options?: Partial<CallOptions>): Promise<IterableReadableStream<RunOutput>> {
    const { sessionId, config } = this.prepareCall(options);
    const stream = await runWithSession(sessionId, () => this.fields.bound.stream(input, config));
    return IterableReadableStream.fromAsyncGenerator(iterateWithSession(sessionId, () => stream));
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
    this._getOptionsList(options ?? {}, inputs.length); // Throws if the options are not one for each input.
    return batchInSessions(inputs, options, batchOptions, (input, each) => {
      const { sessionId, config } = this.prepareCall(each);
      return () => runWithSession(sessionId, () => this.fields.bound.invoke(input, config));
    });
  }

  override async *_streamIterator(input: RunInput, options?: Partial<CallOptions>): AsyncGenerator<RunOutput> {
    yield* await this.stream(input, options);
  }

  override async *transform(
    generator: AsyncGenerator<RunInput>,
    options: Partial<CallOptions>,
  ): AsyncGenerator<RunOutput> {
    const { sessionId, config } = this.prepareCall(options);
    // `generator` is the previous step of the chain. It runs when it is pulled, and outside this session.
    const input = iterateInContext(snapshotAsyncContext(), () => generator);
    yield* iterateWithSession(sessionId, () => this.fields.bound.transform(input, config));
  }

  override streamEvents(
    input: RunInput,
    options: Partial<CallOptions> & { version: "v1" | "v2" },
    streamOptions?: StreamOptions,
  ): IterableReadableStream<StreamEvent>;
  override streamEvents(
    input: RunInput,
    options: Partial<CallOptions> & { version: "v1" | "v2"; encoding: "text/event-stream" },
    streamOptions?: StreamOptions,
  ): IterableReadableStream<Uint8Array>;
  override streamEvents(
    input: RunInput,
    options: Partial<CallOptions> & { version: "v1" | "v2" },
    streamOptions?: StreamOptions,
  ): IterableReadableStream<StreamEvent | Uint8Array> {
    const { sessionId, config } = this.prepareCall(options);
    const events = runWithSession(sessionId, () =>
      this.fields.bound.streamEvents(input, config as typeof options, streamOptions),
    );
    // What v3 returns is the bound Runnable's own: a chat model's stream, or a promise of a graph's.
    if (options?.version !== "v1" && options?.version !== "v2") return events;
    return IterableReadableStream.fromAsyncGenerator(iterateWithSession(sessionId, () => events));
  }

  override streamLog(
    input: RunInput,
    options?: Partial<CallOptions>,
    streamOptions?: Parameters<Runnable["streamLog"]>[2],
  ): ReturnType<Runnable["streamLog"]> {
    const { sessionId, config } = this.prepareCall(options);
    return iterateWithSession(sessionId, () => this.fields.bound.streamLog(input, config, streamOptions));
  }

  /** @internal */
  override _concatOutputChunks<O>(first: O, second: O): O {
    return this.fields.bound._concatOutputChunks(first, second);
  }

  /** The same wrapper around what `wrap` makes of the bound Runnable. */
  private rewrap(
    wrap: (bound: Runnable<RunInput, RunOutput>) => unknown,
  ): RunnableWithSession<RunInput, RunOutput, CallOptions> {
    const { bound, config } = this.fields;
    const { timeout, ...rest } = { ...config } as Partial<CallOptions>;
    // A timeout that is bound to the wrapper is that of each attempt.
    const attempt = timeout === undefined ? bound : bound.withConfig({ timeout });
    // A graph has its bound limit in `config`: core's retry and fallbacks would override it by their default of 25.
    const { recursionLimit } = (bound as { config?: RunnableConfig }).config ?? {};
    return new RunnableWithSession({
      ...this.fields,
      bound: wrap(attempt as typeof bound) as typeof bound,
      config: { recursionLimit, ...rest } as Partial<CallOptions>,
    });
  }

  /** Resolves the session of a call, calls `onSession`, and writes the session into the config. */
  private prepareCall(options: Partial<CallOptions> | undefined): PreparedCall<CallOptions> {
    const { config: boundConfig, onSession } = this.fields;
    const { sessionId: option, ...merged } = mergeConfigs(boundConfig, options) as Partial<CallOptions>;
    if (boundConfig?.configurable) {
      merged.configurable = mergeConfigurable(boundConfig.configurable, options?.configurable ?? {});
    }
    const lookup = sessionLookup(isUnset(option) ? boundConfig?.sessionId : option, merged);
    const config = withoutDefaults(merged);
    const session = resolveWrapperSession(lookup, () => this.ownSession(config)) ?? {
      id: newSessionId(),
      origin: "wrapper",
    };
    const configurable: Record<string | symbol, unknown> = { ...config.configurable, sessionId: session.id };
    if ("session_id" in configurable) configurable.session_id = session.id; // Code inside may read either spelling.
    configurable[ACTIVE_SESSION] = session.id;
    const prepared: RunnableConfig = {
      ...config,
      configurable,
      metadata: withSessionMetadata(config.metadata, session, lookup),
    };
    onSession?.(session.id, prepared);
    return { sessionId: session.id, config: prepared as Partial<CallOptions> };
  }

  private ownSession(config: RunnableConfig): ResolvedSession | undefined {
    const { sessionId } = this.fields;
    const id: unknown = typeof sessionId === "function" ? sessionId(config) : sessionId;
    if (isUnset(id)) return undefined;
    return { id: checkSessionId(id, 'RunnableWithSession field "sessionId"'), origin: "wrapper" };
  }
}

/**
 * LangChain's `ensureConfig`, which merges the implicit config in, without its defaults: `recursionLimit` 25 and
 * empty `tags` would override those that are bound to the Runnable inside.
 */
function withoutDefaults(config: Partial<RunnableConfig>): RunnableConfig {
  const ensured: RunnableConfig = ensureConfig(config);
  for (const key of ["recursionLimit", "tags"] as const) if (config[key] === undefined) delete ensured[key];
  return ensured;
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
