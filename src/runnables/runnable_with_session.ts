import {
  mergeConfigs,
  Runnable,
  type RunnableConfig,
  type RunnableRetry,
  type RunnableWithFallbacks,
} from "@langchain/core/runnables";
import { enableImplicitConfig } from "../context/async_context.js";
import { checkFields } from "../utils/check_fields.js";
import { describeValue } from "../utils/invalid.js";
import { isAgent } from "./agent_in_session.js";
import { DelegatingRunnable } from "./delegating_runnable.js";
import type { RunnableWithSessionCallOptions, RunnableWithSessionFields } from "./fields.js";
import { type GraphMember, passGraphMembers } from "./graph_members.js";
import { checkOptions, prepareCall } from "./prepare_call.js";

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
    const { bound } = checkFields(fields, 'new RunnableWithSession({ bound: runnable, sessionId: "conversation-42" })');
    if (!Runnable.isRunnable(bound)) {
      const hint = isAgent(bound) ? " For an agent of createAgent, call withSession(agent)." : "";
      throw new TypeError(
        `Invalid RunnableWithSession field "bound": expected a Runnable, got ${describeValue(bound)}.${hint}`,
      );
    }
    checkOptions(fields, "RunnableWithSession");
    enableImplicitConfig();
    passGraphMembers(this, bound);
    this.fields = fields;
  }

  /** LangGraph looks for the sub-graph of a node in the `steps` of the node's Runnable. */
  get steps(): Runnable[] {
    return [this.fields.bound];
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
    const { run, config } = prepareCall(this.fields, options);
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
}

/** The methods that keep the types of the wrapped Runnable: those of a graph depend on `streamMode`. */
type Kept = "invoke" | "stream" | "streamEvents" | GraphMember;

/** A graph's call options are those of a chosen `streamMode`: in its wrapper, `sessionId` has overloads of its own. */
type CallOptionsOf<Options> = "streamMode" extends keyof Options
  ? RunnableWithSessionCallOptions
  : Options & RunnableWithSessionCallOptions;

// biome-ignore-start lint/suspicious/noExplicitAny: `unknown` does not match a graph's types
type InputOf<Bound> = Bound extends Runnable<infer RunInput, any, any> ? RunInput : never;
type OutputOf<Bound> = Bound extends Runnable<any, infer RunOutput, any> ? RunOutput : never;
type OptionsOf<Bound> = Bound extends Runnable<any, any, infer Options> ? Options : never;
// biome-ignore-end lint/suspicious/noExplicitAny: as above

/**
 * What `withSession` returns for a Runnable: a {@link RunnableWithSession} with the input, output and call options of
 * the Runnable that it wraps, and a graph's stream modes and state methods.
 */
export type WithSession<Bound extends Runnable> = [keyof OptionsOf<Bound>] extends [keyof RunnableConfig]
  ? RunnableWithSession<InputOf<Bound>, OutputOf<Bound>>
  : Pick<Bound, Extract<keyof Bound, Kept>> &
      RunnableWithSession<InputOf<Bound>, OutputOf<Bound>, CallOptionsOf<OptionsOf<Bound>>>;
