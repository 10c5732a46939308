import { markBudgetError } from "../transport/session_budget_error.js";

/** Data from the response to one request. After retries, from the last attempt. */
export type ResponseObservation = { headers?: Headers | undefined };

/** The key of a {@link ResponseObservation} in `fetchOptions`, which the SDK spreads into the `init` of `fetch`. */
const OBSERVATION: unique symbol = Symbol("langchain-litellm-session.observation");

/** Headers of observed responses with status 429. An error of the SDK has the headers of its response. */
const headersOf429 = new WeakSet<object>();

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
 * `Retry-After` header.
 */
export function stopBudgetRetries(model: unknown): void {
  const { caller } = model as { caller: { onFailedAttempt?: (error: unknown) => unknown } };
  const onFailedAttempt = caller.onFailedAttempt?.bind(caller);
  caller.onFailedAttempt = (error) => {
    const isObserved = headersOf429.has((error as { headers?: object } | undefined)?.headers as object);
    if (!isObserved || !markBudgetError(error)) return onFailedAttempt?.(error);
    // Stops retries outside the model too, such as `modelRetryMiddleware`. Core before 1.4 has no function for it.
    throw Object.defineProperty(error, Symbol.for("langchain.errors.retryable"), { value: false, configurable: true });
  };
}

/** Adds `observation` to the request options, so that the patched `fetch` stores the response headers in it. */
export function withObservation<Options extends object>(options: Options, observation: ResponseObservation) {
  const { fetchOptions } = options as { fetchOptions?: object };
  const extended: { [OBSERVATION]?: ResponseObservation } = { ...fetchOptions };
  extended[OBSERVATION] = observation; // Ten times as fast as a literal with a spread and a symbol key.
  return { ...options, fetchOptions: extended };
}
