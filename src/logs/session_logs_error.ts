import { hasBrand } from "../utils/brand.js";

const BRAND = Symbol.for("langchain-litellm-session.SessionLogsError");

/**
 * Why a session could not be read:
 *
 * - `"UNREACHABLE"`: nothing answers at `baseURL`.
 * - `"TIMEOUT"`: no answer in time, or not the calls that `waitFor` waited for.
 * - `"INVALID_KEY"`: the proxy does not know the key, or there was none.
 * - `"FORBIDDEN"`: the key is right, but may not read logs.
 * - `"NO_DATABASE"`: the proxy keeps no logs.
 * - `"UNSUPPORTED_VERSION"`: the proxy has no session logs.
 * - `"NOT_LITELLM"`: what answers is not a LiteLLM proxy.
 * - `"PROXY_ERROR"`: the proxy failed in another way.
 */
export type SessionLogsErrorCode =
  | "UNREACHABLE"
  | "TIMEOUT"
  | "INVALID_KEY"
  | "FORBIDDEN"
  | "NO_DATABASE"
  | "UNSUPPORTED_VERSION"
  | "NOT_LITELLM"
  | "PROXY_ERROR";

/**
 * Thrown by `SessionLogs` when a session can't be read. The message says what to do; it never holds
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

  /** Why. */
  readonly code: SessionLogsErrorCode;

  /** HTTP status of the answer. Undefined where there was none. */
  readonly status: number | undefined;

  readonly [BRAND] = true;

  /** @internal */
  constructor(code: SessionLogsErrorCode, message: string, status?: number) {
    super(message);
    this.code = code;
    this.status = status;
  }

  /** Whether `error` is a `SessionLogsError`, of this copy of the package or of another. */
  static isInstance(error: unknown): error is SessionLogsError {
    return hasBrand(error, BRAND);
  }
}
