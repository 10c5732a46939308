import type { RunnableConfig } from "@langchain/core/runnables";

/** The session of a model's calls that name none, and the source of its id. `false`: such calls have no session. */
export type DefaultSession =
  | { readonly id: string; readonly origin: "constructor" | "environment" | "generated" }
  | false;

/** The input of the precedence rules in precedence.ts, for one call. */
export interface SessionLookup {
  /** Call option `sessionId`. `false`: the call has no session. */
  readonly option: unknown;
  /** The config that was passed to the call, bound config included. */
  readonly config: RunnableConfig | undefined;
  /** LangChain's implicit config: the config of the run that makes the call, from the async context. */
  readonly implicitConfig: RunnableConfig | undefined;
  /** The id with which the nearest `RunnableWithSession` runs, from the async context. */
  readonly activeSessionId: string | undefined;
}

export type Callbacks = RunnableConfig["callbacks"];

/** The values of a model object that the precedence rule reads. */
export interface ModelDefaults {
  readonly session: DefaultSession;
  readonly boundCallbacks?: Callbacks;
  readonly constructorCallbacks?: Callbacks;
}
