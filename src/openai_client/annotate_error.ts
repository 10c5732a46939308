import { parseResponseHeaders } from "../transport/response_headers.js";

/** Adds `sessionId` and `callId` to the error of a call. Its class and message stay. */
export function annotateError(error: unknown, headers: Headers | undefined, sessionId: string | undefined): unknown {
  if (typeof error !== "object" || error === null || !Object.isExtensible(error)) return error;
  const callId = parseResponseHeaders(headers)?.callId;
  return Object.assign(error, sessionId === undefined ? {} : { sessionId }, callId === undefined ? {} : { callId });
}
