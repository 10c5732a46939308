import type { Gateway, GatewayRequest } from "./server.js";

/** What a call costs on a gateway that answers as LiteLLM does, in US dollars. */
export const COST = 7.5e-5;

/** LiteLLM's id of the call that a request is: its number on the gateway, from 1. */
export const callIdOf = (gateway: Gateway, request: GatewayRequest) => `call-${gateway.requests.indexOf(request) + 1}`;

/**
 * Lets the gateway say what LiteLLM 1.106.0 says of a call: in headers, with the cost of a stream in
 * its usage. What LiteLLM says of other things and must not be taken for it is there too.
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

/** What a call of such a gateway says in `response_metadata.litellm`. */
export const LITELLM_METADATA = {
  modelId: "deployment-1",
  modelGroup: "gpt-4o",
  version: "1.106.0",
  costUsd: COST,
  attemptedRetries: 0,
  attemptedFallbacks: 0,
  durationMs: 115.1,
};
