/** Names of the body fields and headers that hold the session id. At least one name in all. */
export interface SessionTransportFields {
  /** Fields of the request body. */
  readonly body?: readonly string[] | undefined;
  /** Fields of the body's `metadata`. */
  readonly metadata?: readonly string[] | undefined;
  /** Request headers. Not sent if the id is not printable ASCII. With headers only, such an id is a `SessionIdError`. */
  readonly headers?: readonly string[] | undefined;
}

/** LiteLLM's names for a session id: the wire format. No other file contains them. */
export const NAMED_TRANSPORTS = {
  litellm: { body: ["litellm_session_id", "litellm_trace_id"], metadata: [], headers: ["x-litellm-session-id"] },
  metadata: { body: [], metadata: ["litellm_trace_id"], headers: [] },
  body: { body: ["litellm_session_id", "litellm_trace_id"], metadata: [], headers: [] },
  headers: { body: [], metadata: [], headers: ["x-litellm-session-id"] },
  none: { body: [], metadata: [], headers: [] },
} as const satisfies Record<Extract<SessionTransport, string>, Required<SessionTransportFields>>;

/**
 * Where a request holds its session id. A field or header that you set yourself stays as it is, and then no id
 * is written.
 *
 * - `"litellm"` (default): body fields `litellm_session_id` and `litellm_trace_id`, and header
 *   `x-litellm-session-id`. LiteLLM groups by them from 1.70 on. Requests to the hosts of OpenAI, Anthropic, Google
 *   and Cohere, which reject unknown fields, get no id.
 * - `"metadata"`: body field `metadata.litellm_trace_id`, the form of LiteLLM's older documentation.
 * - `"body"`: the two body fields without the header, for a proxy whose LangSmith logger rejects the header.
 * - `"headers"`: the header without the body fields, for a gateway that rejects unknown fields.
 * - `"none"`: nothing.
 * - an object: the names that you choose.
 */
export type SessionTransport = "litellm" | "metadata" | "body" | "headers" | "none" | SessionTransportFields;

export interface ParsedTransport extends Required<SessionTransportFields> {
  /** Whether requests to a provider's own hosts get no id: true for `"litellm"`, false for every other transport. */
  readonly skipsProviders: boolean;
}
