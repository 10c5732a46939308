import { RunnableLambda } from "@langchain/core/runnables";
import { describe, expect, it } from "vitest";
import { renderSession, SessionCallbackHandler } from "../../src/index.js";
import { HOSTILE, logRow, strangeSession } from "../support/session_log_rows.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

it("renderSession draws a waterfall in 100 columns", () => {
  const text = renderSession([
    logRow(0, { durationMs: 870 }),
    logRow(1_000, { durationMs: 2_500, cacheHit: true, costUsd: 0 }),
    logRow(2_000, { durationMs: 500, status: "failure", error: "RateLimitError: slow\ndown", outputTokens: 0 }),
    logRow(3_500, { durationMs: undefined, modelGroup: undefined, costUsd: 1.5 }),
  ]);
  expect(`\n${text}\n`).toMatchInlineSnapshot(`
    "
    Session conversation-42

       start      took                             model               tokens in/out        cost  status
        0 ms    870 ms  ███████                    gpt-4o                   1,234/56     $0.0012  ok
      1.00 s    2.50 s         ██████████████████  gpt-4o                   1,234/56          $0  cached
      2.00 s    500 ms                ████         gpt-4o                    1,234/0     $0.0012  failed
                        RateLimitError: slow down
      3.50 s         –                          ░  openai/gpt-4o            1,234/56       $1.50  no end

    4 calls, 1 failed · 4,936 tokens in, 168 out · $1.50 · 3.50 s in all, 3.87 s in calls
    "
  `);
});

it("renderSession draws a handler's calls, also failed, streamed and abandoned ones", async () => {
  gateway.current.responseHeaders = () => ({ "x-litellm-response-cost": "7.5e-05" });
  const handler = new SessionCallbackHandler({ sessionId: "conversation-42" });
  const model = modelFor(gateway.current);
  const chain = RunnableLambda.from(async (text: string) => {
    await model.invoke(text);
    await (await model.stream(text)).cancel();
    gateway.current.failNext(400, { message: "no such thing" });
    return model.invoke(text).catch(() => "failed");
  });
  await chain.invoke("Hello", { callbacks: [handler] });
  const lines = renderSession(handler).split("\n");
  expect(lines[0]).toBe("Session conversation-42");
  expect(lines.filter((line) => line.includes("gpt-4o"))).toHaveLength(3);
  expect(lines[3]).toMatch(/^ +0 ms +\d+ ms .*█.* gpt-4o +10\/5 +\$0\.000075 {2}ok$/);
  expect(lines[4]).toMatch(/ – .*░ +gpt-4o +–\/– +– {2}no end$/);
  expect(lines[5]).toMatch(/█ +gpt-4o +–\/– +– {2}failed$/);
  expect(lines[6]).toMatch(/^ +\S*Error: 400 no such thing/);
  expect(lines.at(-1)).toMatch(
    /^3 calls, 1 failed · 10 tokens in, 5 out · \$0\.000075 · \d+ ms in all, \d+ ms in calls$/,
  );
});

it("renderSession shows how many calls the handler dropped", async () => {
  const handler = new SessionCallbackHandler({ maxCalls: 1 });
  await modelFor(gateway.current).batch(["a", "b", "c"], { callbacks: [handler] });
  expect(renderSession(handler).split("\n")[1]).toBe("(2 older calls not shown)");
  expect(renderSession(handler)).toContain("\n3 calls · ");
});

it("renderSession draws a session without calls", () => {
  expect(renderSession([])).toBe(
    "Session (none)\n\n0 calls · 0 tokens in, 0 out · cost unknown · 0 ms in all, 0 ms in calls",
  );
  expect(renderSession(new SessionCallbackHandler({ sessionId: "s" }))).toMatch(/^Session s\n\n0 calls/);
});

it("renderSession draws a session without a duration", () => {
  const bars = renderSession([logRow(0, { durationMs: 0 }), logRow(0, { durationMs: 0 })]).match(/█+/g);
  expect(bars).toEqual(["█", "█"]);
});

it("renderSession sorts calls by their start", () => {
  const text = renderSession([logRow(2_000, { modelGroup: "second" }), logRow(0, { modelGroup: "first" })]);
  expect(text.indexOf("first")).toBeLessThan(text.indexOf("second"));
});

/** The columns that a terminal uses for a line, by Unicode's tables. */
const columns = (line: string) =>
  [...line].reduce((sum, letter) => {
    if (/[\p{Mn}\p{Me}]/u.test(letter)) return sum;
    return sum + (/[\u4e00-\u9fff\ufe10\u{17000}\u{1b000}\u{1f680}😀👩]/u.test(letter) ? 2 : 1);
  }, 0);

