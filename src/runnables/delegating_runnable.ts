import { Runnable, type RunnableBatchOptions } from "@langchain/core/runnables";
import { AsyncCaller } from "@langchain/core/utils/async_caller";
import { AsyncGeneratorWithSetup, IterableReadableStream } from "@langchain/core/utils/stream";
import { iterateInContext, snapshotAsyncContext } from "../context/async_context.js";
import { optionsOfEachInput } from "../utils/batch_options.js";
import type { RunnableWithSessionCallOptions } from "./fields.js";
import { type PreparedCall, prepareCall, type WrapperFields } from "./prepare_call.js";

/**
 * A Runnable with the same three steps in each entry point: resolve the session, make it the active session, call
 * the same method of the bound Runnable. `invoke` is in the subclasses, because it is abstract in `Runnable`.
 */
export abstract class SessionDelegate<
  RunInput,
  RunOutput,
  CallOptions extends RunnableWithSessionCallOptions,
> extends Runnable<RunInput, RunOutput, CallOptions> {
  protected abstract readonly fields: WrapperFields<CallOptions> & { bound: Runnable<RunInput, RunOutput> };

  override async stream(input: RunInput, options?: Partial<CallOptions>): Promise<IterableReadableStream<RunOutput>> {
    const { run, config } = prepareCall(this.fields, options);
    const chunks = iterateInContext(run, () => this.fields.bound.stream(input, config));
    // As core's `stream`: resolves with the first chunk, and ends at once when `signal` aborts.
    const generator = new AsyncGeneratorWithSetup({ generator: chunks, config });
    await generator.setup;
    return IterableReadableStream.fromAsyncGenerator(generator);
  }

  /**
   * Behaves as core's `batch`, with `maxConcurrency` and `returnExceptions`. Core's would merge the implicit config
   * into the options before `prepareCall` resolves the session of each input.
   */
  override async batch(
    inputs: RunInput[],
    options?: Partial<CallOptions> | Partial<CallOptions>[],
    batchOptions?: RunnableBatchOptions,
  ): Promise<RunOutput[]> {
    this._getOptionsList(options ?? {}, inputs.length); // Throws if an array has not one options object for each input.
    const optionsOfEach = optionsOfEachInput(inputs.length, options);
    const { maxConcurrency = batchOptions?.maxConcurrency } = { ...this.fields.config, ...optionsOfEach[0] };
    const onFailedAttempt = (error: unknown) => {
      throw error; // No retries, and the error stays as it is.
    };
    const caller = new AsyncCaller({ maxConcurrency, onFailedAttempt });
    const runInCallersContext = snapshotAsyncContext(); // A queued call would start in the context of the call that ended.
    const outputs = inputs.map((input, index) => {
      const { run, config } = this.tryPrepareCall(optionsOfEach[index]);
      return caller.call(async () => {
        try {
          return await runInCallersContext(() => run(() => this.fields.bound.invoke(input, config)));
        } catch (error) {
          if (!batchOptions?.returnExceptions) throw error;
          return error as RunOutput;
        }
      });
    });
    return Promise.all(outputs);
  }

  override async *transform(
    generator: AsyncGenerator<RunInput>,
    options: Partial<CallOptions>,
  ): AsyncGenerator<RunOutput> {
    const { run, config } = prepareCall(this.fields, options);
    // `generator` is the previous step of the chain. It runs lazily, but in the caller's context, not in this session.
    const input = iterateInContext(snapshotAsyncContext(), () => generator);
    yield* iterateInContext(run, () => this.fields.bound.transform(input, config));
  }

  /** For v3, returns the bound Runnable's result unchanged: a chat model returns a stream, a graph a promise of one. */
  override streamEvents(
    input: RunInput,
    options: Partial<CallOptions> & { version: "v1" | "v2" },
    streamOptions?: object,
  ): never {
    const { run, config } = this.tryPrepareCall(options);
    const open = () => this.fields.bound.streamEvents(input, config as typeof options, streamOptions);
    if (options?.version !== "v1" && options?.version !== "v2") return run(open) as never;
    return IterableReadableStream.fromAsyncGenerator(iterateInContext(run, open)) as never;
  }

  override streamLog(
    input: RunInput,
    options?: Partial<CallOptions>,
    streamOptions?: object,
  ): ReturnType<Runnable["streamLog"]> {
    const { run, config } = this.tryPrepareCall(options);
    return iterateInContext(run, () => this.fields.bound.streamLog(input, config, streamOptions));
  }

  /** If `prepareCall` fails, `run` throws its error: where core would, in one call of a batch or when events are read. */
  private tryPrepareCall(options: Partial<CallOptions> | undefined): PreparedCall<CallOptions> {
    try {
      return prepareCall(this.fields, options);
    } catch (error) {
      const run = () => {
        throw error;
      };
      return { run, config: {} };
    }
  }

  /** @internal */
  override _concatOutputChunks<O>(first: O, second: O): O {
    return this.fields.bound._concatOutputChunks(first, second);
  }
}

/** Typed as `Runnable`, because its overloads differ between versions of core: users see those of their version. */
export const DelegatingRunnable = SessionDelegate as unknown as typeof Runnable;
