import { isPlainObject } from "../utils/is_plain_object.js";
import { type HeadersInput, hasAnyHeader, mergeHeaders } from "./headers.js";
import type { ParsedTransport } from "./named_transports.js";

/** The body and the headers of one request, before the SDK sends it. */
export interface RequestParts {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: HeadersInput;
}

/** The values that are safe in a header: printable ASCII without a space at either end. */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Whether a request can hold this id. Body fields hold every id, headers only printable ASCII. */
export function canHold({ body, metadata, headers }: ParsedTransport, sessionId: string): boolean {
  const hasHeadersOnly = body.length + metadata.length === 0 && headers.length > 0;
  return !hasHeadersOnly || HEADER_VALUE.test(sessionId);
}

/** The names to add to each part of a request, with the session id as value. */
export interface SessionAdditions {
  readonly body: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Empty if no header can hold the id. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Returns what to add to a request. Undefined if the user set any of the transport's fields: the proxy would prefer
 * our header to the user's body field. Undefined, too, if the user's `metadata` is no object.
 *
 * @param defaultHeaders The headers that the SDK's client adds to each request.
 */
export function sessionAdditions(
  { body, headers }: RequestParts,
  sessionId: string,
  transport: ParsedTransport,
  defaultHeaders: HeadersInput,
): SessionAdditions | undefined {
  const metadata: unknown = body.metadata ?? {};
  const { metadata: metadataFields } = transport;
  if (metadataFields.length > 0 && !isPlainObject(metadata)) return undefined;
  const isSetByUser =
    transport.body.some((name) => isSet(body, name)) ||
    metadataFields.some((name) => isSet(metadata as object, name)) ||
    hasAnyHeader(headers, transport.headers) ||
    hasAnyHeader(defaultHeaders, transport.headers);
  if (isSetByUser) return undefined;
  return {
    body: toRecord(transport.body, sessionId),
    metadata: toRecord(metadataFields, sessionId),
    headers: HEADER_VALUE.test(sessionId) ? toRecord(transport.headers, sessionId) : {},
  };
}

/** Returns the request with its additions. */
export function addToRequest({ body, headers }: RequestParts, additions: SessionAdditions | undefined): RequestParts {
  if (!additions) return { body, headers };
  const written: Record<string, unknown> = { ...body, ...additions.body };
  if (!isEmpty(additions.metadata)) written.metadata = { ...(body.metadata as object), ...additions.metadata };
  return { body: written, headers: isEmpty(additions.headers) ? headers : mergeHeaders(headers, additions.headers) };
}

export function isEmpty(fields: object): boolean {
  for (const _ in fields) return false;
  return true;
}

function isSet(fields: object, name: string): boolean {
  return Object.hasOwn(fields, name) && (fields as Record<string, unknown>)[name] !== undefined;
}

/** Not `Object.fromEntries`: this runs for every request, and the loop takes a fraction of the time. */
function toRecord(names: readonly string[], value: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const name of names) fields[name] = value;
  return fields;
}