describe.each([80, 100, 140])("in %d columns", (width) => {
  it("renderSession stays within the width for any names", () => {
    const huge = logRow(1e15, { inputTokens: 1e300, outputTokens: 1e300, costUsd: -1e300, durationMs: 1e15 });
    for (const line of renderSession([...strangeSession(), huge], { width }).split("\n")) {
      expect(columns(line), line).toBeLessThanOrEqual(width);
    }
  });

  it("renderSession aligns the columns", () => {
    const names = [
      "gpt",
      "模型".repeat(30),
      "a模".repeat(30),
      "😀".repeat(20),
      "e\u0301".repeat(18),
      "m".repeat(18),
      "m".repeat(19),
      // Spacing marks, flags of two letters, old scripts, emoji of several code points.
      "\u0915\u093e".repeat(18),
      "🇩🇪".repeat(18),
      "\u{17000}".repeat(18),
      "\u{1b000}\ufe10".repeat(18),
      "👩‍🚀".repeat(18),
      "\u2764\ufe0f".repeat(18),
    ];
    const lines = renderSession(
      names.map((modelGroup, index) => logRow(index, { modelGroup })),
      { width },
    )
      .split("\n")
      .filter((line) => line.endsWith(" ok"));
    expect(lines).toHaveLength(names.length);
    expect(new Set(lines.map(columns)).size).toBe(1);
    // Some terminals draw it as a wide emoji, others do not.
    expect(lines.join()).not.toContain("\ufe0f");
  });
});

it("renderSession breaks a long line of sums between two of them", () => {
  const rows = Array.from({ length: 1_000 }, (_, index) => logRow(index, { inputTokens: 1e9, costUsd: 1e6 }));
  expect(renderSession(rows, { width: 80 }).split("\n").slice(-2)).toEqual([
    "1,000 calls · 1,000,000,000,000 tokens in, 56,000 out · $1000000000.00",
    "2.00 s in all, 16m 40s in calls",
  ]);
});

it("renderSession limits the combining marks on a letter", () => {
  const text = renderSession([logRow(0, { modelGroup: `e${"\u0301".repeat(1_000)}f` })]);
  expect(text).toMatch(/ e\u0301{1,4}f /);
});

it("renderSession removes control sequences", () => {
  const rows = strangeSession().map((row) => ({ ...row, sessionId: HOSTILE.terminal, error: HOSTILE.terminal }));
  const text = renderSession(rows).replaceAll("\n", "");
  expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
  expect(text).toContain("Session a�[31m�]0;title��2J �b��c d");
});

it("renderSession styles parts of the text without changing their width", () => {
  const parts = new Set<string>();
  const source = [logRow(0), logRow(500, { durationMs: undefined }), logRow(900, { status: "failure", error: "no" })];
  const styled = renderSession(source, {
    style(part, text) {
      parts.add(part);
      return `{${part}:${text}}`;
    },
  });
  expect([...parts].sort()).toEqual(["failed", "muted", "ok", "title"]);
  expect(styled.replace(/\{\w+:([^}]*)\}/g, "$1")).toBe(renderSession(source));
});

it.each([79, 100.5, Number.NaN])("renderSession throws for a width of %d", (width) => {
  expect(() => renderSession([], { width })).toThrow('Invalid option "width"');
});

it.each([
  [0, "0 ms"],
  [999.4, "999 ms"],
  [999.6, "1.00 s"],
  [9_994, "9.99 s"],
  [9_996, "10.0 s"],
  [59_949, "59.9 s"],
  [59_951, "1m 0s"],
  [3_599_999, "1h 0m"],
  [445_000_000, "123h 36m"],
])("renderSession writes %d ms as %s", (durationMs, expected) => {
  const [, , , line] = renderSession([logRow(0, { durationMs })]).split("\n");
  expect(line?.slice(10, 18).trim()).toBe(expected);
});

it.each([
  [0, "$0"],
  [9e-8, "<$0.000001"],
  [0.0000123, "$0.000012"],
  [0.00123, "$0.0012"],
  [0.5, "$0.50"],
  [12.345, "$12.35"],
  [12_345.678, "$12345.68"],
])("renderSession writes %d dollars as %s", (costUsd, expected) => {
  expect(renderSession([logRow(0, { costUsd })]).split("\n")[3]).toMatch(
    new RegExp(` ${expected.replace("$", "\\$")}  ok$`),
  );
});
