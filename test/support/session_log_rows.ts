import type { SessionLogRow } from "../../src/index.js";

/** A row of a session's log. `startMs`: milliseconds after the first call. */
export function logRow(startMs: number, fields: Partial<SessionLogRow> = {}): SessionLogRow {
  return {
    requestId: `request-${startMs}`,
    callType: "acompletion",
    model: "openai/gpt-4o",
    modelGroup: "gpt-4o",
    provider: "openai",
    startedAt: new Date(Date.UTC(2026, 0, 1) + startMs),
    durationMs: 1_000,
    inputTokens: 1_234,
    outputTokens: 56,
    costUsd: 0.00123,
    status: "success",
    error: undefined,
    cacheHit: false,
    sessionId: "conversation-42",
    tags: [],
    raw: {},
    ...fields,
  };
}

/** Text that does harm if it is not escaped. */
export const HOSTILE = {
  html: `</title></style><script>alert(1)</script><img src=x onerror="alert(1)">'"&amp;`,
  terminal: "a\u001b[31m\u001b]0;title\u0007\u009b2J\r\n\u202eb\u200b\ud800c\u2028d",
};

/** A session with every kind of call, and very long and unusual names. */
export function strangeSession(): SessionLogRow[] {
  const sessionId = `${HOSTILE.html} ${"x".repeat(900)}`;
  return [
    logRow(0, { sessionId }),
    logRow(500, { sessionId, modelGroup: HOSTILE.html, durationMs: 0 }),
    logRow(600, { sessionId, modelGroup: HOSTILE.terminal, cacheHit: true }),
    logRow(900, { sessionId, modelGroup: "m".repeat(300), inputTokens: 123_456_789, costUsd: 12_345.678 }),
    logRow(1_200, { sessionId, modelGroup: undefined, model: "模型".repeat(60), durationMs: undefined }),
    logRow(9_990, { sessionId, status: "failure", error: `Bad: ${HOSTILE.html}${"e".repeat(500)}`, durationMs: 10 }),
  ];
}
