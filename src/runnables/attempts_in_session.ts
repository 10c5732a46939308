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
import {
  type ChoosesSession,
  type Choosing,
  type Chosen,
  chooseBeforeEvents,
  chooseConfig,
  chooseConfigs,
} from "../chat_models/early_resolution.js";
import { runInSession, streamInSession } from "../context/async_context.js";

type RetryFields = Parameters<Runnable["withRetry"]>[0];

type ListenerFields = Parameters<Runnable["withListeners"]>[0];

type Fallbacks<RunInput, RunOutput> = Runnable<RunInput, RunOutput>[] | { fallbacks: Runnable<RunInput, RunOutput>[] };

/** `batch` gives its errors as results where it is asked to. LangChain's overloads say which; one body serves all. */
type BatchResult<RunOutput> = Promise<(RunOutput & (RunOutput | Error))[]>;

/** Tries again, all attempts in the session that was chosen before the first. */
export function retryInSession<RunInput, RunOutput>(
  bound: Choosing<RunInput, RunOutput>,
  fields: RetryFields,
): RunnableRetry<RunInput, RunOutput> {
  chooseBeforeEvents(RetryInSession.prototype, chooseConfig);
  return new RetryInSession({ bound, kwargs: {}, config: {}, maxAttemptNumber: fields?.stopAfterAttempt, ...fields });
}

/** Tries others, all in the session that was chosen before the first. */
export function fallbacksInSession<RunInput, RunOutput>(
  runnable: Choosing<RunInput, RunOutput>,
  fields: Fallbacks<RunInput, RunOutput>,
): RunnableWithFallbacks<RunInput, RunOutput> {
  const fallbacks = Array.isArray(fields) ? fields : fields.fallbacks;
  chooseBeforeEvents(FallbacksInSession.prototype, chooseConfig);
  return new FallbacksInSession({ runnable, fallbacks: fallbacks.map((fallback) => runnable.enclose(fallback)) });
}

/** Tells listeners: LangChain's binding, in a class that can be tried again as a whole. */
export function listenersInSession<RunInput, RunOutput>(
  bound: Choosing<RunInput, RunOutput>,
  listening: Runnable<RunInput, RunOutput>,
): RunnableBinding<RunInput, RunOutput> {
  const { configFactories } = listening as RunnableBinding<RunInput, RunOutput>;
  chooseBeforeEvents(BindingInSession.prototype, chooseConfig);
  return new BindingInSession({ bound, kwargs: {}, config: {}, ...(configFactories && { configFactories }) });
}

class BindingInSession<RunInput, RunOutput>
  extends RunnableBinding<RunInput, RunOutput>
  implements ChoosesSession<RunInput, RunOutput>
{
  declare bound: Choosing<RunInput, RunOutput>;

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
    return super.batch(inputs, chooseConfigs(this, inputs, options), batchOptions) as BatchResult<RunOutput>;
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
  declare bound: Choosing<RunInput, RunOutput>;

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
    return super.batch(inputs, chooseConfigs(this, inputs, options), batchOptions) as BatchResult<RunOutput>;
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
  declare runnable: Choosing<RunInput, RunOutput>;

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
    return super.batch(inputs, chooseConfigs(this, inputs, options), batchOptions) as BatchResult<RunOutput>;
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
