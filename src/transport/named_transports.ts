/** Names of request fields and headers that are to hold the session id. At least one. */
export interface SessionTransportFields {
  /** Fields of the request body. */
  readonly body?: readonly string[] | undefined;
  /** Fields of the body's `metadata`. */
  readonly metadata?: readonly string[] | undefined;
  /** Request headers. Left out of a request whose id is not printable ASCII. */
  readonly headers?: readonly string[] | undefined;
}

/** LiteLLM's names for a session id: the wire format. No other file knows them. */
export const NAMED_TRANSPORTS = {
  litellm: { body: ["litellm_session_id", "litellm_trace_id"], metadata: [], headers: ["x-litellm-session-id"] },
  metadata: { body: [], metadata: ["litellm_trace_id"], headers: [] },
  body: { body: ["litellm_session_id", "litellm_trace_id"], metadata: [], headers: [] },
  headers: { body: [], metadata: [], headers: ["x-litellm-session-id"] },
  none: { body: [], metadata: [], headers: [] },
} as const satisfies Record<string, Required<SessionTransportFields>>;

/**
 * How a session id is written into a request.
 *
 * - `"litellm"` (default): body `litellm_session_id` and `litellm_trace_id`, header
 *   `x-litellm-session-id`. Groups on every LiteLLM from 1.70 on. To OpenAI itself, which refuses
 *   unknown fields, it sends nothing.
 * - `"metadata"`: body `metadata.litellm_trace_id`, the form of LiteLLM's older page.
 * - `"body"`: the body fields alone, for a proxy whose own LangSmith logger refuses the header.
 * - `"headers"`: the header alone, for a gateway in front that refuses unknown body fields.
 * - `"none"`: nothing.
 * - an object: names that you choose.
 */
export type SessionTransport = keyof typeof NAMED_TRANSPORTS | SessionTransportFields;

/** A `sessionTransport` that was checked. */
export interface ParsedTransport extends Required<SessionTransportFields> {
  /** Whether nothing is sent to OpenAI's own hosts: true for the default, false for a transport that the user chose. */
  readonly skipsOpenAI: boolean;
}
