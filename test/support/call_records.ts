import { expect } from "vitest";
import type { SessionCall } from "../../src/index.js";
import { SessionCallbackHandler } from "../../src/index.js";
import { ENTRY_POINTS } from "./conversation.js";
import { COST } from "./gateway/litellm_headers.js";

/** LangChain tells no handler of `streamEvents` v3 of a model itself, only of a graph's. */
export const TRACED_ENTRY_POINTS = ENTRY_POINTS.filter(({ name }) => name !== "streamEvents v3");

export const UUID = expect.stringMatching(/^[0-9a-f]{8}-/);

/** The record of a call that was answered: the `n`th request of a test on a gateway that speaks as LiteLLM. */
export const answeredCall = (n: number): Record<keyof SessionCall, unknown> => ({
  runId: UUID,
  parentRunId: undefined,
  model: "gpt-4o",
  startedAt: expect.any(Date),
  durationMs: expect.any(Number),
  inputTokens: 10,
  outputTokens: 5,
  callId: `call-${n}`,
  costUsd: COST,
  cached: undefined,
  error: undefined,
});

/** The record of one that was not. */
export const failedCall = (error: unknown, callId?: string): ReturnType<typeof answeredCall> => ({
  ...answeredCall(0),
  inputTokens: undefined,
  outputTokens: undefined,
  costUsd: undefined,
  callId,
  error,
});

export const newHandler = (maxCalls?: number): SessionCallbackHandler =>
  new SessionCallbackHandler({ sessionId: "conversation-42", maxCalls });
