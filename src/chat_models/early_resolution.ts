import type { Runnable, RunnableConfig } from "@langchain/core/runnables";

type Options = Partial<RunnableConfig>;

/** A call whose session is chosen. */
export interface Chosen {
  readonly sessionId: string;
  readonly config: Partial<RunnableConfig>;
}

/** A Runnable that can choose the session of a call before it is made. */
export type Choosing<RunInput, RunOutput> = Runnable<RunInput, RunOutput> & ChoosesSession<RunInput, RunOutput>;

/**
 * What can choose the session of a call before it is made: a `RunnableWithSession`, and the retries,
 * fallbacks and listeners around one. Each asks what it wraps, so that LangChain's own `withConfig`,
 * which rebuilds a binding from what is bound, loses nothing.
 */
export interface ChoosesSession<RunInput, RunOutput> {
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
  return each.map((given) => chosenOr(given, choose));
}

/** The config of a call with its session in it. */
export function chooseConfig(runnable: ChoosesSession<never, unknown>, options: Options | undefined): Options {
  return runnable.choose(options).config;
}

/** The same for each input of a batch. */
export function chooseConfigs(
  runnable: ChoosesSession<never, unknown>,
  inputs: readonly unknown[],
  options: Options | Options[] | undefined,
): Options[] {
  return chooseEach(inputs.length, options, (each) => chooseConfig(runnable, each)) as Options[];
}

/**
 * Chooses before LangChain mixes the implicit config in, as for a batch, where a run is followed by
 * its events. Not by overrides: the overloads of core's `streamEvents` grow from version to version,
 * and users are to see their own. Before the first instance, and not with the class, so that a
 * bundler can still leave a class out that nobody uses.
 */
export function chooseBeforeEvents<Class extends Pick<Runnable, "streamEvents" | "streamLog">>(
  prototype: Class,
  choose: (runnable: Class, options: Options | undefined) => Options,
): void {
  if (Object.hasOwn(prototype, "streamEvents")) return;
  for (const name of ["streamEvents", "streamLog"] as const) {
    const follow: (...args: never) => unknown = prototype[name];
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value(this: Class, input: unknown, options: Options | undefined, ...more: unknown[]) {
        return Reflect.apply(follow, this, [input, chosenOr(options, (given) => choose(this, given)), ...more]);
      },
    });
  }
}

/** What is chosen, or the options as they are where that fails: the call itself says so, and others may go on. */
function chosenOr<Options, Chosen>(options: Options, choose: (options: Options) => Chosen): Chosen | Options {
  try {
    return choose(options);
  } catch {
    return options;
  }
}
