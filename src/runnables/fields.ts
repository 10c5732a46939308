import type { Runnable, RunnableConfig } from "@langchain/core/runnables";

/** Call options of a `RunnableWithSession`, beside those of what it wraps. */
export interface RunnableWithSessionCallOptions extends RunnableConfig {
  /** The session of this call: 1 to 1,024 characters. Through a chain, give `configurable.sessionId`. */
  sessionId?: string | undefined;
}

/** How a `RunnableWithSession` comes by its id. */
export interface RunnableWithSessionOptions {
  /**
   * The session of a call that names none, or a function that finds it in the call's config.
   * Empty string: unset. Default: the session running around the call, else a new id for each call.
   */
  sessionId?: string | ((config: RunnableConfig) => string | undefined) | undefined;

  /** Told the id once a call, before anything runs. What it throws fails the call. */
  onSession?: ((sessionId: string, config: RunnableConfig) => void) | undefined;
}

/** Fields of `RunnableWithSession`. */
export interface RunnableWithSessionFields<
  RunInput,
  RunOutput,
  CallOptions extends RunnableWithSessionCallOptions = RunnableWithSessionCallOptions,
> extends RunnableWithSessionOptions {
  /** What runs in the session. */
  bound: Runnable<RunInput, RunOutput>;

  /** Config for each call, as `withConfig` binds it. */
  config?: Partial<CallOptions> | undefined;
}
