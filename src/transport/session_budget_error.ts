import { causesOf, hasBrand } from "../utils/brand.js";
import { defineProperties } from "../utils/define_properties.js";

const BRAND = Symbol.for("langchain-litellm-session.SessionBudgetError");

/**
 * The error of a call that LiteLLM refused because its session has used up its dollars
 * (`max_budget_per_session`) or its calls (`max_iterations`). It is the 429 error that `ChatOpenAI` throws, with
 * the same class and message and these added properties. LangChain does not retry such a call.
 */
export interface SessionBudgetError extends Error {
  /** HTTP status: 429. */
  readonly status: number;
  /** `"budget"`: the session has used up its dollars. `"iterations"`: its calls. */
  readonly limit: "budget" | "iterations";
  /** The session id of the request. Undefined if the call has no session. */
  readonly sessionId?: string | undefined;
  /** LiteLLM's id of the refused call. Undefined if the proxy does not send the header. */
  readonly callId?: string | undefined;
}

/**
 * Recognises a {@link SessionBudgetError}, also one from another copy of this package, and an error that wraps it, such
 * as LangChain's `MiddlewareError`: that error then has the added properties, too.
 *
 * @example
 * ```typescript
 * try {
 *   await agent.invoke({ messages }, { configurable: { thread_id } });
 * } catch (error) {
 *   if (SessionBudgetError.isInstance(error)) console.log(`${error.sessionId} has used up its ${error.limit}`);
 *   else throw error;
 * }
 * ```
 */
export const SessionBudgetError = {
  /** Whether LiteLLM refused the call because the session has used up its dollars or its calls. */
  isInstance(error: unknown): error is SessionBudgetError {
    return hasBrand(error, BRAND, ["status", "limit", "sessionId", "callId"]);
  },
};

/** Messages of LiteLLM's `max_budget_per_session_limiter` and `max_iterations_limiter`, which set no error code (1.106.0). */
const LIMIT_MESSAGE = /(Session budget|Max iterations) exceeded for session/;

/** The limit that LiteLLM says a session has used up. Undefined for an error with another status or message. */
export function budgetLimitOf(error: unknown): SessionBudgetError["limit"] | undefined {
  const { status, message } = (error ?? {}) as { status?: unknown; message?: unknown };
  const [, limit] = (status === 429 && typeof message === "string" && LIMIT_MESSAGE.exec(message)) || [];
  if (!limit) return undefined;
  return limit === "Max iterations" ? "iterations" : "budget";
}

/** Makes an error a {@link SessionBudgetError}. */
export function markBudgetError(error: object, limit: SessionBudgetError["limit"]): void {
  defineProperties(error, { [BRAND]: true, limit });
}

/**
 * Finds the error of a used-up session: `error` itself, or one of its causes. Marks one that a plain `ChatOpenAI` threw
 * as a {@link SessionBudgetError}.
 */
export function findBudgetError(error: unknown, sessionId: string | undefined): SessionBudgetError | undefined {
  for (const cause of causesOf(error)) {
    const limit = BRAND in cause ? undefined : budgetLimitOf(cause);
    if (limit) {
      markBudgetError(cause, limit);
      if (sessionId !== undefined) defineProperties(cause, { sessionId });
    }
    if (BRAND in cause) return cause as SessionBudgetError & typeof cause;
  }
  return undefined;
}
