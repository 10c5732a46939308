import { expect, it } from "vitest";
import { renderSessionHtml, SessionCallbackHandler } from "../../src/index.js";
import { BUSY_CALLS, BUSY_STEPS, handlerOf, longSession } from "../support/busy_session.js";
import { HOSTILE, logRow, strangeSession } from "../support/session_log_rows.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const rowsOf = (html: string) =>
  [...html.matchAll(/class="row">(.*?)<\/(?:div|summary)>/g)].map(([, row = ""]) =>
    [...row.matchAll(/<span class="(?:label|took|tokens|cost)">(.*?)<\/span>/g)].map(([, cell = ""]) => cell),
  );

it("the page has a row for each step and call, and the sums", () => {
  const html = renderSessionHtml(handlerOf(BUSY_CALLS, BUSY_STEPS));
  expect(html).toContain("<title>Session conversation-42</title>");
  expect(html).toContain("<li>10 calls, 1 failed, 1 stopped, 1 cached</li>");
  expect(html).toContain('<time datetime="2026-01-01T00:00:00Z">2026-01-01T00:00:00Z</time>');
  const rows = rowsOf(html);
  expect(rows.map(([name]) => name)).toEqual([
    ...["research_agent", "gpt-4o", "search_docs", "text-embedding-3-small", "vector store", "gpt-4o-mini"],
    ...["translate", "translator", "claude-sonnet-4-5", "claude-sonnet-4-5", "search_docs", "gpt-4o-mini", "gpt-4o"],
    ...["write_report", "azure/eu-gpt-4.1-2025-04-14-datazone-standard", "gpt-4o", "gpt-4o"],
  ]);
  expect(rows[1]).toEqual(["gpt-4o", "1.10 s", "1,204 · 88", "$0.0039"]);
  expect(rows[12]).toEqual(["gpt-4o", "8 ms", "1,204 · 88", "cached"]);
  expect(html.match(/<details open>/g)).toHaveLength(6);
  expect(html).toContain('<strong class="failed">failed</strong>');
  expect(html).toContain('<span class="error">RateLimitError: 429 retry after 1 s</span>');
  expect(html).toContain("stopped by the app");
});

it("the page shows the calls of a handler", async () => {
  const handler = new SessionCallbackHandler({ sessionId: "conversation-42", maxCalls: 2 });
  await modelFor(gateway.current).batch(["a", "b", "c"], { callbacks: [handler] });
  const html = renderSessionHtml(handler);
  expect(rowsOf(html).map(([name, , tokens]) => [name, tokens])).toEqual(Array(2).fill(["gpt-4o", "10 · 5"]));
  expect(html).toContain("<p>1 older calls are counted, but not shown.</p>");
});

it("the page closes the inner steps of a long session", () => {
  const html = renderSessionHtml(longSession());
  expect(rowsOf(html).length).toBeGreaterThan(200);
  expect(html.match(/<details open>/g)).toHaveLength(1);
});

it("the page has no tree for a session without calls", () => {
  const html = renderSessionHtml([]);
  expect(html).toContain("<p>No calls.</p>");
  expect(html).not.toContain('class="tree"');
});

it("the page escapes all text from calls", () => {
  const html = renderSessionHtml(strangeSession());
  const plain = renderSessionHtml([logRow(0, { status: "failure", error: "no" })]);
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
