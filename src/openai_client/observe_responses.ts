import { parseResponseHeaders } from "../transport/response_headers.js";
import { budgetLimitOf, markBudgetError, type SessionBudgetError } from "../transport/session_budget_error.js";
import { defineProperties } from "../utils/define_properties.js";

/** Data from the response to one request. After retries, from the last attempt. */
export type ResponseObservation = { headers?: Headers | undefined };

/** The key of a {@link ResponseObservation} in `fetchOptions`, which the SDK spreads into the `init` of `fetch`. */
const OBSERVATION: unique symbol = Symbol("langchain-litellm-session.observation");

/** Headers of observed responses with status 429. An error of the SDK has the headers of its response. */
const headersOf429 = new WeakSet<object>();

/** Errors that the SDK or LangChain created for an attempt without a response. */
const attemptErrors = new WeakSet<object>();

/**
 * Patches `fetch` of the SDK's client, to store response headers in the `ResponseObservation` of their request: the
 * SDK's promise, which LangChain awaits, drops them. Call this before each request, because a user may set another
 * client or `fetch`. A client that can't be patched, such as a mock, stays as it is.
 */
export function observeClient(client: object): void {
  const { fetch } = client as { fetch?: unknown };
  if (typeof fetch !== "function" || OBSERVATION in fetch) return;
  const observingFetch = async (input: unknown, init?: { [OBSERVATION]?: ResponseObservation }) => {
    const observation = init?.[OBSERVATION];
    if (observation) observation.headers = undefined;
    const response: Response = await fetch(input, init);
    // A user's `fetch` may return a response with headers of another kind.
    if (observation && typeof response?.headers?.get === "function") {
      observation.headers = response.headers;
      if (response.status === 429) headersOf429.add(response.headers);
    }
    return response;
  };
  Reflect.set(client, "fetch", Object.assign(observingFetch, { [OBSERVATION]: true }));
}

/**
 * Stops retries of observed requests in a session whose budget is used up. LangChain would retry each 429 that has a
 * `Retry-After` header. Else an error is what `onFailedAttempt` makes of it: LangChain's own one names it and classifies
 * rate limits.
 */
export function stopBudgetRetries(model: unknown): void {
  const { caller } = model as { caller: { onFailedAttempt?: (error: unknown) => unknown } };
  const onFailedAttempt = caller.onFailedAttempt?.bind(caller);
  const stop = async (error: object, limit: SessionBudgetError["limit"]) => {
    markBudgetError(error, limit);
    try {
      await onFailedAttempt?.(error);
    } finally {
      // Stops retries outside the model too, such as `modelRetryMiddleware`. LangChain has set true.
      const retryable = Symbol.for("langchain.errors.retryable");
      Reflect.defineProperty(error, retryable, { value: false, configurable: true });
    }
    throw error;
  };
  caller.onFailedAttempt = (error) => {
    if (isAttemptError(error)) attemptErrors.add(error);
    const limit = headersOf429.has(headersOf(error) as object) ? budgetLimitOf(error) : undefined;
    return limit ? stop(error as object, limit) : onFailedAttempt?.(error);
  };
}

/**
 * Adds `sessionId` and `callId` to an error that the SDK or LangChain created for this call. Changes neither its class nor
 * its message. Any other error stays as it is, because it may be the caller's: the reason of a signal, which calls in
 * other sessions share, or what a callback or `onFailedAttempt` throws.
 */
export function annotateError(
  error: unknown,
  { headers }: ResponseObservation,
  sessionId: string | undefined,
): unknown {
  // LangChain wraps some errors of a response, in a `ContextOverflowError`.
  const isOfResponse = headers !== undefined && [error, causeOf(error)].some((each) => headersOf(each) === headers);
  if (isOfResponse || attemptErrors.has(error as object)) {
    defineProperties(error as object, { sessionId, callId: parseResponseHeaders(headers)?.callId });
  }
  return error;
}

/**
 * Whether an error is the SDK's for an attempt without a response, or LangChain's for it. A user's function for the API
 * key or his client may throw others.
 */
function isAttemptError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error.constructor === Error) return error.name === "TimeoutError" || error.name === "AbortError";
  return Object.hasOwn(error, "requestID") && headersOf(error) === undefined;
}

const headersOf = (error: unknown) => read(error, "headers");
const causeOf = (error: unknown) => read(error, "cause");

/** Undefined if the property is a getter that throws: a user's error must not be hidden by another. */
function read(value: unknown, key: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

/** Adds `observation` to the request options, so that the patched `fetch` stores the response headers in it. */
export function withObservation<Options extends object>(options: Options, observation: ResponseObservation) {
  const { fetchOptions } = options as { fetchOptions?: object };
  const extended: { [OBSERVATION]?: ResponseObservation } = { ...fetchOptions };
  extended[OBSERVATION] = observation; // Ten times as fast as a literal with a spread and a symbol key.
  return { ...options, fetchOptions: extended };
}
