import fc from "fast-check";
import { expect, it } from "vitest";
import { renderSession, renderSessionHtml, type SessionSource } from "../../src/index.js";
import { HOSTILE, logRow } from "../support/session_log_rows.js";

const TAGS = /<\/?([a-z0-9!-]+)/gi;
const tagsOf = (html: string) => new Set([...html.matchAll(TAGS)].map(([, name]) => name));

/** What a proxy or a client can put where a number or a text belongs. */
const VALUES: readonly unknown[] = [
  HOSTILE.html,
  HOSTILE.terminal,
  '<meta http-equiv="refresh" content="0;url=http://example.com">',
  { toLocaleString: 1, toString: 1, valueOf: 1 },
  Object.create(null),
  [],
  [[]],
  null,
  true,
  Symbol("x"),
  10n,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.MAX_VALUE,
  new Date(Number.NaN),
  new Date(8.64e15),
  () => {},
  "x".repeat(1e6),
];

const values = fc.oneof(fc.constantFrom(...VALUES), fc.anything());

const ROW_FIELDS = [
  ...["requestId", "callType", "model", "modelGroup", "provider", "startedAt", "durationMs", "inputTokens"],
  ...["outputTokens", "costUsd", "status", "error", "cacheHit", "sessionId", "step", "firstTokenMs", "toolName"],
  ...["cachedInputTokens", "callId", "agentId", "endUser", "tags", "attemptedRetries", "raw"],
];

const CALL_FIELDS = [
  ...["runId", "parentRunId", "model", "startedAt", "durationMs", "inputTokens", "outputTokens", "error", "callId"],
  ...["costUsd", "cached", "kind", "path", "firstTokenMs", "cachedInputTokens", "status"],
];

const STEP_FIELDS = ["runId", "parentRunId", "kind", "name", "path", "startedAt", "durationMs", "error"];

const SUM_FIELDS = ["calls", "failures", "aborted", "inputTokens", "outputTokens", "costUsd", "totalMs", "wallMs"];

const objectWith = (names: readonly string[]) => fc.record(Object.fromEntries(names.map((name) => [name, values])));

/** Some fields are valid: else each row would be dropped or drawn alike. */
const rows = fc.array(
  fc.oneof(
    objectWith(ROW_FIELDS).map((row) => ({ ...logRow(0), ...row })),
    values,
  ),
  { maxLength: 8 },
);

const handlers = fc.record({
  sessionId: values,
  calls: fc.array(fc.oneof(objectWith(CALL_FIELDS), values), { maxLength: 8 }),
  steps: fc.oneof(fc.array(fc.oneof(objectWith(STEP_FIELDS), values), { maxLength: 8 }), values),
  summary: objectWith(SUM_FIELDS).map((sums) => () => sums),
});

it("renderers draw whatever is in rows and records, and show it as text", () => {
  const plain = tagsOf(renderSessionHtml([logRow(0), logRow(1, { status: "failure", error: "no" })]));
  fc.assert(
    fc.property(fc.oneof(rows, handlers), (source) => {
      const html = renderSessionHtml(source as SessionSource);
      expect([...tagsOf(html)].filter((name) => !plain.has(name))).toEqual([]);
      expect(html.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
      const text = renderSession(source as SessionSource);
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
    }),
    { numRuns: 300 },
  );
});

it("renderers cut a long error", () => {
  const error = `RateLimitError: litellm.RateLimitError: ${"x".repeat(5e6)}`;
  const source = Array.from({ length: 60 }, (_, index) => logRow(index, { status: "failure", error }));
  expect(renderSessionHtml(source).length).toBeLessThan(200_000);
  expect(renderSessionHtml(source)).toContain("RateLimitError: xxx");
});

it.each([undefined, null, "session", 1, {}, { calls: [], sessionId: "s" }])(
  "renderers throw a TypeError that names the argument for %j",
  (source) => {
    for (const render of [renderSession, renderSessionHtml]) {
      expect(() => render(source as never)).toThrow(/^Invalid argument "source": expected a SessionCallbackHandler/);
    }
  },
);
