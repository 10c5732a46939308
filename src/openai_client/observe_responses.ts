import { markBudgetError } from "../transport/session_budget_error.js";

/** Data from the response to one request. After retries, from the last attempt. */
export interface ResponseObservation {
  headers?: Headers | undefined;
}

/** The key of a {@link ResponseObservation} in `fetchOptions`, which the SDK spreads into the `init` of `fetch`. */
const OBSERVATION: unique symbol = Symbol("langchain-litellm-session.observation");

type Fetch = typeof globalThis.fetch;

/** Fields of LangChain's OpenAI classes, which create the SDK's client from `clientConfig` for the first request. */
interface OpenAIClientOwner {
  client?: { fetch: Fetch } | undefined;
  clientConfig: { fetch?: Fetch };
  caller: { onFailedAttempt?: (error: unknown) => unknown };
}

/**
 * Patches an object of one of LangChain's OpenAI classes in two places:
 *
 * - `fetch` stores the response headers in the `ResponseObservation` of the request, because the SDK's promise,
 *   which LangChain awaits, drops them. The SDK's client itself is not wrapped: a user's changes to it work as on
 *   `ChatOpenAI`.
 * - `onFailedAttempt` stops retries for a session whose budget is used up. LangChain would retry each 429 that has
 *   a `Retry-After` header.
 */
export function observeResponses(model: unknown): void {
  const owner = model as OpenAIClientOwner;
  owner.clientConfig = { ...owner.clientConfig, fetch: observingFetch(owner.clientConfig.fetch) };
  if (owner.client) owner.client.fetch = observingFetch(owner.client.fetch);

  const { caller } = owner;
  const onFailedAttempt = caller.onFailedAttempt?.bind(caller);
  caller.onFailedAttempt = (error) => {
    if (!markBudgetError(error)) return onFailedAttempt?.(error);
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

function observingFetch(fetch: Fetch | undefined): Fetch {
  return async (input, init) => {
    const observation = (init as { [OBSERVATION]?: ResponseObservation } | undefined)?.[OBSERVATION];
    if (observation) observation.headers = undefined;
    const response = await (fetch ?? globalThis.fetch)(input, init);
    if (observation) observation.headers = response.headers;
    return response;
  };
}
