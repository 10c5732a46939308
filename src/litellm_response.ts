/**
 * What LiteLLM says of a call, in its response headers: `response_metadata.litellm` of an answer.
 * A field is undefined where the proxy does not send it.
 *
 * @see {@link https://docs.litellm.ai/docs/proxy/response_headers}
 */
export interface LiteLLMResponseMetadata {
  /** The call in LiteLLM's logs: `request_id` of its row. */
  callId?: string | undefined;
  /** The deployment that answered. */
  modelId?: string | undefined;
  /** The name under which the proxy's config lists the model. */
  modelGroup?: string | undefined;
  /** The version of LiteLLM. */
  version?: string | undefined;
  /** The cost in US dollars. For a stream, known where the proxy has `include_cost_in_streaming_usage`. */
  costUsd?: number | undefined;
  /** How often the proxy tried again. */
  attemptedRetries?: number | undefined;
  /** How many other models the proxy tried. */
  attemptedFallbacks?: number | undefined;
  /** How long the provider took, in milliseconds. */
  durationMs?: number | undefined;
}

/** Reads the response headers of a LiteLLM proxy. Undefined where none of them is there. */
export function parseResponseHeaders(headers: Headers | undefined): LiteLLMResponseMetadata | undefined {
  const text = (name: string) => {
    const value = headers?.get(`x-litellm-${name}`);
    return value === null || value === "" || value === "None" ? undefined : value;
  };
  const metadata: LiteLLMResponseMetadata = {
    callId: text("call-id"),
    modelId: text("model-id"),
    modelGroup: text("model-group"),
    version: text("version"),
    costUsd: parseNumber(text("response-cost")),
    attemptedRetries: parseNumber(text("attempted-retries")),
    attemptedFallbacks: parseNumber(text("attempted-fallbacks")),
    durationMs: parseNumber(text("response-duration-ms")),
  };
  const known = Object.entries(metadata).filter(([, value]) => value !== undefined);
  return known.length > 0 ? Object.fromEntries(known) : undefined;
}

/** The cost in US dollars that LiteLLM puts into the usage of a stream's last chunk. */
export function costOfUsage(usage: unknown): number | undefined {
  const { cost } = (usage ?? {}) as { cost?: unknown };
  return parseNumber(cost);
}

function parseNumber(value: unknown): number | undefined {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}
