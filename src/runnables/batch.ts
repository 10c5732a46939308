import type { RunnableBatchOptions, RunnableConfig } from "@langchain/core/runnables";
import { AsyncCaller } from "@langchain/core/utils/async_caller";
import { snapshotAsyncContext } from "../context/async_context.js";
import { optionsOfEachInput } from "../utils/batch_options.js";

/**
 * A batch as LangChain's: at most `maxConcurrency` calls at once, no retries, errors as results with
 * `returnExceptions`. LangChain's own merges the implicit config into the options before it calls `invoke`.
 *
 * @param prepare Resolves the session of one input, at once for all inputs, and returns the call to make.
 */
export async function batchInSessions<Input, Output, Options extends RunnableConfig>(
  inputs: Input[],
  options: Partial<Options> | Partial<Options>[] | undefined,
  batchOptions: RunnableBatchOptions | undefined,
  prepare: (input: Input, options: Partial<Options> | undefined) => () => Promise<Output>,
): Promise<(Output | Error)[]> {
  const optionsOfEach = optionsOfEachInput(inputs.length, options);
  const maxConcurrency = optionsOfEach[0]?.maxConcurrency ?? batchOptions?.maxConcurrency;
  const caller = new AsyncCaller({ maxConcurrency, maxRetries: 0 });
  // A call that had to wait would start in the context of the call that made room.
  const inContext = snapshotAsyncContext();
  const outputs = inputs.map(async (input, index) => {
    try {
      const call = prepare(input, optionsOfEach[index]);
      return await caller.call(() => inContext(call));
    } catch (error) {
      if (!batchOptions?.returnExceptions) throw error;
      return error as Error;
    }
  });
  return Promise.all(outputs);
}
