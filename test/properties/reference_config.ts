import type { CallPlan, ConfigPlan } from "./plan.js";

/** The expected id of a request: an id, undefined, or one that is generated at run time: `fresh:w3`, `model:0`. */
export type Expected = string | undefined;

export interface Callbacks {
  readonly ids: readonly string[];
  /** A CallbackManager and not an array: LangChain merges the two in another order. */
  readonly isManager: boolean;
  /** The metadata that a CallbackManager hands to child runs. */
  readonly metadata?: Config["metadata"];
}

export interface Config {
  readonly sessionId?: string | false | undefined;
  readonly configurable?: Readonly<Record<string, unknown>> | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly callbacks?: Callbacks | undefined;
}

export function configOf({ configurable, metadata, handlers, ...plan }: CallPlan | ConfigPlan): Config {
  const { sessionId } = plan as CallPlan;
  return { sessionId, configurable, metadata, callbacks: handlers && { ids: handlers, isManager: false } };
}

/** Child runs receive the run's CallbackManager. */
export function managed(config: Config): Config {
  const { callbacks } = config;
  if (!callbacks) return config;
  return {
    ...config,
    callbacks: { ...callbacks, isManager: true, metadata: mergeKeys(callbacks.metadata, config.metadata) },
  };
}

/** LangChain's `mergeConfigs`. */
export function merge(base: Config | undefined, given: Config | undefined): Config {
  if (!base || !given) return { ...base, ...given };
  return {
    sessionId: given.sessionId ?? base.sessionId,
    configurable: mergeKeys(base.configurable, given.configurable),
    metadata: mergeKeys(base.metadata, given.metadata),
    callbacks: mergeCallbacks(base.callbacks, given.callbacks),
  };
}

/** A config bound to a model or a wrapper always applies; an unset session does not override the bound one. */
export function bind(base: Config, given: Config | undefined): Config {
  return {
    ...merge(base, given),
    sessionId: isUnset(given?.sessionId) ? base.sessionId : given?.sessionId,
    configurable: bindConfigurable(base.configurable, given?.configurable),
  };
}

/** `sessionId` and `session_id` are two spellings of one key: either in the call replaces both in the bound config. */
function bindConfigurable(base: Config["configurable"], given: Config["configurable"]): Config["configurable"] {
  if (!base || !given) return given ?? base;
  const { sessionId, session_id, ...others } = given;
  const isNamed = !isUnset(sessionId) || !isUnset(session_id);
  const { sessionId: _, session_id: __, ...boundOthers } = base;
  return isNamed ? { ...boundOthers, ...given } : { ...base, ...others };
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function mergeKeys<T extends object>(base: T | undefined, given: T | undefined): T | undefined {
  return base || given ? ({ ...base, ...given } as T) : undefined;
}

export function mergeCallbacks(base: Callbacks | undefined, given: Callbacks | undefined): Callbacks | undefined {
  if (!base || !given) return given ?? base;
  const isManager = base.isManager || given.isManager;
  const metadata = mergeKeys(base.metadata, given.metadata);
  // Arrays are added to a manager, whichever of the two came first.
  return given.isManager && !base.isManager
    ? { ids: [...given.ids, ...base.ids], isManager, metadata }
    : { ids: [...base.ids, ...given.ids], isManager, metadata };
}

/** The first of the keys in the config that was passed, then in the implicit one. */
export function idIn(configs: readonly (Config | undefined)[], keys: readonly string[]): Expected {
  return firstOf(configs.flatMap((config) => keys.map((key) => config?.configurable?.[key])).map(textOf));
}

/** `thread_id`, then the metadata's ids. Invalid ids are ignored there, as numbers are in the metadata. */
export function threadIn(configs: readonly (Config | undefined)[]): Expected {
  const keys = ["session_id", "thread_id", "conversation_id"];
  const metadata = [
    ...configs.map((config) => config?.metadata),
    ...configs.map((config) => config?.callbacks?.metadata),
  ];
  const values = metadata.flatMap((each) => keys.map((key) => each?.[key]));
  return idIn(configs, ["thread_id"]) ?? firstOf(values.map((value) => (value === "\n" ? "" : value)).map(stringOf));
}

export function handlerIn(callbacks: readonly (Callbacks | undefined)[]): Expected {
  for (const given of callbacks) {
    const id = given?.ids.findLast((handler) => handler !== "");
    if (id !== undefined) return id;
  }
  return undefined;
}

/** In `configurable`, a number is taken as its decimal string. */
export function textOf(value: unknown): Expected {
  return stringOf(typeof value === "number" ? String(value) : value);
}

function stringOf(value: unknown): Expected {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function firstOf(ids: readonly Expected[]): Expected {
  return ids.find((id) => id !== undefined);
}
