import { RunnableLambda } from "@langchain/core/runnables";
import { getSessionId } from "../../src/index.js";

/** Reads a stream to its end. A stream of events is both a promise and an iterable: it is not awaited. */
export async function collect<T>(stream: AsyncIterable<T> | Promise<AsyncIterable<T>>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of Symbol.asyncIterator in stream ? stream : await stream) chunks.push(chunk);
  return chunks;
}

/** A runnable that throws at its first attempts for each input, then returns its session. `seen`: the session of each attempt. */
export function failingRunnable(failures = 1) {
  const seen: unknown[] = [];
  const left = new Map<unknown, number>();
  const run = (input: unknown) => {
    seen.push(getSessionId());
    const remaining = left.get(input) ?? failures;
    left.set(input, remaining - 1);
    if (remaining > 0) throw new Error("not yet");
    return getSessionId() as string;
  };
  return { seen, bound: RunnableLambda.from(run) };
}
