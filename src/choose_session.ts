import type { Runnable, RunnableConfig } from "@langchain/core/runnables";

/** A call whose session is chosen. */
export interface Chosen {
  readonly sessionId: string;
  readonly config: Partial<RunnableConfig>;
}

/**
 * What can choose the session of a call before it is made: a `RunnableWithSession`, and the retries,
 * fallbacks and listeners around one. Each asks what it wraps, so that LangChain's own `withConfig`,
 * which rebuilds a binding from what is bound, loses nothing.
 */
export interface ChoosesSession<RunInput, RunOutput> extends Runnable<RunInput, RunOutput> {
  choose(options?: Partial<RunnableConfig>): Chosen;

  /** A fallback, so that what runs inside it is inside the session. */
  enclose(fallback: Runnable<RunInput, RunOutput>): Runnable<RunInput, RunOutput>;
}

/**
 * The options of each input of a batch. As LangChain's own, but before it mixes the implicit config
 * into them: what is bound could no longer be told from what is around.
 */
export function chooseEach<Options extends { runId?: string }, Chosen>(
  inputs: number,
  options: Options | Options[] | undefined,
  choose: (options: Options | undefined) => Chosen,
): (Chosen | Options | undefined)[] {
  const each = Array.isArray(options)
    ? options
    : // A run's id is the first input's.
      Array.from({ length: inputs }, (_, index) =>
        index > 0 && options?.runId ? { ...options, runId: undefined } : options,
      );
  return each.map((given) => {
    try {
      return choose(given);
    } catch {
      return given; // The input's own call says so: other inputs may go on.
    }
  });
}

/**
 * As for `batch`, where a run is followed by its events. Not an override: the overloads of core's
 * `streamEvents` grow from version to version, and users are to see their own.
 */
export function chooseBeforeEvents<RunInput, RunOutput>(runnable: ChoosesSession<RunInput, RunOutput>): void {
  for (const name of ["streamEvents", "streamLog"] as const) {
    const follow: (input: RunInput, options: never, ...more: never[]) => unknown = runnable[name];
    const value = (input: RunInput, options: Partial<RunnableConfig> | undefined, ...more: unknown[]): unknown =>
      Reflect.apply(follow, runnable, [input, runnable.choose(options).config, ...more]);
    Object.defineProperty(runnable, name, { configurable: true, writable: true, value });
  }
}
