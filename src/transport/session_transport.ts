import type { HeadersLike } from "@langchain/openai";
import { describe, SessionIdError } from "../session/session_id.js";
import { isPlainObject } from "../utils/is_plain_object.js";

/** Names of request fields and headers that are to hold the session id. At least one. */
export interface SessionTransportFields {
  /** Fields of the request body. */
  readonly body?: readonly string[] | undefined;
  /** Fields of the body's `metadata`. */
  readonly metadata?: readonly string[] | undefined;
  /** Request headers. Left out where the id is not printable ASCII. */
  readonly headers?: readonly string[] | undefined;
}

/** The named transports: the one place that knows LiteLLM's names for a session id. */
const TRANSPORTS = {
  litellm: { body: ["litellm_session_id", "litellm_trace_id"], metadata: [], headers: ["x-litellm-session-id"] },
  metadata: { body: [], metadata: ["litellm_trace_id"], headers: [] },
  body: { body: ["litellm_session_id", "litellm_trace_id"], metadata: [], headers: [] },
  headers: { body: [], metadata: [], headers: ["x-litellm-session-id"] },
  none: { body: [], metadata: [], headers: [] },
} as const satisfies Record<string, Required<SessionTransportFields>>;

/**
 * How a session id is written into a request.
 *
 * - `"litellm"` (default): body `litellm_session_id` and `litellm_trace_id`, header
 *   `x-litellm-session-id`. Groups on every LiteLLM from 1.70 on. To OpenAI itself, which refuses
 *   unknown fields, it sends nothing.
 * - `"metadata"`: body `metadata.litellm_trace_id`, the form of LiteLLM's older page.
 * - `"body"`: the body fields alone, for a proxy whose own LangSmith logger refuses the header.
 * - `"headers"`: the header alone, for a gateway in front that refuses unknown body fields.
 * - `"none"`: nothing.
 * - an object: names of your own.
 */
export type SessionTransport = keyof typeof TRANSPORTS | SessionTransportFields;

/** A transport that was checked. */
export interface Transport extends Required<SessionTransportFields> {
  /** Whether OpenAI's own API is spared: true for the default, false for what the user chose to send. */
  readonly sparesOpenAI: boolean;
}

/** Fields that make the request what it is; an id in one of them would destroy it. */
const RESERVED = new Set(["__proto__", "input", "messages", "metadata", "model", "stream"]);

/** Headers that belong to HTTP, the SDK or the key, and a name that no record can hold. */
const RESERVED_HEADERS = new Set([
  "__proto__",
  "accept",
  "authorization",
  "connection",
  "content-length",
  "content-type",
  "host",
  "transfer-encoding",
]);

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What a header can carry: printable ASCII, no space at either end. */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * Checks a `sessionTransport`.
 *
 * @throws {TypeError} for an unknown name, an unknown key, or a field or header name that can't be.
 */
export function parseTransport(transport: unknown): Transport {
  if (transport === undefined || transport === null) return { ...TRANSPORTS.litellm, sparesOpenAI: true };
  if (typeof transport === "string" && Object.hasOwn(TRANSPORTS, transport)) {
    return { ...TRANSPORTS[transport as keyof typeof TRANSPORTS], sparesOpenAI: transport === "litellm" };
  }
  const names = Object.keys(TRANSPORTS)
    .map((name) => `"${name}"`)
    .join(", ");
  const allowed = `expected ${names}, or an object with "body", "metadata" or "headers": arrays of names`;
  if (typeof transport !== "object" || Array.isArray(transport)) {
    throw new TypeError(`Invalid sessionTransport: ${allowed}; got ${describe(transport)}.`);
  }
  const unknown = Object.keys(transport).find((key) => !["body", "metadata", "headers"].includes(key));
  if (unknown !== undefined)
    throw new TypeError(`Invalid sessionTransport: ${allowed}; got the key ${describe(unknown)}.`);

  const fields = transport as SessionTransportFields;
  const parsed = {
    body: parseNames(fields.body, "body", (name) => name !== "" && !RESERVED.has(name)),
    metadata: parseNames(fields.metadata, "metadata", (name) => name !== "" && name !== "__proto__"),
    headers: parseNames(
      fields.headers,
      "headers",
      (name) => HEADER_NAME.test(name) && !RESERVED_HEADERS.has(name.toLowerCase()),
    ),
    sparesOpenAI: false,
  };
  if (parsed.body.length + parsed.metadata.length + parsed.headers.length === 0) {
    throw new TypeError(
      'Invalid sessionTransport: no name in "body", "metadata" or "headers"; to send nothing, use "none".',
    );
  }
  return parsed;
}

