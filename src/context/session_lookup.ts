import type { RunnableConfig } from "@langchain/core/runnables";
import type { SessionLookup } from "../session/types.js";
import { getActiveSessionId, getImplicitConfig } from "./async_context.js";

/** What the precedence rule looks at in a call that is made now, with this call option `sessionId` and this config. */
export function sessionLookup(option: unknown, config: RunnableConfig | undefined): SessionLookup {
  return { option, config, implicitConfig: getImplicitConfig(), activeSessionId: getActiveSessionId() };
}
