/**
 * What LiteLLM says of a call, in its response headers: `response_metadata.litellm` of an answer.
 * A field is undefined where the proxy does not send it.
 *
 * @see {@link https://docs.litellm.ai/docs/proxy/response_headers}
 */
export interface LiteLLMResponseMetadata {
  /** The call in LiteLLM's logs: from 1.106 on, `metadata.litellm_call_id` of its row. */
  callId?: string | undefined;
  /** The deployment that answered. */
  modelId?: string | undefined;
  /** The name under which the proxy's config lists the model. */
  modelGroup?: string | undefined;
  /** The version of LiteLLM. */
  version?: string | undefined;
  /** The cost in US dollars. For a stream, known from 1.106 on, and before where the proxy has `include_cost_in_streaming_usage`. */
  costUsd?: number | undefined;
  /** How often the proxy tried again. */
  attemptedRetries?: number | undefined;
  /** How many other models the proxy tried. */
  attemptedFallbacks?: number | undefined;
  /** How long the provider took, in milliseconds. */
  durationMs?: number | undefined;
}

/** Reads the response headers of a LiteLLM proxy, but for the cost. Undefined where none of them is there. */
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
 * The cost of a call in US dollars, or undefined where the proxy does not know it.
 *
 * - What the proxy had in its own cache cost nothing: it says so by the cache's key, and beside it
 *   what the answer cost when it was new (measured on 1.81.12 and 1.106.0).
 * - For a stream, the usage says it (1.106.0; 1.81.12 with `include_cost_in_streaming_usage`). A header of a stream is from
 *   before its first token. A 0 there is a model without a price (1.81.12).
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

const HEADERS: readonly (readonly [keyof LiteLLMResponseMetadata, string, (value: string) => unknown])[] = [
  ["callId", "x-litellm-call-id", String],
  ["modelId", "x-litellm-model-id", String],
  ["modelGroup", "x-litellm-model-group", String],
  ["version", "x-litellm-version", String],
  ["attemptedRetries", "x-litellm-attempted-retries", parseNumber],
  ["attemptedFallbacks", "x-litellm-attempted-fallbacks", parseNumber],
  ["durationMs", "x-litellm-response-duration-ms", parseNumber],
];

function parseNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}
