import type { RunnableConfig } from "@langchain/core/runnables";
import { _CONTEXT_VARIABLES_KEY, AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { ENCLOSING } from "../session/precedence.js";

interface Runtime {
  process?: { getBuiltinModule?: (name: string) => { AsyncLocalStorage?: StorageClass } | undefined };
  AsyncLocalStorage?: StorageClass;
}

type StorageClass = new () => Parameters<typeof AsyncLocalStorageProviderSingleton.initializeGlobalInstance>[0];

/** What LangChain keeps beside the implicit config, and carries on into every run inside. */
interface Store {
  [_CONTEXT_VARIABLES_KEY]?: { [ENCLOSING]?: string };
}

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
}

/** The config that LangChain carries to calls that were given none, or undefined outside a run. */
export function getImplicitConfig(): RunnableConfig | undefined {
  return AsyncLocalStorageProviderSingleton.getRunnableConfig();
}

/** The id of the nearest `RunnableWithSession` around this code. */
export function getEnclosingSessionId(): string | undefined {
  return currentStore()?.[_CONTEXT_VARIABLES_KEY]?.[ENCLOSING];
}

/**
 * Runs `callback` with `sessionId` as the enclosing session. As a context variable of LangChain's,
 * because the config alone gets lost: a graph that is invoked with a `thread_id` of its own drops
 * the implicit `configurable`, and `chain.stream(input, config)` replaces the implicit config by
 * its own. In no storage of ours: LangChain clears its own around handlers that run in the background.
 */
export function runInSession<T>(sessionId: string, callback: () => T): T {
  const around = currentStore();
  const store: Store = Object.create(around ?? Object.prototype);
  store[_CONTEXT_VARIABLES_KEY] = { ...around?.[_CONTEXT_VARIABLES_KEY], [ENCLOSING]: sessionId };
  return AsyncLocalStorageProviderSingleton.getInstance().run(store, callback) as T;
}

function currentStore(): Store | undefined {
  return AsyncLocalStorageProviderSingleton.getInstance().getStore() as Store | undefined;
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

/** Captures what LangChain keeps around this code, to run a callback in it later. */
export function captureSurroundings(): <T>(callback: () => T) => T {
  const around = currentStore();
  return (callback) => AsyncLocalStorageProviderSingleton.getInstance().run(around, callback);
}

/** Iterates a stream in surroundings that were captured. */
export async function* streamInSurroundings<T>(
  surroundings: ReturnType<typeof captureSurroundings>,
  stream: AsyncGenerator<T>,
): AsyncGenerator<T> {
  try {
    while (true) {
      const step = await surroundings(() => stream.next());
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await surroundings(() => stream.return(undefined));
  }
}
