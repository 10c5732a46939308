import { RunnableLambda } from "@langchain/core/runnables";
import { describe, expect, it } from "vitest";
import { renderSession, SessionCallbackHandler } from "../../src/index.js";
import { BUSY_CALLS, BUSY_STEPS, handlerOf, longSession, rowsOfCalls } from "../support/busy_session.js";
import { HOSTILE, logRow, strangeSession } from "../support/session_log_rows.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const NO_STEP = { runId: undefined, parentRunId: undefined, node: undefined, step: undefined, agent: undefined };

it("renderSession draws the tree of an agent in 100 columns", () => {
  const text = renderSession(handlerOf(BUSY_CALLS, BUSY_STEPS));
  expect(`\n${text}\n`).toMatchInlineSnapshot(`
    "
    Session conversation-42
    10 calls, 1 failed, 1 stopped, 1 cached · 10,836 tokens in (1,024 cached), 704 out · $12.06
    cost of 1 call unknown · 11.8 s elapsed, 15.2 s model time · started 2026-01-01 00:00:00 UTC

                                        0           5.00 s                took          tokens      cost
    research_agent                      ─────────────────────────────   11.8 s      10,836/704  $12.0557
    ├─ gpt-4o                           ▒██                             1.10 s        1,204/88   $0.0039
    ├─ search_docs                        ░░░░░░░                       2.40 s        2,408/88   $0.0010
    │  ├─ text-embedding-3-small          ██                            180 ms         1,204/–  <$0.0001
    │  ├─ vector store                     ░                            260 ms
    │  └─ gpt-4o-mini                      ▒▒████                       1.90 s        1,204/88   $0.0010
    ├─ translate                          ░░░░░░░░░░░░                  4.20 s        1,204/88   $0.0162
    │  └─ translator                      ───────────                   4.05 s        1,204/88   $0.0162
    │     ├─ claude-sonnet-4-5            ▒╳                             90 ms
    │     │     ✗ RateLimitError: 429 retry after 1 s
    │     └─ claude-sonnet-4-5               ▒▒██████                   2.90 s        1,204/88   $0.0162
    ├─ search_docs                        ░░░░                          1.00 s        1,204/88
    │  └─ gpt-4o-mini                     ▒███                          900 ms        1,204/88
    ├─ gpt-4o                                          ◇                  8 ms        1,204/88    cached
    ├─ write_report                                    ───────────      3.90 s       2,408/176  $12.0346
    │  ├─ azure/eu-gpt-4.1-2…-standard                 ▒▒▒████████      3.90 s        1,204/88   $0.0229
    │  └─ gpt-4o                                       ▒▒██████         2.70 s        1,204/88  $12.0117
    └─ gpt-4o                                                    ▒██╌   1.50 s        1,204/88
          ■ stopped by the app

    ▒ waiting for the first token  █ answering  ░ tool or retriever  ─ step  ╳ failed  ◇ from the cache
    "
  `);
});

it("renderSession draws the tree from the log's rows, without what the log does not know", () => {
  const names = (text: string) => [...text.matchAll(/^[│├└─ ]*([\w.…/-]+) .* {2}\d/gm)].map(([, name]) => name);
  const fromLog = renderSession(rowsOfCalls(BUSY_CALLS));
  expect(names(fromLog)).toEqual(
    names(renderSession(handlerOf(BUSY_CALLS, BUSY_STEPS))).filter((name) => name !== "vector"),
  );
  expect(fromLog).not.toMatch(/model_request|tools/);
  expect(fromLog).toContain("cost of 2 calls unknown");
});

