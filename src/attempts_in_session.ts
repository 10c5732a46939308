import {
  mergeConfigs,
  type Runnable,
  type RunnableBatchOptions,
  RunnableBinding,
  type RunnableConfig,
  RunnableRetry,
  RunnableWithFallbacks,
} from "@langchain/core/runnables";
import type { IterableReadableStream } from "@langchain/core/utils/stream";
import { runInSession, streamInSession } from "./implicit_config.js";

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

type RetryFields = Parameters<Runnable["withRetry"]>[0];

type ListenerFields = Parameters<Runnable["withListeners"]>[0];

type Fallbacks<RunInput, RunOutput> = Runnable<RunInput, RunOutput>[] | { fallbacks: Runnable<RunInput, RunOutput>[] };

/** `batch` gives its errors as results where it is asked to. LangChain's overloads say which; one body serves all. */
type BatchResult<RunOutput> = Promise<(RunOutput & (RunOutput | Error))[]>;

/** Tries again, all attempts in the session that was chosen before the first. */
export function retryInSession<RunInput, RunOutput>(
  bound: ChoosesSession<RunInput, RunOutput>,
  fields: RetryFields,
): RunnableRetry<RunInput, RunOutput> {
  return new RetryInSession({ bound, kwargs: {}, config: {}, maxAttemptNumber: fields?.stopAfterAttempt, ...fields });
}

/** Tries others, all in the session that was chosen before the first. */
export function fallbacksInSession<RunInput, RunOutput>(
  runnable: ChoosesSession<RunInput, RunOutput>,
  fields: Fallbacks<RunInput, RunOutput>,
): RunnableWithFallbacks<RunInput, RunOutput> {
  const fallbacks = Array.isArray(fields) ? fields : fields.fallbacks;
  return new FallbacksInSession({ runnable, fallbacks: fallbacks.map((fallback) => runnable.enclose(fallback)) });
}

