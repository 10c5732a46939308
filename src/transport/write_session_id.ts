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

/**
 * Returns the request with the session id. Unchanged if the user set any of the transport's fields: the proxy
 * would prefer our header to the user's body field. Unchanged, too, if the user's `metadata` is no object.
 *
 * @param defaultHeaders The headers that the SDK's client adds to each request.
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

  const fields = toRecord(transport.body, sessionId);
  if (metadataFields.length > 0) fields.metadata = { ...(metadata as object), ...toRecord(metadataFields, sessionId) };
  const fitsHeader = transport.headers.length > 0 && HEADER_VALUE.test(sessionId);
  return {
    body: { ...body, ...fields },
    headers: fitsHeader ? mergeHeaders(headers, toRecord(transport.headers, sessionId)) : headers,
  };
}

function isSet(fields: object, name: string): boolean {
  return Object.hasOwn(fields, name) && (fields as Record<string, unknown>)[name] !== undefined;
}

/** Not `Object.fromEntries`: this runs for every request, and the loop takes a fraction of the time. */
function toRecord(names: readonly string[], value: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of names) fields[name] = value;
  return fields;
}
