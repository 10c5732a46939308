import { hasBrand } from "../utils/brand.js";

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
    return hasBrand(error, BRAND);
  }
}
