import { readVariable } from "../utils/environment.js";
import { describeValue, invalid } from "../utils/invalid.js";
import { checkSessionId, isUnset, newSessionId } from "./session_id.js";

/** What happens to a call for which nothing names a session. LiteLLM's setting `missing_session_id` has the same words. */
export type MissingSessionId = "generate" | "omit" | "reject";

const MISSING_SESSION_IDS: readonly unknown[] = ["generate", "omit", "reject"] satisfies MissingSessionId[];

/** The session of a model's calls that name none, and the source of its id. */
export interface DefaultSession {
  /** Undefined if such a call has no session, or throws. */
  readonly id: string | undefined;
  readonly origin: "constructor" | "environment" | "generated" | "omitted" | "rejected";
}

/** The default session of a model whose calls without a session have none. */
export const NO_SESSION: DefaultSession = { id: undefined, origin: "omitted" };

/**
 * The session of a model's calls that name none. The first of: field `sessionId`, `LITELLM_SESSION_ID`, the choice of
 * `missingSessionId`. A constructor calls this, so that a later change of the variable has no effect.
 *
 * @throws {SessionIdError} if the field or the variable isn't an id.
 * @throws {TypeError} if `missingSessionId` is invalid, or is not `"omit"` beside `sessionId: false`.
 */
export function resolveDefaultSession(fields: { sessionId?: unknown; missingSessionId?: unknown }): DefaultSession {
  const { sessionId, missingSessionId } = fields;
  if (missingSessionId !== undefined && !MISSING_SESSION_IDS.includes(missingSessionId)) {
    throw invalid('field "missingSessionId"', '"generate", "omit" or "reject"', missingSessionId);
  }
  if (sessionId === false) {
    if (missingSessionId === undefined || missingSessionId === "omit") return NO_SESSION;
    throw new TypeError(
      `Invalid field "missingSessionId": sessionId: false means "omit", got ${describeValue(missingSessionId)}. Set one of the two.`,
    );
  }
  if (!isUnset(sessionId)) return { id: checkSessionId(sessionId, 'field "sessionId"'), origin: "constructor" };
  const variable = readVariable("LITELLM_SESSION_ID");
  if (!isUnset(variable)) {
    return { id: checkSessionId(variable, "environment variable LITELLM_SESSION_ID"), origin: "environment" };
  }
  if (missingSessionId === "omit") return NO_SESSION;
  if (missingSessionId === "reject") return { id: undefined, origin: "rejected" };
  return { id: newSessionId(), origin: "generated" };
}
