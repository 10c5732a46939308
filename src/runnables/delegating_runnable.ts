import { Runnable, type RunnableBatchOptions } from "@langchain/core/runnables";
import { AsyncCaller } from "@langchain/core/utils/async_caller";
import { IterableReadableStream } from "@langchain/core/utils/stream";
import {
  iterateInContext,
  iterateWithSession,
  runWithSession,
  snapshotAsyncContext,
} from "../context/async_context.js";
import { optionsOfEachInput } from "../utils/batch_options.js";
import type { RunnableWithSessionCallOptions } from "./fields.js";

/** A call whose session is resolved: its id, and the config for the bound Runnable. */
export interface PreparedCall<CallOptions> {
  readonly sessionId: string;
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
    const { sessionId, config } = this.prepareCall(options);
    const stream = await runWithSession(sessionId, () => this.fields.bound.stream(input, config));
    return IterableReadableStream.fromAsyncGenerator(iterateWithSession(sessionId, () => stream));
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
        const { sessionId, config } = this.prepareCall(optionsOfEach[index]);
        const invoke = () => runWithSession(sessionId, () => this.fields.bound.invoke(input, config));
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
    const { sessionId, config } = this.prepareCall(options);
    // `generator` is the previous step of the chain. It runs when it is pulled, and outside this session.
    const input = iterateInContext(snapshotAsyncContext(), () => generator);
    yield* iterateWithSession(sessionId, () => this.fields.bound.transform(input, config));
  }

  /** What v3 returns is the bound Runnable's own: the stream of a chat model, or the promise of a graph's. */
  override streamEvents(
    input: RunInput,
    options: Partial<CallOptions> & { version: "v1" | "v2" },
    streamOptions?: object,
  ): never {
    const { sessionId, config } = this.prepareCall(options);
    const events = runWithSession(sessionId, () =>
      this.fields.bound.streamEvents(input, config as typeof options, streamOptions),
    );
    if (options?.version !== "v1" && options?.version !== "v2") return events as never;
    return IterableReadableStream.fromAsyncGenerator(iterateWithSession(sessionId, () => events)) as never;
  }

  override streamLog(
    input: RunInput,
    options?: Partial<CallOptions>,
    streamOptions?: object,
  ): ReturnType<Runnable["streamLog"]> {
    const { sessionId, config } = this.prepareCall(options);
    return iterateWithSession(sessionId, () => this.fields.bound.streamLog(input, config, streamOptions));
  }

  /** @internal */
  override _concatOutputChunks<O>(first: O, second: O): O {
    return this.fields.bound._concatOutputChunks(first, second);
  }
}

/** Typed as `Runnable`, so that users see the overloads of their version of core, which differ. */
export const DelegatingRunnable = SessionDelegate as unknown as typeof Runnable;
