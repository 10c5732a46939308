import type { HeadersLike } from "@langchain/openai";

/** The forms of headers that the openai SDK accepts. The value null removes a default header. */
export type HeadersInput = HeadersLike | Readonly<Record<string, unknown>>;

type HeaderEntry = readonly [name: unknown, ...values: unknown[]];

/** Whether the headers contain one of the names, in upper or lower case. */
export function hasAnyHeader(headers: HeadersInput, names: readonly string[]): boolean {
  if (!headers || names.length === 0) return false;
  const presentNames = namesOf(headers);
  return names.some((name) => presentNames.includes(name.toLowerCase()));
}

/** The last value of a header. Null if the headers remove it, undefined if they have none. */
export function headerValue(headers: HeadersInput, name: string): unknown {
  return entriesOf(headers)
    .findLast(([entry]) => String(entry).toLowerCase() === name)
    ?.at(1);
}

/** Merges two sets of headers. A header of the second replaces one of the first with the same name. */
export function mergeHeaders(first: HeadersInput, second: HeadersInput): HeadersInput {
  if (!first) return second;
  if (!second) return first;
  const secondNames = namesOf(second);
  const merged = [
    ...entriesOf(first).filter(([name]) => !secondNames.includes(String(name).toLowerCase())),
    ...entriesOf(second),
  ];
  // Two records stay a record: the SDK would send both of two rows whose names differ in case only.
  const asRows = Array.isArray(first) || Array.isArray(second);
  return asRows ? (merged as unknown as HeadersLike) : Object.fromEntries(merged);
}

/** `authorization`, `x-litellm-api-key`, `api-key`, `ocp-apim-subscription-key` … No `idempotency-key`. */
const CREDENTIAL = /^authorization$|(api|litellm|subscription)-?key$/;

/** Returns the headers with credentials, names in lower case, sorted by name. */
export function credentialsIn(headers: HeadersInput): [name: string, value: string][] {
  return entriesOf(headers)
    .map(([name, ...values]): [string, string] => [String(name).toLowerCase(), values.join()])
    .filter(([name]) => CREDENTIAL.test(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

function namesOf(headers: HeadersInput): string[] {
  return entriesOf(headers).map(([name]) => String(name).toLowerCase());
}

function entriesOf(headers: HeadersInput): readonly HeaderEntry[] {
  if (!headers) return [];
  if (headers instanceof Headers) return [...headers.entries()];
  if (Array.isArray(headers)) return headers;
  const { values, nulls } = headers as { values?: unknown; nulls?: unknown };
  if (values instanceof Headers) {
    // The SDK's `NullableHeaders`. `nulls` has the names of the headers to remove.
    const removed = nulls instanceof Set ? [...nulls].map((name): HeaderEntry => [name, null]) : [];
    return [...values.entries(), ...removed];
  }
  return Object.entries(headers).filter(([, value]) => value !== undefined);
}
