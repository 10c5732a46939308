import { expect } from "vitest";
import type { SessionCall } from "../../src/index.js";
import { SessionCallbackHandler } from "../../src/index.js";
import { ENTRY_POINTS } from "./conversation.js";
import { COST } from "./gateway/litellm_headers.js";

/** LangChain calls no handler for `streamEvents` v3 of a model, only of a graph. */
export const TRACED_ENTRY_POINTS = ENTRY_POINTS.filter(({ name }) => name !== "streamEvents v3");

export const UUID = expect.stringMatching(/^[0-9a-f]{8}-/);

/** A record without what only some entry points and endpoints have. */
type StreamlessCall = Omit<SessionCall, "firstTokenMs" | "cachedInputTokens">;

/** The handler's calls without the time to the first token and the tokens of the prompt cache. */
export const callsOf = (handler: SessionCallbackHandler): StreamlessCall[] =>
  handler.calls.map(({ firstTokenMs: _, cachedInputTokens: __, ...call }) => call);

/** The expected record of the `n`th request of a test, on a gateway that answers like LiteLLM. */
export const answeredCall = (n: number): Record<keyof StreamlessCall, unknown> => ({
  runId: UUID,
  parentRunId: undefined,
  kind: "chat",
  path: [],
  status: "ok",
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

/** The expected record of a failed call. */
export const failedCall = (error: unknown, callId?: string): ReturnType<typeof answeredCall> => ({
  ...answeredCall(0),
  inputTokens: undefined,
  outputTokens: undefined,
  costUsd: undefined,
  callId,
  status: error === undefined ? "ok" : "failed",
  error,
});

export const newHandler = (maxCalls?: number): SessionCallbackHandler =>
  new SessionCallbackHandler({ sessionId: "conversation-42", maxCalls });
