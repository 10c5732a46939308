import { markBudgetError } from "../transport/session_budget_error.js";

/** What was seen of the response to one request. With retries: of the last attempt. */
export interface ResponseObservation {
  headers?: Headers | undefined;
}

/** The key of a {@link ResponseObservation} among `fetchOptions`, which the SDK spreads into what it hands to `fetch`. */
const OBSERVATION: unique symbol = Symbol("langchain-litellm-session.observation");

type Fetch = typeof globalThis.fetch;

/** What LangChain's OpenAI classes have in common: the SDK's client is made from `clientConfig` for the first request. */
interface OpenAIClientOwner {
  client?: { fetch: Fetch } | undefined;
  clientConfig: { fetch?: Fetch };
  caller: { onFailedAttempt?: (error: unknown) => unknown };
}

/**
 * Changes one of LangChain's OpenAI classes, in place, so that:
 *
 * - response headers are stored in the `ResponseObservation` of their request. In `fetch`, because
 *   LangChain awaits the SDK's promise, which drops the headers. The client stays the SDK's own, so that
 *   whatever a user does to it works as on `ChatOpenAI`.
 * - LangChain does not retry a call of a session whose budget is used up. It would retry each 429 that has a
 *   `Retry-After` header.
 */
export function observeResponses(model: unknown): void {
  const owner = model as OpenAIClientOwner;
  owner.clientConfig = { ...owner.clientConfig, fetch: observingFetch(owner.clientConfig.fetch) };
  if (owner.client) owner.client.fetch = observingFetch(owner.client.fetch);

  const { caller } = owner;
  const onFailedAttempt = caller.onFailedAttempt?.bind(caller);
  caller.onFailedAttempt = (error) => {
    if (markBudgetError(error)) throw notRetryable(error);
    return onFailedAttempt?.(error);
  };
}

/** Request options with which the response's headers are stored in `observation`. */
export function withObservation<Options extends object>(options: Options, observation: ResponseObservation) {
  const { fetchOptions } = options as { fetchOptions?: object };
  const observed: { [OBSERVATION]?: ResponseObservation } = { ...fetchOptions };
  observed[OBSERVATION] = observation; // Ten times as fast as a symbol key beside a spread in a literal.
  return { ...options, fetchOptions: observed };
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

/** Marks an error for retries outside the model, such as `modelRetryMiddleware`. Core before 1.4 has no function for it. */
function notRetryable<E extends object>(error: E): E {
  return Object.defineProperty(error, Symbol.for("langchain.errors.retryable"), { value: false, configurable: true });
}
