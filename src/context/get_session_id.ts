import type { RunnableConfig } from "@langchain/core/runnables";
import { resolveSession } from "../session/precedence.js";
import { getEnclosingSessionId, getImplicitConfig } from "./async_context.js";

/**
 * The session id that a call with this config would use, or undefined where the config names none
 * and the model's own default would count.
 *
 * @param config Default: the config that LangChain carries implicitly, inside a run.
 * @throws {SessionIdError} for an explicit value that isn't an id.
 *
 * @example
 * ```typescript
 * const lookup = tool(async (input, config) => `session ${getSessionId(config)}`, { name: "lookup", schema });
 * ```
 */
export function getSessionId(config?: RunnableConfig): string | undefined {
  const { sessionId } = (config ?? {}) as { sessionId?: unknown };
  const context = { sessionId, passed: config, implicit: getImplicitConfig(), enclosing: getEnclosingSessionId() };
  return resolveSession(context, { session: false, callbacks: [undefined, undefined] })?.id;
}