it("renderSession draws two runs of one step as two branches, and keeps the app's own names", () => {
  const row = (startMs: number, ...path: [id: string, name: string][]) => ({
    ...logRow(startMs),
    step: { ...NO_STEP, path: path.map(([id, name]) => ({ id, name })) },
  });
  const lines = renderSession([
    row(0, ["1", "LangGraph"], ["2", "tools"], ["3", "translate"]),
    row(10, ["1", "LangGraph"], ["4", "tools"], ["5", "translate"]),
    row(20, ["1", "LangGraph"], ["6", "summarize"]),
  ]).split("\n");
  expect(lines.slice(5, 12).map((line) => line.slice(0, 20).trimEnd())).toEqual([
    ...["LangGraph", "├─ translate", "│  └─ gpt-4o", "├─ translate", "│  └─ gpt-4o", "└─ summarize", "   └─ gpt-4o"],
  ]);
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
  }).withConfig({ runName: "my_chain" });
  await chain.invoke("Hello", { callbacks: [handler] });
  const lines = renderSession(handler).split("\n");
  expect(lines[0]).toBe("Session conversation-42");
  expect(lines[5]).toMatch(/^my_chain +─+ /);
  expect(lines[6]).toMatch(/^├─ gpt-4o .*█.* 10\/5 +<\$0\.0001$/);
  expect(lines[7]).toMatch(/^├─ gpt-4o .*█╌* +no end/);
  expect(lines[8]).toMatch(/^└─ gpt-4o .*╳/);
  expect(lines[9]).toMatch(/^ +✗ \S*Error: 400 no such thing/);
  expect(lines[1]).toMatch(/^3 calls, 1 failed · 10 tokens in, 5 out · \$0\.000075 · .* elapsed, .* model time/);
});

it("renderSession folds the deepest steps of a session with more rows than maxRows, and says how to see them", () => {
  const lines = renderSession(longSession()).split("\n");
  expect(lines.find((line) => line.startsWith("├─ translate"))).toContain("translate (+3, 1 failed) ");
  expect(lines).toContain("199 rows folded. The option maxRows, or --html, shows them.");
  const all = renderSession(longSession(), { maxRows: Number.POSITIVE_INFINITY });
  expect(all).not.toContain("folded");
  expect(all.split("\n").length).toBeGreaterThan(200);
});

it("renderSession shows how many calls the handler dropped", async () => {
  const handler = new SessionCallbackHandler({ maxCalls: 1 });
  await modelFor(gateway.current).batch(["a", "b", "c"], { callbacks: [handler] });
  expect(renderSession(handler).split("\n")[1]).toBe("(2 older calls not shown)");
  expect(renderSession(handler)).toContain("\n3 calls · ");
});

it("renderSession draws a session without calls", () => {
  expect(renderSession([])).toBe(
    "Session (none)\n0 calls · 0 tokens in, 0 out · cost unknown · 0 ms elapsed, 0 ms model time",
  );
  expect(renderSession(new SessionCallbackHandler({ sessionId: "s" }))).toMatch(/^Session s\n0 calls/);
});

it("renderSession draws a session without a duration", () => {
  const bars = renderSession([logRow(0, { durationMs: 0 }), logRow(0, { durationMs: 0 })]).match(/█+(?! answering)/g);
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
      .filter((line) => line.endsWith("  $0.0012"));
    expect(lines).toHaveLength(names.length);
    expect(new Set(lines.map(columns)).size).toBe(1);
    // Some terminals draw it as a wide emoji, others do not.
    expect(lines.join()).not.toContain("\ufe0f");
  });
});

it("renderSession breaks a long line of sums between two of them", () => {
  const rows = Array.from({ length: 1_000 }, (_, index) => logRow(index, { inputTokens: 1e9, costUsd: 1e6 }));
  expect(renderSession(rows, { width: 80 }).split("\n").slice(1, 3)).toEqual([
    "1,000 calls · 1,000,000,000,000 tokens in, 56,000 out · $1000000000.00",
    "2.00 s elapsed, 16m 40s model time · started 2026-01-01 00:00:00 UTC",
  ]);
});

it("renderSession limits the combining marks on a letter", () => {
  const text = renderSession([logRow(0, { modelGroup: `e${"\u0301".repeat(1_000)}f` })]);
  expect(text).toMatch(/^e\u0301{1,4}f /m);
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
  const line = renderSession([logRow(0, { durationMs })])
    .split("\n")
    .find((each) => each.startsWith("gpt-4o"));
  expect(line).toMatch(new RegExp(` ${expected} +1,234/56`));
});

it.each([
  [0, ""],
  [9e-5, "<$0.0001"],
  [0.00123, "$0.0012"],
  [0.5, "$0.5000"],
  [12.345, "$12.3450"],
  [12_345.678, "$12346"],
])("renderSession writes %d dollars as %s in a column", (costUsd, expected) => {
  const line = renderSession([logRow(0, { costUsd })])
    .split("\n")
    .find((each) => each.startsWith("gpt-4o"));
  expect(line?.split("1,234/56")[1]?.trim()).toBe(expected);
});

it.each([0, -1, Number.NaN])("renderSession throws for %d maxRows", (maxRows) => {
  expect(() => renderSession([], { maxRows })).toThrow('Invalid option "maxRows"');
});
