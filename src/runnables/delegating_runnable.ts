import { Runnable, type RunnableBatchOptions } from "@langchain/core/runnables";
import { AsyncCaller } from "@langchain/core/utils/async_caller";
import { IterableReadableStream } from "@langchain/core/utils/stream";
import { iterateInContext, type RunInContext, snapshotAsyncContext } from "../context/async_context.js";
import { optionsOfEachInput } from "../utils/batch_options.js";
import type { RunnableWithSessionCallOptions } from "./fields.js";

/** A call whose session is resolved. */
export interface PreparedCall<CallOptions> {
  /** Runs code with the session as the active one. */
  readonly run: RunInContext;
  /** The config for the bound Runnable. */
  readonly config: Partial<CallOptions>;
}

/**
 * A Runnable whose every entry point does the same three steps: resolve the session, run with it as the active
 * session, delegate to the same method of the bound Runnable.
 */
abstract class SessionDelegate<
  RunInput,
  RunOutput,
  CallOptions extends RunnableWithSessionCallOptions,
> extends Runnable<RunInput, RunOutput, CallOptions> {
  protected abstract readonly fields: { readonly bound: Runnable<RunInput, RunOutput> };

  protected abstract prepareCall(options: Partial<CallOptions> | undefined): PreparedCall<CallOptions>;

  override async stream(input: RunInput, options?: Partial<CallOptions>): Promise<IterableReadableStream<RunOutput>> {
    const { run, config } = this.prepareCall(options);
    const stream = await run(() => this.fields.bound.stream(input, config));
    return IterableReadableStream.fromAsyncGenerator(iterateInContext(run, () => stream));
  }

  /**
   * At most `maxConcurrency` calls at once, no retries, errors as results with `returnExceptions`: as core's
   * `batch`, which would merge the implicit config into the options before the session of each input is resolved.
   */
  override async batch(
    inputs: RunInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions,
  ): Promise<RunOutput[]> {
    this._getOptionsList(options ?? {}, inputs.length); // Throws if the options are not one for each input.
    const optionsOfEach = optionsOfEachInput(inputs.length, options);
    const maxConcurrency = optionsOfEach[0]?.maxConcurrency ?? batchOptions?.maxConcurrency;
    const caller = new AsyncCaller({ maxConcurrency, maxRetries: 0 });
    const runInCallersContext = snapshotAsyncContext(); // A call that waits starts in the context of the one that made room.
    const outputs = inputs.map(async (input, index) => {
      try {
        const { run, config } = this.prepareCall(optionsOfEach[index]);
        const invoke = () => run(() => this.fields.bound.invoke(input, config));
        return await caller.call(() => runInCallersContext(invoke));
      } catch (error) {
        if (!batchOptions?.returnExceptions) throw error;
        return error as RunOutput;
      }
    });
    return Promise.all(outputs);
  }

  override async *_streamIterator(input: RunInput, options?: Partial<CallOptions>): AsyncGenerator<RunOutput> {
    yield* await this.stream(input, options);
  }

  override async *transform(
    generator: AsyncGenerator<RunInput>,
    options: Partial<CallOptions>,
  ): AsyncGenerator<RunOutput> {
    const { run, config } = this.prepareCall(options);
    // `generator` is the previous step of the chain. It runs when it is pulled, and outside this session.
    const input = iterateInContext(snapshotAsyncContext(), () => generator);
    yield* iterateInContext(run, () => this.fields.bound.transform(input, config));
  }

  /** What v3 returns is the bound Runnable's own: the stream of a chat model, or the promise of a graph's. */
  override streamEvents(
    input: RunInput,
    options: Partial<CallOptions> & { version: "v1" | "v2" },
    streamOptions?: object,
  ): never {
    const { run, config } = this.prepareCall(options);
    const events = run(() => this.fields.bound.streamEvents(input, config as typeof options, streamOptions));
    if (options?.version !== "v1" && options?.version !== "v2") return events as never;
    return IterableReadableStream.fromAsyncGenerator(iterateInContext(run, () => events)) as never;
  }

  override streamLog(
    input: RunInput,
    options?: Partial<CallOptions>,
    streamOptions?: object,
  ): ReturnType<Runnable["streamLog"]> {
    const { run, config } = this.prepareCall(options);
    return iterateInContext(run, () => this.fields.bound.streamLog(input, config, streamOptions));
  }

  /** @internal */
  override _concatOutputChunks<O>(first: O, second: O): O {
    return this.fields.bound._concatOutputChunks(first, second);
  }
}

/** Typed as `Runnable`, so that users see the overloads of their version of core, which differ. */
export const DelegatingRunnable = SessionDelegate as unknown as typeof Runnable;
