import {
  mergeConfigs,
  type RunnableBatchOptions,
  type RunnableBindingArgs,
  type RunnableConfig,
  RunnableRetry,
  RunnableWithFallbacks,
} from "@langchain/core/runnables";
import { runInSession, streamInSession } from "./implicit_config.js";
import type { RunnableWithSession, RunnableWithSessionCallOptions } from "./runnable_with_session.js";

/** `batch` gives its errors as results where it is asked to. LangChain's overloads say which; one body serves all. */
type BatchResult<RunOutput> = Promise<(RunOutput & (RunOutput | Error))[]>;

/** A `RunnableRetry` whose attempts are all in the session that was chosen before the first. */
export class RetryInSession<
  RunInput,
  RunOutput,
  CallOptions extends RunnableWithSessionCallOptions,
> extends RunnableRetry<RunInput, RunOutput, CallOptions> {
  declare bound: RunnableWithSession<RunInput, RunOutput, CallOptions>;

  override async invoke(input: RunInput, options?: Partial<CallOptions>): Promise<RunOutput> {
    const { sessionId, config } = this.choose(options);
    return runInSession(sessionId, () => super.invoke(input, config));
  }

  override async batch(
    inputs: RunInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions,
  ): BatchResult<RunOutput> {
    const configs = this._getOptionsList(options ?? {}, inputs.length).map((each) => this.choose(each).config);
    return super.batch(inputs, configs, batchOptions) as BatchResult<RunOutput>;
  }

  override withRetry(
    fields?: Parameters<RunnableRetry["withRetry"]>[0],
  ): RunnableRetry<RunInput, RunOutput, CallOptions> {
    const given: RunnableBindingArgs<RunInput, RunOutput, CallOptions> = { bound: this.bound, config: this.config };
    return new RetryInSession({ ...given, maxAttemptNumber: fields?.stopAfterAttempt, ...fields });
  }

  private choose(options?: Partial<CallOptions>) {
    return this.bound.choose(mergeConfigs(this.config, options) as Partial<CallOptions>);
  }
}

/** A `RunnableWithFallbacks` whose attempts are all in the session that was chosen before the first. */
export class FallbacksInSession<RunInput, RunOutput> extends RunnableWithFallbacks<RunInput, RunOutput> {
  declare runnable: RunnableWithSession<RunInput, RunOutput>;

  override async invoke(input: RunInput, options?: Partial<RunnableConfig>): Promise<RunOutput> {
    const { sessionId, config } = this.runnable.choose(options);
    return runInSession(sessionId, () => super.invoke(input, config));
  }

  override async *_streamIterator(input: RunInput, options?: Partial<RunnableConfig>): AsyncGenerator<RunOutput> {
    const { sessionId, config } = this.runnable.choose(options);
    yield* streamInSession(sessionId, () => super._streamIterator(input, config));
  }

  override async batch(
    inputs: RunInput[],
    options?: Partial<RunnableConfig> | Partial<RunnableConfig>[],
    batchOptions?: RunnableBatchOptions,
  ): BatchResult<RunOutput> {
    const configs = this._getOptionsList(options ?? {}, inputs.length).map((each) => this.runnable.choose(each).config);
    return super.batch(inputs, configs, batchOptions) as BatchResult<RunOutput>;
  }
}
