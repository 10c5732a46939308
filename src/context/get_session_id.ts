import type { RunnableConfig } from "@langchain/core/runnables";
import { resolveModelSession } from "../session/precedence.js";
import { sessionLookup } from "./session_lookup.js";

/**
 * The session id that a model call with this config would use. Undefined if the config names none, in
 * which case a model falls back on its own default.
 *
 * @param config Default: LangChain's implicit config, which is that of the run in which this is called.
 * @throws {SessionIdError} for an explicit value that isn't an id.
 *
 * @example
 * ```typescript
 * const lookup = tool(async (input, config) => `session ${getSessionId(config)}`, { name: "lookup", schema });
 * ```
 */
export function getSessionId(config?: RunnableConfig): string | undefined {
  const { sessionId } = (config ?? {}) as { sessionId?: unknown };
  return resolveModelSession(sessionLookup(sessionId, config), { session: false });
}
