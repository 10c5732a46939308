import type { RunnableConfig } from "@langchain/core/runnables";

/** The session of a model's calls that name none, and where its id came from. `false`: such calls have no session. */
export type DefaultSession =
  | { readonly id: string; readonly origin: "constructor" | "environment" | "generated" }
  | false;

/** Everything that the precedence rule looks at in one call. */
export interface SessionLookup {
  /** Call option `sessionId`. `false`: the call has no session. */
  readonly option: unknown;
  /** The config that was passed to the call, bound config included. */
  readonly config: RunnableConfig | undefined;
  /** LangChain's implicit config: that of the run in which the call is made. */
  readonly implicitConfig: RunnableConfig | undefined;
  /** The id with which the nearest `RunnableWithSession` runs, read from the async context. */
  readonly activeSessionId: string | undefined;
}

export type Callbacks = RunnableConfig["callbacks"];

/** What a model adds to the lookup. */
export interface ModelDefaults {
  readonly session: DefaultSession;
  readonly boundCallbacks?: Callbacks;
  readonly constructorCallbacks?: Callbacks;
}
