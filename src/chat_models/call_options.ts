import { isUnset } from "../session/session_id.js";
import { mergeConfigurable } from "../session/sources.js";
import { invalid } from "../utils/invalid.js";
import { isPlainObject } from "../utils/is_plain_object.js";
import type { SessionChatOpenAICallOptions } from "./fields.js";

type CallOptions = Partial<SessionChatOpenAICallOptions>;

/** Body fields that ChatOpenAI writes from the messages and the method: `extraBody` would break the call. */
const RESERVED_FIELDS = ["messages", "input", "stream"];

/**
 * Merges call options over bound ones. An unset `sessionId` does not replace the bound one. `configurable` and
 * `metadata` merge by key. Does not copy: if one argument is undefined, returns the other.
 */
export function mergeCallOptions(bound: CallOptions | undefined, call: CallOptions | undefined): CallOptions {
  if (!bound || !call) return call ?? bound ?? {};
  const merged = { ...bound, ...call };
  if (isUnset(call.sessionId)) merged.sessionId = bound.sessionId;
  if (bound.metadata) merged.metadata = { ...bound.metadata, ...call.metadata };
  if (bound.configurable) merged.configurable = mergeConfigurable(bound.configurable, call.configurable ?? {});
  return merged;
}

/** @throws {TypeError} if call option `extraBody` is no object, or has a reserved field. */
export function checkExtraBody(extraBody: unknown): Readonly<Record<string, unknown>> | undefined {
  if (extraBody === undefined || extraBody === null) return undefined;
  if (!isPlainObject(extraBody)) throw invalid('call option "extraBody"', "an object of body fields", extraBody);
  const reservedField = RESERVED_FIELDS.find((field) => Object.hasOwn(extraBody, field));
  if (reservedField === undefined) return extraBody;
  throw new TypeError(
    `Invalid call option "extraBody": "${reservedField}" is decided by the call itself and can't be replaced.`,
  );
}

/** Merges `extraBody` over the request body. `metadata` merges by key. */
export function withExtraBody(
  body: Readonly<Record<string, unknown>>,
  extraBody: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> {
  if (!extraBody) return body;
  const merged = { ...body, ...extraBody };
  if (isPlainObject(body.metadata) && isPlainObject(extraBody.metadata)) {
    merged.metadata = { ...body.metadata, ...extraBody.metadata };
  }
  return merged;
}
