import { v7 as uuidv7 } from "uuid";
import { describeValue } from "../utils/describe_value.js";
import { SessionIdError } from "./session_id_error.js";

/** What an id may be, in the words of an error message. */
const ALLOWED = "a string of 1 to 1,024 characters, well-formed Unicode, without control characters";

/**
 * LiteLLM keeps the id in a Postgres `text` column: a NUL or a lone surrogate makes the insert
 * fail, and the log row is lost. `Cc` is C0, DEL and C1; `Cs` is a surrogate without its other half.
 */
const SESSION_ID = /^[^\p{Cc}\p{Cs}]{1,1024}$/u;

/**
 * A new session id: a UUIDv7 string, so that ids sort by the time they were made.
 *
 * @example
 * ```typescript
 * const sessionId = newSessionId(); // "0198c5a5-7c3e-7d6a-9d2b-…"
 * ```
 */
export function newSessionId(): string {
  return uuidv7();
}

/** Whether a value names no session: `undefined`, `null` and `""`, in every field, option and config key. */
export function isUnset(value: unknown): value is undefined | null | "" {
  return value === undefined || value === null || value === "";
}

/** Whether a value can be sent as a session id. */
export function isSessionId(value: unknown): value is string {
  return typeof value === "string" && SESSION_ID.test(value);
}

/**
 * Returns the value if it can be sent as a session id.
 *
 * @param from Where the value came from, in the user's words: `call option "sessionId"`.
 * @throws {SessionIdError} if it can't.
 */
export function checkSessionId(value: unknown, from: string): string {
  if (isSessionId(value)) return value;
  throw new SessionIdError(`Invalid session id from ${from}: expected ${ALLOWED}, got ${describeValue(value)}.`);
}
