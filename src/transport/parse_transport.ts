import { describeValue, invalid } from "../utils/invalid.js";
import { NAMED_TRANSPORTS, type ParsedTransport, type SessionTransportFields } from "./named_transports.js";
import { CAN_HOLD_ID } from "./reserved_names.js";

const ALLOWED = `expected ${Object.keys(NAMED_TRANSPORTS)
  .map((name) => `"${name}"`)
  .join(", ")}, or an object with "body", "metadata" or "headers": arrays of names`;

/** @throws {TypeError} for an unknown name or key, no name at all, or a field or header that can't hold an id. */
export function parseTransport(transport: unknown): ParsedTransport {
  if (transport === undefined || transport === null) return { ...NAMED_TRANSPORTS.litellm, skipsProviders: true };
  if (typeof transport === "string" && Object.hasOwn(NAMED_TRANSPORTS, transport)) {
    const named = NAMED_TRANSPORTS[transport as keyof typeof NAMED_TRANSPORTS];
    return { ...named, skipsProviders: transport === "litellm" };
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
    body: parseNames(body, "body"),
    metadata: parseNames(metadata, "metadata"),
    headers: parseNames(headers, "headers"),
    skipsProviders: false,
  };
  if (parsed.body.length + parsed.metadata.length + parsed.headers.length === 0) {
    throw new TypeError(
      'Invalid sessionTransport: no name in "body", "metadata" or "headers"; to send nothing, use "none".',
    );
  }
  return parsed;
}

function parseNames(names: unknown, key: keyof typeof CAN_HOLD_ID): readonly string[] {
  if (names === undefined || names === null) return [];
  if (!Array.isArray(names)) throw invalid(`sessionTransport.${key}`, "an array of names", names);
  for (const name of names) {
    if (typeof name !== "string" || name === "" || !CAN_HOLD_ID[key](name)) {
      throw new TypeError(
        `Invalid sessionTransport.${key}: ${describeValue(name)} can't hold a session id. ` +
          "Choose a name that the proxy, the provider and HTTP give no other meaning.",
      );
    }
  }
  return [...names];
}
