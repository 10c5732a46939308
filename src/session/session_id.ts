import { v7 as uuidv7 } from "uuid";

/** What an id may be, in the words of an error message. */
const ALLOWED = "a string of 1 to 1,024 characters, well-formed Unicode, without control characters";

/**
 * LiteLLM keeps the id in a Postgres `text` column: a NUL or a lone surrogate makes the insert
 * fail, and the log row is lost. `Cc` is C0, DEL and C1; `Cs` is a surrogate without its other half.
 */
const SESSION_ID = /^[^\p{Cc}\p{Cs}]{1,1024}$/u;

const BRAND = Symbol.for("langchain-litellm-session.SessionIdError");

/**
 * Thrown, before any request is made, for a session id that can't be sent: one that isn't a string
 * of 1 to 1,024 well-formed characters without control characters, or one that the chosen
 * `sessionTransport` can't carry. The message says which value came from where.
 *
 * Recognise it with {@link SessionIdError.isInstance} rather than `instanceof`: an app may hold an
 * ESM and a CommonJS copy of this package.
 *
 * @example
 * ```typescript
 * try {
 *   await model.invoke("Hello", { sessionId: "line\nbreak" });
 * } catch (error) {
 *   if (SessionIdError.isInstance(error)) console.log(error.code); // "INVALID_SESSION_ID"
 * }
 * ```
 */
export class SessionIdError extends Error {
  override readonly name = "SessionIdError";

  readonly code = "INVALID_SESSION_ID";

  readonly [BRAND] = true;

  /** Whether `error` is a `SessionIdError`, of this copy of the package or of another. */
  static isInstance(error: unknown): error is SessionIdError {
    return typeof error === "object" && error !== null && BRAND in error;
  }
}

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

/** `undefined`, `null` and `""` name no session, wherever they stand. */
export function isUnset(value: unknown): value is undefined | null | "" {
  return value === undefined || value === null || value === "";
}

/** Whether a value can be sent as a session id. */
export function isSessionId(value: unknown): value is string {
  return typeof value === "string" && SESSION_ID.test(value);
}

/**
 * The value, if it can be sent as an id.
 *
 * @param from Where the value came from, as the user wrote it: `call option "sessionId"`.
 * @throws {SessionIdError} if it can't.
 */
export function checkSessionId(value: unknown, from: string): string {
  if (isSessionId(value)) return value;
  throw new SessionIdError(`Invalid session id from ${from}: expected ${ALLOWED}, got ${describe(value)}.`);
}

/** A value in an error message: short, on one line, and never by running the value's own code. */
export function describe(value: unknown): string {
  if (typeof value === "string") {
    const shown = JSON.stringify(value.slice(0, 40)).replace(UNPRINTABLE, escaped);
    return value.length > 40 ? `${shown}… (${value.length} characters)` : shown;
  }
  if (typeof value === "number" || typeof value === "boolean" || value == null) return String(value);
  try {
    return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
  } catch {
    return "a revoked Proxy";
  }
}

/** What JSON leaves as it is and a terminal or a log does not. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
