import { isUnset } from "../session/session_id.js";
import { mergeConfigurable } from "../session/sources.js";
import { invalid } from "../utils/invalid.js";
import { isPlainObject } from "../utils/is_plain_object.js";
import type { SessionChatOpenAICallOptions } from "./fields.js";

type CallOptions = Partial<SessionChatOpenAICallOptions>;

/** Body fields that the call itself decides: what is asked, and how it is answered. */
const DECIDED_BY_CALL = ["messages", "input", "stream"];

/**
 * Merges call options over bound ones: an unset `sessionId` keeps the bound one, `configurable` and
 * `metadata` merge by key. Returns one of the two objects itself if the other is undefined.
 */
export function mergeCallOptions(bound: CallOptions | undefined, passed: CallOptions | undefined): CallOptions {
  if (!bound || !passed) return passed ?? bound ?? {};
  const merged = { ...bound, ...passed };
  if (isUnset(passed.sessionId)) merged.sessionId = bound.sessionId;
  if (bound.metadata) merged.metadata = { ...bound.metadata, ...passed.metadata };
  if (bound.configurable) merged.configurable = mergeConfigurable(bound.configurable, passed.configurable ?? {});
  return merged;
}

/**
 * Checks call option `extraBody`.
 *
 * @throws {TypeError} if it is no object, or has a field that the call itself decides.
 */
export function checkExtraBody(extraBody: unknown): Readonly<Record<string, unknown>> | undefined {
  if (extraBody === undefined || extraBody === null) return undefined;
  if (!isPlainObject(extraBody)) throw invalid('call option "extraBody"', "an object of body fields", extraBody);
  const decided = DECIDED_BY_CALL.find((field) => Object.hasOwn(extraBody, field));
  if (decided === undefined) return extraBody;
  throw new TypeError(
    `Invalid call option "extraBody": "${decided}" is decided by the call itself and can't be replaced.`,
  );
}

/** The request body with `extraBody` merged in. `metadata` merges by key. */
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