/** Tells listeners: LangChain's binding, in a class that can be tried again as a whole. */
export function listenersInSession<RunInput, RunOutput>(
  bound: ChoosesSession<RunInput, RunOutput>,
  listening: Runnable<RunInput, RunOutput>,
): RunnableBinding<RunInput, RunOutput> {
  const { configFactories } = listening as RunnableBinding<RunInput, RunOutput>;
  return new BindingInSession({ bound, kwargs: {}, config: {}, ...(configFactories && { configFactories }) });
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
 * `streamEvents` grow from version to version, and each user is to see his own.
 */
export function chooseBeforeEvents<RunInput, RunOutput>(runnable: ChoosesSession<RunInput, RunOutput>): void {
  for (const name of ["streamEvents", "streamLog"] as const) {
    const follow: (input: RunInput, options: never, ...more: never[]) => unknown = runnable[name];
    const value = (input: RunInput, options: Partial<RunnableConfig> | undefined, ...more: unknown[]): unknown =>
      Reflect.apply(follow, runnable, [input, runnable.choose(options).config, ...more]);
    Object.defineProperty(runnable, name, { configurable: true, writable: true, value });
  }
}

class BindingInSession<RunInput, RunOutput>
  extends RunnableBinding<RunInput, RunOutput>
  implements ChoosesSession<RunInput, RunOutput>
{
  declare bound: ChoosesSession<RunInput, RunOutput>;

  constructor(fields: ConstructorParameters<typeof RunnableBinding<RunInput, RunOutput>>[0]) {
    super(fields);
    chooseBeforeEvents(this);
  }

  override get lc_id(): string[] {
    return [...this.lc_namespace, RunnableBinding.lc_name()];
  }

  choose(options?: Partial<RunnableConfig>): Chosen {
    return this.bound.choose(mergeConfigs(this.config, options));
  }

  enclose(fallback: Runnable<RunInput, RunOutput>): Runnable<RunInput, RunOutput> {
    return this.bound.enclose(fallback);
  }

  override async stream(
    input: RunInput,
    options?: Partial<RunnableConfig>,
  ): Promise<IterableReadableStream<RunOutput>> {
    return super.stream(input, this.choose(options).config);
  }

  override async batch(
    inputs: RunInput[],
    options?: Partial<RunnableConfig> | Partial<RunnableConfig>[],
    batchOptions?: RunnableBatchOptions,
  ): BatchResult<RunOutput> {
    const configs = chooseEach(inputs.length, options, (each) => this.choose(each).config);
    return super.batch(inputs, configs as Partial<RunnableConfig>[], batchOptions) as BatchResult<RunOutput>;
  }

  override withRetry(fields?: RetryFields): RunnableRetry<RunInput, RunOutput> {
    return retryInSession<RunInput, RunOutput>(this, fields);
  }

  override withFallbacks(fields: Fallbacks<RunInput, RunOutput>): RunnableWithFallbacks<RunInput, RunOutput> {
    return fallbacksInSession<RunInput, RunOutput>(this, fields);
  }
}

class RetryInSession<RunInput, RunOutput>
  extends RunnableRetry<RunInput, RunOutput>
  implements ChoosesSession<RunInput, RunOutput>
{
  declare bound: ChoosesSession<RunInput, RunOutput>;

  constructor(fields: ConstructorParameters<typeof RunnableRetry<RunInput, RunOutput>>[0]) {
    super(fields);
    chooseBeforeEvents(this);
  }

  override get lc_id(): string[] {
    return [...this.lc_namespace, RunnableRetry.lc_name()];
  }

  choose(options?: Partial<RunnableConfig>): Chosen {
    return this.bound.choose(mergeConfigs(this.config, options));
  }

  enclose(fallback: Runnable<RunInput, RunOutput>): Runnable<RunInput, RunOutput> {
    return this.bound.enclose(fallback);
  }

  override async stream(
    input: RunInput,
    options?: Partial<RunnableConfig>,
  ): Promise<IterableReadableStream<RunOutput>> {
    return super.stream(input, this.choose(options).config);
  }

  override async invoke(input: RunInput, options?: Partial<RunnableConfig>): Promise<RunOutput> {
    const { sessionId, config } = this.choose(options);
    return runInSession(sessionId, () => super.invoke(input, config));
  }

  override async batch(
    inputs: RunInput[],
    options?: Partial<RunnableConfig> | Partial<RunnableConfig>[],
    batchOptions?: RunnableBatchOptions,
  ): BatchResult<RunOutput> {
    const configs = chooseEach(inputs.length, options, (each) => this.choose(each).config);
    return super.batch(inputs, configs as Partial<RunnableConfig>[], batchOptions) as BatchResult<RunOutput>;
  }

  override withRetry(fields?: RetryFields): RunnableRetry<RunInput, RunOutput> {
    return retryInSession<RunInput, RunOutput>(this, fields);
  }

  override withFallbacks(fields: Fallbacks<RunInput, RunOutput>): RunnableWithFallbacks<RunInput, RunOutput> {
    return fallbacksInSession<RunInput, RunOutput>(this, fields);
  }
}

class FallbacksInSession<RunInput, RunOutput>
  extends RunnableWithFallbacks<RunInput, RunOutput>
  implements ChoosesSession<RunInput, RunOutput>
{
  declare runnable: ChoosesSession<RunInput, RunOutput>;

  constructor(fields: ConstructorParameters<typeof RunnableWithFallbacks<RunInput, RunOutput>>[0]) {
    super(fields);
    chooseBeforeEvents(this);
  }

  override get lc_id(): string[] {
    return [...this.lc_namespace, RunnableWithFallbacks.lc_name()];
  }

  choose(options?: Partial<RunnableConfig>): Chosen {
    return this.runnable.choose(options);
  }

  enclose(fallback: Runnable<RunInput, RunOutput>): Runnable<RunInput, RunOutput> {
    return this.runnable.enclose(fallback);
  }

  override async invoke(input: RunInput, options?: Partial<RunnableConfig>): Promise<RunOutput> {
    const { sessionId, config } = this.choose(options);
    return runInSession(sessionId, () => super.invoke(input, config));
  }

  /** LangChain's own fills in defaults, and replaces the implicit config by them, before it asks for the iterator. */
  override async stream(
    input: RunInput,
    options?: Partial<RunnableConfig>,
  ): Promise<IterableReadableStream<RunOutput>> {
    return super.stream(input, this.choose(options).config);
  }

  override async *_streamIterator(input: RunInput, options?: Partial<RunnableConfig>): AsyncGenerator<RunOutput> {
    const { sessionId, config } = this.choose(options);
    yield* streamInSession(sessionId, () => super._streamIterator(input, config));
  }

  override async batch(
    inputs: RunInput[],
    options?: Partial<RunnableConfig> | Partial<RunnableConfig>[],
    batchOptions?: RunnableBatchOptions,
  ): BatchResult<RunOutput> {
    const configs = chooseEach(inputs.length, options, (each) => this.choose(each).config);
    return super.batch(inputs, configs as Partial<RunnableConfig>[], batchOptions) as BatchResult<RunOutput>;
  }

  override withRetry(fields?: RetryFields): RunnableRetry<RunInput, RunOutput> {
    return retryInSession<RunInput, RunOutput>(this, fields);
  }

  override withFallbacks(fields: Fallbacks<RunInput, RunOutput>): RunnableWithFallbacks<RunInput, RunOutput> {
    return fallbacksInSession<RunInput, RunOutput>(this, fields);
  }

  override withListeners(fields: ListenerFields): Runnable<RunInput, RunOutput> {
    return listenersInSession<RunInput, RunOutput>(this, super.withListeners(fields));
  }
}