function parseNames(names: unknown, key: string, isAllowed: (name: string) => boolean): readonly string[] {
  if (names === undefined || names === null) return [];
  if (!Array.isArray(names)) {
    throw new TypeError(`Invalid sessionTransport.${key}: expected an array of names, got ${describe(names)}.`);
  }
  for (const name of names) {
    if (typeof name !== "string" || !isAllowed(name)) {
      throw new TypeError(`Invalid sessionTransport.${key}: ${describe(name)} can't hold a session id.`);
    }
  }
  return [...names];
}

/**
 * Checks that the transport can carry the id.
 *
 * @throws {SessionIdError} if headers are all the transport has and the id can't be in one.
 */
export function checkCarried(sessionId: string, transport: Transport): void {
  const headersOnly = transport.body.length + transport.metadata.length === 0 && transport.headers.length > 0;
  if (headersOnly && !HEADER_VALUE.test(sessionId)) {
    throw new SessionIdError(
      `Session id ${describe(sessionId)} can't be sent by a sessionTransport that has headers only: ` +
        "expected printable ASCII without a space at either end.",
    );
  }
}

/** A request on its way: its body, and the headers that are given for this one call. */
export interface RequestParts {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: HeadersInput;
}

/** The forms in which the openai SDK takes headers. A value of null takes a default header out. */
export type HeadersInput = HeadersLike | Readonly<Record<string, unknown>>;

/**
 * The request with the session id in it. Where the user set any of the transport's own fields by
 * hand, the request stays as it is: the proxy would let a header of ours win over that body field.
 *
 * @param defaultHeaders The headers of the client, which the SDK adds to each request.
 */
export function withSessionId(
  { body, headers }: RequestParts,
  sessionId: string,
  transport: Transport,
  defaultHeaders: HeadersInput,
): RequestParts {
  const metadata: unknown = body.metadata ?? {};
  const { metadata: metadataFields } = transport;
  if (metadataFields.length > 0 && !isPlainObject(metadata)) return { body, headers };
  const isSetByUser =
    transport.body.some((name) => isSet(body, name)) ||
    metadataFields.some((name) => isSet(metadata as object, name)) ||
    namesAny(headers, transport.headers) ||
    namesAny(defaultHeaders, transport.headers);
  if (isSetByUser) return { body, headers };

  const fields = inEach(transport.body, sessionId);
  if (metadataFields.length > 0) fields.metadata = { ...(metadata as object), ...inEach(metadataFields, sessionId) };
  const fitsHeader = transport.headers.length > 0 && HEADER_VALUE.test(sessionId);
  return {
    body: { ...body, ...fields },
    headers: fitsHeader ? mergeHeaders(headers, inEach(transport.headers, sessionId)) : headers,
  };
}

function isSet(fields: object, name: string): boolean {
  return Object.hasOwn(fields, name) && (fields as Record<string, unknown>)[name] !== undefined;
}

function inEach(names: readonly string[], sessionId: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of names) fields[name] = sessionId;
  return fields;
}

function namesAny(headers: HeadersInput, names: readonly string[]): boolean {
  if (!headers || names.length === 0) return false;
  const given = headerNames(headers);
  return names.some((name) => given.includes(name.toLowerCase()));
}

/** Both sets of headers; where both name one, the second's. */
export function mergeHeaders(first: HeadersInput, second: HeadersInput): HeadersInput {
  if (!first) return second;
  if (!second) return first;
  const overriding = headerNames(second);
  const kept = headerEntries(first).filter(([name]) => !overriding.includes(lowerCase(name)));
  const merged = [...kept, ...headerEntries(second)];
  // A record where both were records: in rows, two spellings of one name would add up.
  const asRows = Array.isArray(first) || Array.isArray(second);
  return asRows ? (merged as unknown as HeadersLike) : Object.fromEntries(merged);
}

type HeaderEntry = readonly [name: unknown, ...values: unknown[]];

function headerNames(headers: HeadersInput): string[] {
  return headerEntries(headers).map(([name]) => lowerCase(name));
}

function headerEntries(headers: HeadersInput): readonly HeaderEntry[] {
  if (!headers) return [];
  if (headers instanceof Headers) return [...headers.entries()];
  if (Array.isArray(headers)) return headers;
  const { values, nulls } = headers as { values?: unknown; nulls?: unknown };
  if (values instanceof Headers) {
    // The SDK's own "nullable headers".
    const cleared = nulls instanceof Set ? [...nulls].map((name): HeaderEntry => [name, null]) : [];
    return [...values.entries(), ...cleared];
  }
  return Object.entries(headers).filter(([, value]) => value !== undefined);
}

function lowerCase(name: unknown): string {
  return String(name).toLowerCase();
}
