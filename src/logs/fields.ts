import { describeValue } from "../utils/describe_value.js";

/** Fields of `SessionLogs`. */
export interface SessionLogsFields {
  /** The LiteLLM proxy, with or without `/v1`. Default: environment variable `LITELLM_BASE_URL`. */
  baseURL?: string | undefined;

  /** A key that may read logs: the master key, or one of a proxy admin. Default: environment variable `LITELLM_API_KEY`. */
  apiKey?: string | undefined;

  /** What makes the requests. Default: the global `fetch` at the time of the request. */
  fetch?: typeof globalThis.fetch | undefined;

  /** How long one request may take, in milliseconds: more than 0, at most 2,147,483,647. Default: 30,000. */
  timeoutMs?: number | undefined;
}

/** Options of the methods of `SessionLogs` that ask the proxy. */
export interface SessionLogsOptions {
  /** Ends the reading: the method throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Options of `SessionLogs.waitFor`. */
export interface SessionLogsWaitOptions extends SessionLogsOptions {
  /** How many calls of the session to wait for. */
  calls: number;

  /** How long to wait for the calls, in milliseconds, before their sums are read: more than 0, at most 2,147,483,647. Default: 60,000. */
  timeoutMs?: number | undefined;
}

/** The longest time that a timer can be set to. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The proxy's own URL of what people give as one: a model's `baseURL` ends in `/v1`. */
export function parseBaseURL(baseURL: unknown): string {
  const expected = 'expected the URL of a LiteLLM proxy, such as "http://localhost:4000"';
  const invalid = (why: string) => new TypeError(`Invalid field "baseURL" (or LITELLM_BASE_URL): ${expected}; ${why}.`);
  if (baseURL === undefined) throw invalid("there is none");
  if (typeof baseURL !== "string" || !URL.canParse(baseURL)) throw invalid(`got ${describeValue(baseURL)}`);
  const { protocol, username, password, origin, pathname } = new URL(baseURL);
  if (protocol !== "http:" && protocol !== "https:") throw invalid(`got ${describeValue(baseURL)}`);
  // What fetch refuses with a message that has the password in it.
  if (username || password) throw invalid("got one with a user name or password in it");
  return origin + pathname.replace(/(\/v1)?\/*$/, "");
}

/** A key that a header can carry. The message of `fetch` would have the key in it. */
export function parseKey(apiKey: unknown): string | undefined {
  if (apiKey === undefined || apiKey === "") return undefined;
  if (typeof apiKey === "string" && /^[\x21-\x7e]+$/.test(apiKey)) return apiKey;
  throw new TypeError('Invalid field "apiKey" (or LITELLM_API_KEY): expected printable ASCII without spaces.');
}

export function checkTimeout(timeoutMs: number): void {
  if (typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS) return;
  throw new TypeError(
    `Invalid "timeoutMs": expected milliseconds, more than 0 and at most ${MAX_TIMEOUT_MS}, got ${describeValue(timeoutMs)}.`,
  );
}
