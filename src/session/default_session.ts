import { getEnvironmentVariable } from "@langchain/core/utils/env";
import type { ModelSession } from "./precedence.js";
import { checkSessionId, isUnset, newSessionId } from "./session_id.js";

/**
 * What a model falls back on: its field `sessionId`, else `LITELLM_SESSION_ID`, which is read here,
 * when the model is constructed, else a new id. `false`: nothing.
 *
 * @throws {SessionIdError} if the field or the variable isn't an id.
 */
export function modelSession(sessionId: unknown): ModelSession {
  if (sessionId === false) return false;
  if (!isUnset(sessionId)) return { id: checkSessionId(sessionId, 'field "sessionId"'), origin: "constructor" };
  const fromEnvironment = getEnvironmentVariable("LITELLM_SESSION_ID");
  return isUnset(fromEnvironment)
    ? { id: newSessionId(), origin: "generated" }
    : { id: checkSessionId(fromEnvironment, "environment variable LITELLM_SESSION_ID"), origin: "environment" };
}
