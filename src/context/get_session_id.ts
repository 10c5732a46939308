import type { RunnableConfig } from "@langchain/core/runnables";
import { NO_SESSION } from "../session/default_session.js";
import { resolveModelSession } from "../session/precedence.js";
import { sessionLookup } from "./async_context.js";

/**
 * Returns the session id that a model call with this config would use. Undefined if neither the config nor
 * LangChain's implicit config names a session: a model then uses its own default.
 *
 * @param config The config of a tool or lambda. Default: only the implicit config, from the run that calls this.
 * @throws {SessionIdError} for an explicit value that isn't an id.
 *
 * @example
 * ```typescript
 * const lookup = tool(async (input, config) => `session ${getSessionId(config)}`, { name: "lookup", schema });
 * ```
 */
export function getSessionId(config?: RunnableConfig): string | undefined {
  const { sessionId } = (config ?? {}) as { sessionId?: unknown };
  return resolveModelSession(sessionLookup(sessionId, config), { session: NO_SESSION }).id;
}
