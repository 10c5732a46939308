import { expect, it } from "vitest";
import { renderSessionHtml, SessionCallbackHandler } from "../../src/index.js";
import { HOSTILE, logRow, strangeSession } from "../support/session_log_rows.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const cellsOf = (html: string) =>
  [...html.matchAll(/<tr role="row">(<td.*)<\/tr>/g)].map(([, row = ""]) =>
    [...row.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell = ""]) => cell.replace(/<[^>]+>/g, "")),
  );

it("the page has a table with each call, and the sums", () => {
  const html = renderSessionHtml([
    logRow(0, { durationMs: 870 }),
    logRow(1_000, { status: "failure", error: "RateLimitError: slow down", outputTokens: 0 }),
  ]);
  expect(html).toContain("<title>Session conversation-42</title>");
  expect(html).toContain("<li>2 calls, 1 failed</li><li>2,468 tokens in, 56 out</li><li>$0.0025</li>");
  expect(html).toContain('<time datetime="2026-01-01T00:00:00Z">2026-01-01T00:00:00Z</time>');
  expect(cellsOf(html)).toEqual([
    ["1", "0 ms", "870 ms", "gpt-4o", "1,234", "56", "$0.0012", "ok"],
    ["2", "1.00 s", "1.00 s", "gpt-4o", "1,234", "0", "$0.0012", "failedRateLimitError: slow down"],
  ]);
  expect(html).toContain('class="bar failed" style="left:min(50.00%, 100% - 3px);width:50.00%"');
});

it("the page shows the calls of a handler", async () => {
  const handler = new SessionCallbackHandler({ sessionId: "conversation-42", maxCalls: 2 });
  await modelFor(gateway.current).batch(["a", "b", "c"], { callbacks: [handler] });
  const html = renderSessionHtml(handler);
  expect(cellsOf(html).map((cells) => [cells[3], cells[4], cells[6], cells[7]])).toEqual([
    ["gpt-4o", "10", "–", "ok"],
    ["gpt-4o", "10", "–", "ok"],
  ]);
  expect(html).toContain("<p>1 older calls are counted, but not shown.</p>");
});

it("the page has no table for a session without calls", () => {
  const html = renderSessionHtml([]);
  expect(html).toContain("<p>No calls.</p>");
  expect(html).not.toContain("<table");
});

it("the page escapes all text from calls", () => {
  const html = renderSessionHtml(strangeSession());
  const plain = renderSessionHtml([logRow(0)]);
  const tags = (text: string) => new Set([...text.matchAll(/<\/?([a-z0-9!-]+)/gi)].map(([, name]) => name));
  expect([...tags(html)].filter((name) => !tags(plain).has(name))).toEqual([]);
  expect(html.match(/onerror=&quot;alert\(1\)&quot;&gt;&#39;&quot;&amp;amp;/g)).not.toBeNull();
  expect(html).not.toMatch(/<(script|img)/i);
  expect(html.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  expect(renderSessionHtml([logRow(0, { modelGroup: HOSTILE.terminal })])).toContain("a�[31m�]0;title��2J �b��c d");
});

it("the page loads no resources and runs no scripts", () => {
  const html = renderSessionHtml(strangeSession());
  expect(html).toContain(
    `content="default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"`,
  );
  expect(html).not.toMatch(/<(link|script|iframe|object|embed|form|base)\b|url\(|@import|@font-face/i);
});
