import { describeValue, invalid } from "../utils/invalid.js";

/** Fields of `SessionLogs`. */
export interface SessionLogsFields {
  /** URL of the LiteLLM proxy, with or without `/v1`. Default: environment variable `LITELLM_BASE_URL`. */
  baseURL?: string | undefined;
  /** A key that may read logs: the master key, or one of a proxy admin. Default: environment variable `LITELLM_API_KEY`. */
  apiKey?: string | undefined;
  /** Sends the requests. Default: the global `fetch` at the time of the request. */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * Time limit in milliseconds of one request, and of a whole `summary`: more than 0, at most 2,147,483,647.
   * Default: 30,000.
   */
  timeoutMs?: number | undefined;
}

/** Options of the methods of `SessionLogs` that send requests. */
export interface SessionLogsOptions {
  /** Cancels the requests. The method throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Options of `SessionLogs.waitFor`. */
export interface SessionLogsWaitOptions extends SessionLogsOptions {
  /** Number of calls to wait for, at least 1. */
  calls: number;
  /**
   * Time limit in milliseconds: more than 0, at most 2,147,483,647. Reading the sums has at least one second of its
   * own. Default: 60,000.
   */
  timeoutMs?: number | undefined;
}

/** Options of `SessionLogs.sessions`. */
export interface SessionLogsSearchOptions extends SessionLogsOptions {
  /** Start of the calls that count. Default: 30 days before `until`. */
  since?: Date | undefined;
  /** End of the calls that count. Default: now. */
  until?: Date | undefined;
}

/** A longer timer overflows a 32-bit integer, and Node.js fires it at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Returns the proxy's URL without the `/v1` that a model's `baseURL` ends in: the log's paths have no `/v1`. The
 * message of an error does not show the text: a password or a key may be in it.
 */
export function parseBaseURL(baseURL: unknown): string {
  const expected = 'expected the URL of a LiteLLM proxy, such as "http://localhost:4000"';
  const fail = (why: string) => new TypeError(`Invalid field "baseURL" (or LITELLM_BASE_URL): ${expected}; ${why}.`);
  if (baseURL === undefined) throw fail("there is none");
  if (typeof baseURL !== "string") throw fail(`got ${describeValue(baseURL)}`);
  if (!URL.canParse(baseURL)) throw fail("got a text that is no URL");
  const url = new URL(baseURL);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw fail("got a URL without http:// or https://");
  // `fetch` would refuse it with a message that contains the password.
  if (url.username || url.password) throw fail("got one with a user name or password in it");
  const path = withoutEndSlashes(url.pathname);
  return url.origin + (path.endsWith("/v1") ? withoutEndSlashes(path.slice(0, -3)) : path);
}

/** Not a regular expression: `/\/*$/` takes quadratic time for a path of many slashes. */
function withoutEndSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}

/** Returns the key if a header can hold it. `fetch` would refuse other keys with a message that contains the key. */
export function parseKey(apiKey: unknown): string | undefined {
  if (apiKey === undefined || apiKey === "") return undefined;
  if (typeof apiKey === "string" && /^[\x21-\x7e]+$/.test(apiKey)) return apiKey;
  throw new TypeError('Invalid field "apiKey" (or LITELLM_API_KEY): expected printable ASCII without spaces.');
}

export function checkTimeout(timeoutMs: number): void {
  if (typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS) return;
  throw invalid('"timeoutMs"', `milliseconds, more than 0 and at most ${MAX_TIMEOUT_MS}`, timeoutMs);
}

const DAY_MS = 86_400_000;

/** The time of `sessions` as LiteLLM takes it: in UTC, to the second, rounded so that it contains what was asked for. */
export function parsePeriod({ since, until }: SessionLogsSearchOptions): { start_date: string; end_date: string } {
  for (const [name, time] of Object.entries({ since, until })) {
    if (time === undefined || (time instanceof Date && !Number.isNaN(time.getTime()))) continue;
    throw invalid(`option "${name}"`, "a valid Date", time);
  }
  const endMs = until?.getTime() ?? Date.now();
  const startMs = since?.getTime() ?? endMs - 30 * DAY_MS;
  const format = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
  return { start_date: format(startMs), end_date: format(endMs + 999) };
}
