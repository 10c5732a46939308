import type { RunnableConfig } from "@langchain/core/runnables";
import type { SessionLookup } from "../session/types.js";
import { getActiveSessionId, getImplicitConfig } from "./async_context.js";

/** Builds the input of the precedence rules for a call that starts now. `option` is call option `sessionId`. */
export function sessionLookup(option: unknown, config: RunnableConfig | undefined): SessionLookup {
  return { option, config, implicitConfig: getImplicitConfig(), activeSessionId: getActiveSessionId() };
}
