import type { RunnableConfig } from "@langchain/core/runnables";
import {
  _CONTEXT_VARIABLES_KEY,
  AsyncLocalStorageProviderSingleton,
  MockAsyncLocalStorage,
} from "@langchain/core/singletons";
import { ACTIVE_SESSION, type SessionLookup } from "../session/sources.js";
import { cloneInstance } from "../utils/clone_instance.js";
import { warn } from "../utils/warn.js";

type StorageClass = new () => Parameters<typeof AsyncLocalStorageProviderSingleton.initializeGlobalInstance>[0];

interface Runtime {
  process?: { getBuiltinModule?: (name: string) => { AsyncLocalStorage?: StorageClass } | undefined };
  AsyncLocalStorage?: StorageClass;
}

/** A value in LangChain's AsyncLocalStorage: a run, and context variables that every child run inherits. */
interface Store {
  [_CONTEXT_VARIABLES_KEY]?: { [ACTIVE_SESSION]?: string };
}

/** Marks a store of {@link runWithSession}. A `Symbol.for`, because an app may load an ESM and a CommonJS copy of this package. */
const IS_DERIVED: unique symbol = Symbol.for("langchain-litellm-session.derived_store") as never;

let isEnabled = false;
let hasWarned = false;

/**
 * Turns on LangChain's implicit config. Core does so only if the app loads langgraph or
 * `@langchain/core/context`. Without it, a tool or lambda must pass its config to a model, or the call is outside
 * the session. Imports no Node built-in, so that bundles for the browser build. A browser has no AsyncLocalStorage:
 * there, the user must pass the config.
 *
 * The global class comes first, because Next.js's Edge runtime has it and its `process.getBuiltinModule` throws
 * (16.4). A runtime that refuses both has no implicit config, like a browser.
 */
export function enableImplicitConfig(): void {
  if (isEnabled) return;
  isEnabled = true;
  const runtime = globalThis as Runtime;
  try {
    const AsyncLocalStorage =
      runtime.AsyncLocalStorage ?? runtime.process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;
    if (AsyncLocalStorage) AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new AsyncLocalStorage());
  } catch {
    // No implicit config: the first wrapped run warns.
  }
}

/** The config of the run that executes this code. Undefined outside a run. */
export function getImplicitConfig(): RunnableConfig | undefined {
  return AsyncLocalStorageProviderSingleton.getRunnableConfig();
}

/** The id with which the nearest wrapper runs this code. Undefined outside a wrapper. */
export function getActiveSessionId(): string | undefined {
  return currentStore()?.[_CONTEXT_VARIABLES_KEY]?.[ACTIVE_SESSION];
}

/** Builds the input of the precedence rules for a call that starts now. `option` is call option `sessionId`. */
export function sessionLookup(option: unknown, config: RunnableConfig | undefined): SessionLookup {
  return { option, config, implicitConfig: getImplicitConfig(), activeSessionId: getActiveSessionId() };
}

/**
 * Runs `callback` with `sessionId` as the active session.
 *
 * Stores the id in LangChain's context variables, because the implicit config loses it: a graph with its own
 * `thread_id` drops the outer `configurable`, and `chain.stream(input, config)` replaces the implicit config.
 * A second AsyncLocalStorage would leak: LangChain clears only its own for handlers that run in the background.
 */
export function runWithSession<T>(sessionId: string, callback: () => T): T {
  const outer = currentStore();
  const store = deriveStore(outer);
  store[_CONTEXT_VARIABLES_KEY] = { ...outer?.[_CONTEXT_VARIABLES_KEY], [ACTIVE_SESSION]: sessionId };
  const storage = AsyncLocalStorageProviderSingleton.getInstance();
  if (!hasWarned && storage instanceof MockAsyncLocalStorage) {
    hasWarned = true;
    warn(
      "This runtime has no AsyncLocalStorage: a call inside a wrapper is in its session only if it gets the config, " +
        "as in model.invoke(input, config)",
    );
  }
  return storage.run(store, callback) as T;
}

/** Runs a callback in one async context: a captured one, or that of an active session. */
export type RunInContext = <T>(callback: () => T) => T;

/** Captures the async context of the caller, to run callbacks in it later. */
export function snapshotAsyncContext(): RunInContext {
  const store = currentStore();
  return (callback) => AsyncLocalStorageProviderSingleton.getInstance().run(store, callback);
}

/**
 * Iterates a stream. `run` executes the opening, each step and an early end. Without it, a generator
 * runs each step in the context of the code that asks for the next value.
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

/**
 * Returns a store that inherits from LangChain's. Copies a store that is derived already, rather than deriving from
 * it: background work that starts itself again would add a prototype for each run, and keep every store alive.
 */
function deriveStore(outer: Store | undefined): Store {
  if (outer && Object.hasOwn(outer, IS_DERIVED)) return cloneInstance(outer);
  return Object.assign(Object.create(outer ?? Object.prototype), { [IS_DERIVED]: true });
}

function currentStore(): Store | undefined {
  return AsyncLocalStorageProviderSingleton.getInstance().getStore() as Store | undefined;
}
