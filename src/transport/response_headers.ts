import { cutText } from "../utils/error_text.js";
import { nonNegative } from "../utils/non_negative.js";

/**
 * LiteLLM's data on a call, from its response headers. You find it in the `response_metadata.litellm` of an
 * answer, and typed by `getLiteLLMMetadata(answer)`. A field is undefined if the proxy does not send its header, or
 * sends a number that is negative or not finite. Texts have at most 1,000 characters.
 *
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
  /**
   * The cost in US dollars. 0 for an answer from the proxy's cache. Undefined if the proxy does not know it, such as
   * that of a model without a price. Before 1.106, a stream has a cost only with the proxy's
   * `include_cost_in_streaming_usage`.
   */
  costUsd?: number | undefined;
  /** How often the proxy retried the call. */
  attemptedRetries?: number | undefined;
  /** How many other models the proxy tried. */
  attemptedFallbacks?: number | undefined;
  /** How long the provider took, in milliseconds. */
  durationMs?: number | undefined;
}

/** LiteLLM's longest text is a deployment's id: 64 characters. */
const MAX_LENGTH = 1_000;

type Field = keyof LiteLLMResponseMetadata;

/** The fields with their headers. The cost has rules of its own. */
const HEADERS: readonly (readonly [Field, string, (value: unknown) => string | number | undefined])[] = [
  ["callId", "x-litellm-call-id", parseText],
  ["modelId", "x-litellm-model-id", parseText],
  ["modelGroup", "x-litellm-model-group", parseText],
  ["version", "x-litellm-version", parseText],
  ["attemptedRetries", "x-litellm-attempted-retries", parseNumber],
  ["attemptedFallbacks", "x-litellm-attempted-fallbacks", parseNumber],
  ["durationMs", "x-litellm-response-duration-ms", parseNumber],
];

/** Reads the response headers of a LiteLLM proxy, without the cost. Undefined if the response has no such header. */
export function parseResponseHeaders(headers: Headers | undefined): LiteLLMResponseMetadata | undefined {
  if (!headers) return undefined;
  const metadata: Record<string, unknown> = {};
  for (const [field, name, parse] of HEADERS) {
    const parsed = parse(headers.get(name));
    if (parsed !== undefined) metadata[field] = parsed;
  }
  return Object.keys(metadata).length > 0 ? metadata : undefined;
}

/**
 * The cost of a call in US dollars. Undefined if the proxy does not know it.
 *
 * - An answer from the proxy's cache costs nothing. The proxy marks it by a cache key, but its cost header
 *   repeats the cost of the first answer (measured on 1.81.12 and 1.106.0).
 * - Without a cache key, 0 means a model without a price (the header: 1.109.1; a stream's usage: 1.81.12).
 * - A stream has its cost in the usage (1.106.0; 1.81.12 with `include_cost_in_streaming_usage`). The proxy sends a
 *   stream's headers before its cost is known.
 */
export function costOf(
  headers: Headers | undefined,
  stream: { readonly usage: unknown } | undefined,
): number | undefined {
  if (headers?.get("x-litellm-cache-key")) return 0;
  const { cost } = (stream?.usage ?? {}) as { cost?: unknown };
  return parseNumber(stream ? cost : headers?.get("x-litellm-response-cost")) || undefined;
}

/**
 * Returns the `response_metadata.litellm` of an answer. Undefined if it has none, because its request did not go
 * to a LiteLLM proxy or another class made it. Never throws: a message that was stored or that came from a client may
 * hold anything, and a field of another type is undefined.
 *
 * @example
 * ```typescript
 * const answer = await model.invoke("Hello");
 * const { costUsd, callId } = getLiteLLMMetadata(answer) ?? {};
 * ```
 */
export function getLiteLLMMetadata(message: unknown): LiteLLMResponseMetadata | undefined {
  try {
    const { response_metadata } = (message ?? {}) as { response_metadata?: { litellm?: Record<string, unknown> } };
    const litellm = response_metadata?.litellm;
    if (typeof litellm !== "object" || litellm === null) return undefined;
    const metadata: Record<string, unknown> = {};
    for (const [field, , parse] of [...HEADERS, ["costUsd", "", parseNumber] as const]) {
      const value = litellm[field];
      // A number is a number here already: only a header is a text.
      const parsed = parse === parseNumber && typeof value !== "number" ? undefined : parse(value);
      if (parsed !== undefined) metadata[field] = parsed;
    }
    return Object.keys(metadata).length > 0 ? metadata : undefined;
  } catch {
    return undefined; // A getter or a Proxy that throws.
  }
}

function parseText(value: unknown): string | undefined {
  return typeof value !== "string" || value === "" || value === "None" ? undefined : cutText(value, MAX_LENGTH);
}

function parseNumber(value: unknown): number | undefined {
  return nonNegative(typeof value === "string" && value.trim() !== "" ? Number(value) : value);
}
