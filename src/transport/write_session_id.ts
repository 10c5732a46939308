import { isPlainObject } from "../utils/is_plain_object.js";
import { type HeadersInput, hasAnyHeader, mergeHeaders } from "./headers.js";
import type { ParsedTransport } from "./named_transports.js";

/** A request before it is sent: its body, and the headers of this one request. */
export interface RequestParts {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: HeadersInput;
}

/** What a header can hold here: printable ASCII without a space at either end. */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Whether a request can hold this id in the transport's body fields, or else in its headers. */
export function canHold({ body, metadata, headers }: ParsedTransport, sessionId: string): boolean {
  const hasHeadersOnly = body.length + metadata.length === 0 && headers.length > 0;
  return !hasHeadersOnly || HEADER_VALUE.test(sessionId);
}

/**
 * The request with the session id in it. If the user set any of the transport's fields, the request stays
 * as it is: the proxy would prefer a header of ours to the user's body field.
 *
 * @param defaultHeaders The headers that the client adds to each request.
 */
export function writeSessionId(
  { body, headers }: RequestParts,
  sessionId: string,
  transport: ParsedTransport,
  defaultHeaders: HeadersInput,
): RequestParts {
  const metadata: unknown = body.metadata ?? {};
  const { metadata: metadataFields } = transport;
  if (metadataFields.length > 0 && !isPlainObject(metadata)) return { body, headers };
  const isSetByUser =
    transport.body.some((name) => isSet(body, name)) ||
    metadataFields.some((name) => isSet(metadata as object, name)) ||
    hasAnyHeader(headers, transport.headers) ||
    hasAnyHeader(defaultHeaders, transport.headers);
  if (isSetByUser) return { body, headers };

  const fields = record(transport.body, sessionId);
  if (metadataFields.length > 0) fields.metadata = { ...(metadata as object), ...record(metadataFields, sessionId) };
  const fitsHeader = transport.headers.length > 0 && HEADER_VALUE.test(sessionId);
  return {
    body: { ...body, ...fields },
    headers: fitsHeader ? mergeHeaders(headers, record(transport.headers, sessionId)) : headers,
  };
}

function isSet(fields: object, name: string): boolean {
  return Object.hasOwn(fields, name) && (fields as Record<string, unknown>)[name] !== undefined;
}

/** Not `Object.fromEntries`: this runs for every request and a loop takes a fraction of its time. */
function record(names: readonly string[], value: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of names) fields[name] = value;
  return fields;
}
