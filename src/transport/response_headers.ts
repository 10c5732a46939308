/**
 * LiteLLM's data on a call, from its response headers. You find it in the `response_metadata.litellm` of an
 * answer. A field is undefined if the proxy does not send its header.
 *
 * @example
 * ```typescript
 * const answer = await model.invoke("Hello");
 * const { costUsd, callId } = answer.response_metadata.litellm ?? {};
 * ```
 * @see {@link https://docs.litellm.ai/docs/proxy/response_headers}
 */
export interface LiteLLMResponseMetadata {
  /** LiteLLM's id of the call: from 1.106 on, `metadata.litellm_call_id` of its row in the logs. */
  callId?: string | undefined;
  /** The id of the deployment that answered. */
  modelId?: string | undefined;
  /** The name under which the proxy's config lists the model. */
  modelGroup?: string | undefined;
  /** The version of LiteLLM. */
  version?: string | undefined;
  /** The cost in US dollars. Before 1.106, a stream has a cost only with the proxy's `include_cost_in_streaming_usage`. */
  costUsd?: number | undefined;
  /** How often the proxy retried the call. */
  attemptedRetries?: number | undefined;
  /** How many other models the proxy tried. */
  attemptedFallbacks?: number | undefined;
  /** How long the provider took, in milliseconds. */
  durationMs?: number | undefined;
}

const HEADERS: readonly (readonly [keyof LiteLLMResponseMetadata, string, (value: string) => unknown])[] = [
  ["callId", "x-litellm-call-id", String],
  ["modelId", "x-litellm-model-id", String],
  ["modelGroup", "x-litellm-model-group", String],
  ["version", "x-litellm-version", String],
  ["attemptedRetries", "x-litellm-attempted-retries", parseNumber],
  ["attemptedFallbacks", "x-litellm-attempted-fallbacks", parseNumber],
  ["durationMs", "x-litellm-response-duration-ms", parseNumber],
];

/** Reads the response headers of a LiteLLM proxy, without the cost. Undefined if the response has no such header. */
export function parseResponseHeaders(headers: Headers | undefined): LiteLLMResponseMetadata | undefined {
  if (!headers) return undefined;
  const metadata: Record<string, unknown> = {};
  for (const [field, name, parse] of HEADERS) {
    const value = headers.get(name);
    const parsed = value === null || value === "" || value === "None" ? undefined : parse(value);
    if (parsed !== undefined) metadata[field] = parsed;
  }
  return Object.keys(metadata).length > 0 ? metadata : undefined;
}

/**
 * The cost of a call in US dollars. Undefined if the proxy does not know it.
 *
 * - An answer from the proxy's cache costs nothing. The proxy marks it by a cache key, but its cost header
 *   repeats the cost of the first answer (measured on 1.81.12 and 1.106.0).
 * - A stream has its cost in the usage (1.106.0; 1.81.12 with `include_cost_in_streaming_usage`). 0 means a
 *   model without a price (1.81.12). The proxy sends a stream's headers before its cost is known.
 */
export function costOf(
  headers: Headers | undefined,
  stream: { readonly usage: unknown } | undefined,
): number | undefined {
  if (headers?.get("x-litellm-cache-key")) return 0;
  if (!stream) return parseNumber(headers?.get("x-litellm-response-cost"));
  const { cost } = (stream.usage ?? {}) as { cost?: unknown };
  return parseNumber(cost) || undefined;
}

/** Adds `sessionId` and `callId` to the error of a call. Changes neither its class nor its message. */
export function annotateError(error: unknown, headers: Headers | undefined, sessionId: string | undefined): unknown {
  if (typeof error !== "object" || error === null || !Object.isExtensible(error)) return error;
  const callId = parseResponseHeaders(headers)?.callId;
  return Object.assign(error, sessionId === undefined ? {} : { sessionId }, callId === undefined ? {} : { callId });
}

function parseNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}
