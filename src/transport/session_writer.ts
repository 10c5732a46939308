import { warn } from "../utils/warn.js";
import { type HeadersInput, type RequestParts, type Transport, withSessionId } from "./session_transport.js";

/** Where a request goes, and what its client adds to it. */
export interface RequestTarget {
  readonly baseURL: string | null | undefined;
  readonly defaultHeaders?: HeadersInput;
}

/** Writes a session id into a request on its way to a target. */
export type SessionWriter = (request: RequestParts, sessionId: string, target: RequestTarget) => RequestParts;

/** Writes session ids by a transport. Where OpenAI itself is spared, it says so once. */
export function sessionWriter(transport: Transport): SessionWriter {
  let hasWarned = false;
  // A client's base URL stays what it is: it is parsed once.
  let spared: { baseURL: RequestTarget["baseURL"]; isOpenAI: boolean } | undefined;
  return (request, sessionId, { baseURL, defaultHeaders }) => {
    if (spared?.baseURL !== baseURL || !spared) spared = { baseURL, isOpenAI: isOpenAI(baseURL) };
    if (!transport.sparesOpenAI || !spared.isOpenAI) {
      return withSessionId(request, sessionId, transport, defaultHeaders);
    }
    if (!hasWarned) warn(WARNING);
    hasWarned = true;
    return request;
  };
}

const WARNING =
  "Requests go to OpenAI itself, which refuses unknown fields: no session id is sent. " +
  'Point the base URL at your LiteLLM proxy, or set sessionTransport: "none" to silence this';

/** Whether requests go to OpenAI's own API, its regional hosts included. */
function isOpenAI(baseURL: string | null | undefined): boolean {
  if (!baseURL) return true;
  try {
    const { hostname } = new URL(baseURL);
    return hostname === "api.openai.com" || hostname.endsWith(".api.openai.com");
  } catch {
    return false; // Not a URL: the SDK says so.
  }
}
