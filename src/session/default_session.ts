import { readVariable } from "../utils/environment.js";
import { checkSessionId, isUnset, newSessionId } from "./session_id.js";

/** The session of a model's calls that name none, and the source of its id. `false`: such calls have no session. */
export type DefaultSession = { id: string; origin: "constructor" | "environment" | "generated" } | false;

/**
 * The session of a model's calls that name none. The first of: field `sessionId`, `LITELLM_SESSION_ID`, a new
 * id. A constructor calls this, so that a later change of the variable has no effect.
 *
 * @throws {SessionIdError} if the field or the variable isn't an id.
 */
export function resolveDefaultSession(sessionId: unknown): DefaultSession {
  if (sessionId === false) return false;
  if (!isUnset(sessionId)) return { id: checkSessionId(sessionId, 'field "sessionId"'), origin: "constructor" };
  const variable = readVariable("LITELLM_SESSION_ID");
  if (isUnset(variable)) return { id: newSessionId(), origin: "generated" };
  return { id: checkSessionId(variable, "environment variable LITELLM_SESSION_ID"), origin: "environment" };
}
