import { v7 as uuidv7 } from "uuid";
import { describeValue } from "../utils/invalid.js";
import { SessionIdError } from "./session_id_error.js";

const ALLOWED = "a string of 1 to 1,024 characters, well-formed Unicode, without control characters";

/**
 * LiteLLM stores the id in a Postgres `text` column: a NUL or a lone surrogate makes the insert
 * fail, and the log row is lost. `Cc` is C0, DEL and C1; `Cs` is a lone surrogate.
 */
const SESSION_ID = /^[^\p{Cc}\p{Cs}]{1,1024}$/u;

/**
 * Returns a new session id: a UUIDv7 string, so that ids sort by creation time.
 *
 * @example
 * ```typescript
 * const sessionId = newSessionId(); // "0198c5a5-7c3e-7d6a-9d2b-…"
 * ```
 */
export function newSessionId(): string {
  return uuidv7();
}

/** Whether a value names no session. `undefined`, `null` and `""` do so in every field, option and config key. */
export function isUnset(value: unknown): value is undefined | null | "" {
  return value === undefined || value === null || value === "";
}

export function isSessionId(value: unknown): value is string {
  return typeof value === "string" && SESSION_ID.test(value);
}

/**
 * @param from The source of the value, in the user's words: `call option "sessionId"`.
 * @throws {SessionIdError} if the value can't be sent as a session id.
 */
export function checkSessionId(value: unknown, from: string): string {
  if (isSessionId(value)) return value;
  throw new SessionIdError(`Invalid session id from ${from}: expected ${ALLOWED}, got ${describeValue(value)}.`);
}
