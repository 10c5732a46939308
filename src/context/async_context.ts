import type { RunnableConfig } from "@langchain/core/runnables";
import { _CONTEXT_VARIABLES_KEY, AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { ACTIVE_SESSION } from "../session/sources.js";

type StorageClass = new () => Parameters<typeof AsyncLocalStorageProviderSingleton.initializeGlobalInstance>[0];

interface Runtime {
  process?: { getBuiltinModule?: (name: string) => { AsyncLocalStorage?: StorageClass } | undefined };
  AsyncLocalStorage?: StorageClass;
}

/** What LangChain's AsyncLocalStorage holds: a run, and context variables that every run inside inherits. */
interface Store {
  [_CONTEXT_VARIABLES_KEY]?: { [ACTIVE_SESSION]?: string };
}

let isEnabled = false;

/**
 * Turns on LangChain's implicit config, which core itself does only where langgraph or
 * `@langchain/core/context` is loaded. Without it, a model called inside a tool or a lambda that does not
 * pass its config on would be outside the session. Imports no Node built-in, so that a bundle for the
 * browser builds; a browser has no AsyncLocalStorage, so there config must be passed on.
 */
export function enableImplicitConfig(): void {
  if (isEnabled) return;
  isEnabled = true;
  const runtime = globalThis as Runtime;
  const AsyncLocalStorage =
    runtime.process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage ?? runtime.AsyncLocalStorage;
  if (AsyncLocalStorage) AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new AsyncLocalStorage());
}

/** The config of the run in which this code runs. Undefined outside a run. */
export function getImplicitConfig(): RunnableConfig | undefined {
  return AsyncLocalStorageProviderSingleton.getRunnableConfig();
}

/** The id with which the nearest `RunnableWithSession` runs this code. Undefined outside a wrapper. */
export function getActiveSessionId(): string | undefined {
  return currentStore()?.[_CONTEXT_VARIABLES_KEY]?.[ACTIVE_SESSION];
}

/**
 * Runs `callback` with `sessionId` as the active session.
 *
 * The id is a context variable of LangChain's, because the implicit config alone loses it: a graph invoked
 * with its own `thread_id` drops the outer `configurable`, and `chain.stream(input, config)` replaces the
 * implicit config. An AsyncLocalStorage of our own would leak: LangChain clears only its own for handlers
 * that run in the background.
 */
export function runWithSession<T>(sessionId: string, callback: () => T): T {
  const outer = currentStore();
  const store: Store = Object.create(outer ?? Object.prototype);
  store[_CONTEXT_VARIABLES_KEY] = { ...outer?.[_CONTEXT_VARIABLES_KEY], [ACTIVE_SESSION]: sessionId };
  return AsyncLocalStorageProviderSingleton.getInstance().run(store, callback) as T;
}

/** Runs a callback in a certain async context. */
export type RunInContext = <T>(callback: () => T) => T;

/** Captures the async context of the caller, to run callbacks in it later. */
export function snapshotAsyncContext(): RunInContext {
  const store = currentStore();
  return (callback) => AsyncLocalStorageProviderSingleton.getInstance().run(store, callback);
}

/**
 * Iterates a stream so that opening it, each step and an early end run in the given context. A generator
 * would otherwise run its steps in the context of whoever asks for the next value.
 */
export async function* iterateInContext<T>(
  run: RunInContext,
  open: () => Promise<AsyncIterable<T>> | AsyncIterable<T>,
): AsyncGenerator<T> {
  const iterator = (await run(open))[Symbol.asyncIterator]();
  const next = () => run(() => iterator.next());
  try {
    for (let step = await next(); !step.done; step = await next()) yield step.value;
  } finally {
    await run(() => iterator.return?.());
  }
}

function currentStore(): Store | undefined {
  return AsyncLocalStorageProviderSingleton.getInstance().getStore() as Store | undefined;
}
