import type { Runnable, RunnableConfig } from "@langchain/core/runnables";

/** Call options of a `RunnableWithSession`, which also takes those of the Runnable that it wraps. */
export interface RunnableWithSessionCallOptions extends RunnableConfig {
  /**
   * The session of this call: 1 to 1,024 characters. Empty string: unset. If the wrapper is a step of a chain, set
   * `configurable.sessionId` instead.
   */
  sessionId?: string | undefined;
}

/** Options of `withSession`. */
export interface RunnableWithSessionOptions {
  /**
   * The session of a call that names none, or a function that returns it from the call's config. Empty string:
   * unset. Default: the active session, else a handler's, else a thread id, else a new id for each call.
   */
  sessionId?: string | ((config: RunnableConfig) => string | undefined) | undefined;
  /** A function that the wrapper calls once for each call, before `bound` runs. If it throws, the call fails. */
  onSession?: ((sessionId: string, config: RunnableConfig) => void) | undefined;
}

/**
 * What `createAgent` and `createDeepAgent` return, by its shape: this package does not import `langchain`. `never`
 * accepts the methods of every agent, whatever its state, context and stream modes are.
 */
export interface AgentLike {
  readonly graph: object;
  invoke(state: never, config?: never): Promise<unknown>;
  stream(state: never, config?: never): Promise<unknown>;
  streamEvents(...args: never): unknown;
}

/** Fields of `RunnableWithSession`. */
export interface RunnableWithSessionFields<
  RunInput,
  RunOutput,
  CallOptions extends RunnableWithSessionCallOptions = RunnableWithSessionCallOptions,
> extends RunnableWithSessionOptions {
  /** The Runnable that runs in the session. */
  bound: Runnable<RunInput, RunOutput>;
  /** The bound config, as `withConfig` sets it. */
  config?: Partial<CallOptions> | undefined;
}
