import { SessionIdError } from "../session/session_id_error.js";
import { describeValue } from "../utils/invalid.js";
import { warn } from "../utils/warn.js";
import type { HeadersInput } from "./headers.js";
import { parseTransport } from "./parse_transport.js";
import { canHold, type RequestParts, writeSessionId } from "./write_session_id.js";

/** The base URL of a request, and the headers that the SDK's client adds. */
export interface RequestTarget {
  readonly baseURL: string | null | undefined;
  readonly defaultHeaders?: HeadersInput;
}

/** Writes session ids into requests, as one `sessionTransport` defines. */
export interface SessionWriter {
  /** @throws {SessionIdError} if the transport has headers only and no header can hold the id. */
  check(sessionId: string): void;
  /** Returns the request with the id. Unchanged if it goes to OpenAI's API, which rejects unknown fields. */
  write(request: RequestParts, sessionId: string, target: RequestTarget): RequestParts;
}

/** @throws {TypeError} for an invalid `sessionTransport`. */
export function createSessionWriter(sessionTransport: unknown): SessionWriter {
  const transport = parseTransport(sessionTransport);
  let hasWarned = false;
  // A client's base URL does not change: parse it once, not for every request.
  let lastTarget: { baseURL: RequestTarget["baseURL"]; isOpenAI: boolean } | undefined;
  return {
    check(sessionId) {
      if (canHold(transport, sessionId)) return;
      throw new SessionIdError(
        `Session id ${describeValue(sessionId)} can't be sent by a sessionTransport that has headers only: ` +
          "expected printable ASCII without a space at either end.",
      );
    },
    write(request, sessionId, { baseURL, defaultHeaders }) {
      if (!lastTarget || lastTarget.baseURL !== baseURL) lastTarget = { baseURL, isOpenAI: isOpenAI(baseURL) };
      if (!transport.skipsOpenAI || !lastTarget.isOpenAI) {
        return writeSessionId(request, sessionId, transport, defaultHeaders);
      }
      if (!hasWarned) warn(OPENAI_WARNING);
      hasWarned = true;
      return request;
    },
  };
}

const OPENAI_WARNING =
  "Requests go to OpenAI itself, which refuses unknown fields: no session id is sent. " +
  'Point the base URL at your LiteLLM proxy, or set sessionTransport: "none" to silence this';

/** Whether requests go to OpenAI's API or one of its regional hosts. The SDK's default base URL is OpenAI's. */
function isOpenAI(baseURL: string | null | undefined): boolean {
  if (!baseURL) return true;
  try {
    const { hostname } = new URL(baseURL);
    return hostname === "api.openai.com" || hostname.endsWith(".api.openai.com");
  } catch {
    return false; // The SDK reports an invalid URL.
  }
}
