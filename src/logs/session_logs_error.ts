import { hasBrand } from "../utils/brand.js";

const BRAND = Symbol.for("langchain-litellm-session.SessionLogsError");

/** Why a session could not be read. */
export type SessionLogsErrorCode =
  /** No server answers at `baseURL`. */
  | "UNREACHABLE"
  /** The proxy did not answer in time, or `waitFor` did not find its calls in time. */
  | "TIMEOUT"
  /** The proxy does not know the key, or no key was sent. */
  | "INVALID_KEY"
  /** The proxy knows the key, but does not let it read logs. */
  | "FORBIDDEN"
  /** The proxy has no database, and so no logs. */
  | "NO_DATABASE"
  /** The proxy is older than LiteLLM 1.70 and has no session logs. */
  | "UNSUPPORTED_VERSION"
  /** The server at `baseURL` is not a LiteLLM proxy. */
  | "NOT_LITELLM"
  /** The proxy failed in another way. */
  | "PROXY_ERROR";

/**
 * Thrown by `SessionLogs` when a session can't be read. The message says what to do, and never contains
 * the API key. Recognise it with {@link SessionLogsError.isInstance} rather than `instanceof`: an
 * app may hold an ESM and a CommonJS copy of this package.
 *
 * @example
 * ```typescript
 * try {
 *   console.log(await logs.summary("conversation-42"));
 * } catch (error) {
 *   if (SessionLogsError.isInstance(error) && error.code === "FORBIDDEN") console.log(error.message);
 *   else throw error;
 * }
 * ```
 */
export class SessionLogsError extends Error {
  override readonly name = "SessionLogsError";

  readonly code: SessionLogsErrorCode;

  /** HTTP status of the response. Undefined if there was no response. */
  readonly status: number | undefined;

  readonly [BRAND] = true;

  /** @internal */
  constructor(code: SessionLogsErrorCode, message: string, status?: number) {
    super(message);
    this.code = code;
    this.status = status;
  }

  /** Whether `error` or one of its causes is a `SessionLogsError`, of this copy of the package or of another. */
  static isInstance(error: unknown): error is SessionLogsError {
    return hasBrand(error, BRAND, ["code", "status"]);
  }
}
