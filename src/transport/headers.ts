import type { HeadersLike } from "@langchain/openai";

/** The forms in which the openai SDK takes headers. The value null removes a default header. */
export type HeadersInput = HeadersLike | Readonly<Record<string, unknown>>;

type HeaderEntry = readonly [name: unknown, ...values: unknown[]];

/** Whether the headers name any of these, whatever the case. */
export function hasAnyHeader(headers: HeadersInput, names: readonly string[]): boolean {
  if (!headers || names.length === 0) return false;
  const present = namesOf(headers);
  return names.some((name) => present.includes(name.toLowerCase()));
}

/** Both sets of headers. Where both name a header, the second's value counts. */
export function mergeHeaders(first: HeadersInput, second: HeadersInput): HeadersInput {
  if (!first) return second;
  if (!second) return first;
  const overridden = namesOf(second);
  const merged = [
    ...entriesOf(first).filter(([name]) => !overridden.includes(String(name).toLowerCase())),
    ...entriesOf(second),
  ];
  // A record where both were records: the SDK would send both values of two rows that spell one name differently.
  const asRows = Array.isArray(first) || Array.isArray(second);
  return asRows ? (merged as unknown as HeadersLike) : Object.fromEntries(merged);
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
    // The SDK's `NullableHeaders`: values, and the names of headers to remove.
    const removed = nulls instanceof Set ? [...nulls].map((name): HeaderEntry => [name, null]) : [];
    return [...values.entries(), ...removed];
  }
  return Object.entries(headers).filter(([, value]) => value !== undefined);
}
