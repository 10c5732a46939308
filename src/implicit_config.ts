import type { RunnableConfig } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

interface Storage {
  run<T>(store: unknown, callback: () => T): T;
  getStore(): unknown;
  enterWith(store: unknown): void;
}

interface Runtime {
  process?: { getBuiltinModule?: (name: string) => { AsyncLocalStorage?: new () => Storage } | undefined };
  AsyncLocalStorage?: new () => Storage;
}

/** The running wrapper's id, shared by every copy of this package in the process. */
const ENCLOSING_STORAGE = Symbol.for("langchain-litellm-session.enclosing");

const shared = globalThis as typeof globalThis & { [ENCLOSING_STORAGE]?: Storage };

let enabled = false;

/**
 * Turns on LangChain's implicit config, which core itself does only where langgraph or
 * `@langchain/core/context` is loaded: without it, a model called inside a tool or a lambda that
 * does not pass its config on would be outside the session. No Node built-in is imported, so that
 * a bundle for the browser builds; there, config must be passed on.
 */
export function enableImplicitConfig(): void {
  if (enabled) return;
  enabled = true;
  const runtime = globalThis as Runtime;
  const AsyncLocalStorage =
    runtime.process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage ?? runtime.AsyncLocalStorage;
  if (!AsyncLocalStorage) return;
  AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new AsyncLocalStorage());
  shared[ENCLOSING_STORAGE] ??= new AsyncLocalStorage();
}

/** The config that LangChain carries to calls that were given none, or undefined outside a run. */
export function getImplicitConfig(): RunnableConfig | undefined {
  return AsyncLocalStorageProviderSingleton.getRunnableConfig();
}

/** The id of the nearest `RunnableWithSession` around this code. */
export function getEnclosingSessionId(): string | undefined {
  return shared[ENCLOSING_STORAGE]?.getStore() as string | undefined;
}

/**
 * Runs `callback` with `sessionId` as the enclosing session. Beside the config, because the config
 * alone gets lost: a graph that is invoked with a `thread_id` of its own drops the implicit
 * `configurable`, and `chain.stream(input, config)` replaces the implicit config by its own.
 */
export function runInSession<T>(sessionId: string, callback: () => T): T {
  const storage = shared[ENCLOSING_STORAGE];
  return storage ? storage.run(sessionId, callback) : callback();
}

/** Iterates a stream with `sessionId` as the enclosing session of every step, early end included. */
export async function* streamInSession<T>(
  sessionId: string,
  open: () => Promise<AsyncIterable<T>> | AsyncIterable<T>,
): AsyncGenerator<T> {
  const iterator = (await runInSession(sessionId, open))[Symbol.asyncIterator]();
  let finished = false;
  try {
    while (true) {
      const step = await runInSession(sessionId, () => iterator.next());
      if (step.done) {
        finished = true;
        return;
      }
      yield step.value;
    }
  } finally {
    if (!finished) await runInSession(sessionId, () => iterator.return?.());
  }
}
