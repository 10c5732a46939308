import type { Runnable, RunnableConfig } from "@langchain/core/runnables";

/** Call options of a `RunnableWithSession`, beside those of the Runnable that it wraps. */
export interface RunnableWithSessionCallOptions extends RunnableConfig {
  /** The session of this call: 1 to 1,024 characters. If the wrapper is a step of a chain, set `configurable.sessionId`. */
  sessionId?: string | undefined;
}

/** How a `RunnableWithSession` finds its session id. */
export interface RunnableWithSessionOptions {
  /**
   * The session of a call that names none, or a function that finds it in the call's config.
   * Empty string: unset. Default: the session in which the call is made, else a new id for each call.
   */
  sessionId?: string | ((config: RunnableConfig) => string | undefined) | undefined;

  /** Called with the id once for each call, before anything runs. An error that it throws fails the call. */
  onSession?: ((sessionId: string, config: RunnableConfig) => void) | undefined;
}

/** Fields of `RunnableWithSession`. */
export interface RunnableWithSessionFields<
  RunInput,
  RunOutput,
  CallOptions extends RunnableWithSessionCallOptions = RunnableWithSessionCallOptions,
> extends RunnableWithSessionOptions {
  /** The Runnable that runs in the session. */
  bound: Runnable<RunInput, RunOutput>;

  /** Config for each call, as `withConfig` binds it. */
  config?: Partial<CallOptions> | undefined;
}
