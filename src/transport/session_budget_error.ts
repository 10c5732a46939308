import { hasBrand } from "../utils/brand.js";

const BRAND = Symbol.for("langchain-litellm-session.SessionBudgetError");

/**
 * The error of a call that LiteLLM refused because its session has used up what it may: dollars
 * (`max_budget_per_session`) or calls (`max_iterations`). It is the error that `ChatOpenAI` throws,
 * with its class, status 429 and message, and these properties. Such a call is not retried.
 */
export interface SessionBudgetError extends Error {
  /** HTTP status: 429. */
  readonly status: number;
  /** What is used up: dollars or calls. */
  readonly limit: "budget" | "iterations";
  /** The session that was sent. */
  readonly sessionId?: string | undefined;
  /** LiteLLM's id of the refused call. */
  readonly callId?: string | undefined;
}

/**
 * Recognises a {@link SessionBudgetError}, of this copy of the package or of another.
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
  /** Whether `error` says that the session has used up its dollars or its calls. */
  isInstance(error: unknown): error is SessionBudgetError {
    return hasBrand(error, BRAND);
  },
};

/** The messages of LiteLLM's `max_budget_per_session_limiter` and `max_iterations_limiter` (1.106.0): they set no error code. */
const LIMITS = [
  ["budget", /Session budget exceeded for session/],
  ["iterations", /Max iterations exceeded for session/],
] as const;

/** Marks an error as a {@link SessionBudgetError} if its status and message say that it is one. */
export function markBudgetError(error: unknown): error is SessionBudgetError {
  const { status, message } = (error ?? {}) as { status?: unknown; message?: unknown };
  if (status !== 429 || typeof message !== "string") return false;
  const limit = LIMITS.find(([, words]) => words.test(message))?.[0];
  if (!limit) return false;
  Object.assign(error as object, { [BRAND]: true, limit });
  return true;
}
