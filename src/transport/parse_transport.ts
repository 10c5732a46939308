import { describeValue, invalid } from "../utils/invalid.js";
import { NAMED_TRANSPORTS, type ParsedTransport, type SessionTransportFields } from "./named_transports.js";

/** Body fields with a meaning of the API: an id in one of them would break the request. */
const RESERVED_FIELDS = new Set(["__proto__", "input", "messages", "metadata", "model", "stream"]);

/** Headers that HTTP or the SDK sets. A record of headers can't hold `__proto__`. */
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

/** A `token` of RFC 9110. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const ALLOWED = `expected ${Object.keys(NAMED_TRANSPORTS)
  .map((name) => `"${name}"`)
  .join(", ")}, or an object with "body", "metadata" or "headers": arrays of names`;

/** @throws {TypeError} for an unknown name or key, no name at all, or a field or header that can't hold an id. */
export function parseTransport(transport: unknown): ParsedTransport {
  if (transport === undefined || transport === null) return { ...NAMED_TRANSPORTS.litellm, skipsOpenAI: true };
  if (typeof transport === "string" && Object.hasOwn(NAMED_TRANSPORTS, transport)) {
    const named = NAMED_TRANSPORTS[transport as keyof typeof NAMED_TRANSPORTS];
    return { ...named, skipsOpenAI: transport === "litellm" };
  }
  if (typeof transport !== "object" || Array.isArray(transport)) {
    throw new TypeError(`Invalid sessionTransport: ${ALLOWED}; got ${describeValue(transport)}.`);
  }
  const unknown = Object.keys(transport).find((key) => !["body", "metadata", "headers"].includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`Invalid sessionTransport: ${ALLOWED}; got the key ${describeValue(unknown)}.`);
  }

  const { body, metadata, headers } = transport as SessionTransportFields;
  const parsed = {
    body: parseNames(body, "body", (name) => !RESERVED_FIELDS.has(name)),
    metadata: parseNames(metadata, "metadata", (name) => name !== "__proto__"),
    headers: parseNames(
      headers,
      "headers",
      (name) => HEADER_NAME.test(name) && !RESERVED_HEADERS.has(name.toLowerCase()),
    ),
    skipsOpenAI: false,
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
  if (!Array.isArray(names)) throw invalid(`sessionTransport.${key}`, "an array of names", names);
  for (const name of names) {
    if (typeof name !== "string" || name === "" || !isAllowed(name)) {
      throw new TypeError(`Invalid sessionTransport.${key}: ${describeValue(name)} can't hold a session id.`);
    }
  }
  return [...names];
}
