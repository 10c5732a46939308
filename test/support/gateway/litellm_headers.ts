import type { Gateway, GatewayRequest } from "./server.js";

/** The cost of each call, in US dollars. */
export const COST = 7.5e-5;

/** LiteLLM's call id of a request: its number on the gateway, from 1. */
export const callIdOf = (gateway: Gateway, request: GatewayRequest) => `call-${gateway.requests.indexOf(request) + 1}`;

/**
 * Lets the gateway send the headers of LiteLLM 1.106.0, and the cost of a stream in
 * its usage. Also sends LiteLLM's similar headers, which must not be mistaken for them.
 */
export function answerLikeLiteLLM(gateway: Gateway): void {
  gateway.responseHeaders = (request) => ({
    "x-litellm-call-id": callIdOf(gateway, request),
    "x-litellm-model-id": "deployment-1",
    "x-litellm-model-group": String(request.body.model),
    "x-litellm-version": "1.106.0",
    "x-litellm-attempted-retries": "0",
    "x-litellm-attempted-fallbacks": "0",
    "x-litellm-response-duration-ms": "115.1",
    "x-litellm-key-spend": "0.0",
    "x-litellm-overhead-duration-ms": "94.4",
    ...(request.body.stream
      ? { "x-litellm-response-cost-original": "0.0" }
      : { "x-litellm-response-cost": "7.5e-05", "x-litellm-response-cost-original": "7.5e-05" }),
  });
  gateway.moreUsage = ({ body }) => (body.stream ? { cost: COST } : {});
  gateway.usageChoices = [{ index: 0, delta: {} }];
}

/** The expected `response_metadata.litellm` of a plain call. */
export const LITELLM_METADATA = {
  modelId: "deployment-1",
  modelGroup: "gpt-4o",
  version: "1.106.0",
  costUsd: COST,
  attemptedRetries: 0,
  attemptedFallbacks: 0,
  durationMs: 115.1,
};
