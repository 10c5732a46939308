import { hasBrand } from "../utils/brand.js";

const BRAND = Symbol.for("langchain-litellm-session.SessionIdError");

/**
 * Thrown before any request for a session id that can't be sent. An id is a string of 1 to 1,024 well-formed
 * characters without control characters. A `sessionTransport` with headers only also needs printable ASCII
 * without a space at either end. The message names the value and, for an invalid value, its source.
 *
 * Recognise the error with {@link SessionIdError.isInstance}. `instanceof` fails if an app loads both the ESM
 * and the CommonJS copy of this package.
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

  /** Whether `error` or one of its causes is a `SessionIdError`, of this copy of the package or of another. */
  static isInstance(error: unknown): error is SessionIdError {
    return hasBrand(error, BRAND, ["code"]);
  }
}
