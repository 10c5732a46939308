/**
 * Makes the README's pictures: the demo's agent on a LiteLLM proxy, then its session in LiteLLM's own UI,
 * in a terminal and as a page. Needs a proxy with a database, and Debian's chromium:
 *
 *     LITELLM_BASE_URL=http://localhost:4000 LITELLM_API_KEY=sk-... LITELLM_UI_PASSWORD=... npx tsx scripts/pictures.ts
 *
 * The UI's user is `admin`, or LITELLM_UI_USER; its password is the master key where the proxy has no UI_PASSWORD.
 */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { renderSession, renderSessionHtml, type SessionLogRow, SessionLogs } from "langchain-litellm-session";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "../test/support/chromium.js";

const DIRECTORY = join(import.meta.dirname, "..", "docs", "pictures");

const MAX_BYTES = 200_000;

const COLOURS = { title: "#ffffff", muted: "#8b949e", ok: "#56d364", failed: "#ff7b72" };

async function main(): Promise<void> {
  const { handler } = await import("../examples/steps.js");
  const logs = new SessionLogs();
  const { calls, sessionId } = handler.summary();
  await logs.waitFor(sessionId, { calls });
  const rows: SessionLogRow[] = [];
  for await (const row of logs.list(sessionId)) rows.push(row);

  await mkdir(DIRECTORY, { recursive: true });
  const browser = await launchChromium();
  try {
    await picture(browser, "terminal.png", 880, (page) => page.setContent(terminal(rows)));
    await picture(browser, "page.png", 1_200, (page) => page.setContent(renderSessionHtml(rows)));
    await picture(browser, "litellm-ui.png", 1_500, (page) => openInUi(page, logs, sessionId));
  } finally {
    await browser.close();
  }
}

async function picture(browser: Browser, name: string, width: number, open: (page: Page) => Promise<void>) {
  const page = await browser.newPage({ viewport: { width, height: 300 } });
  const isUi = name === "litellm-ui.png";
  if (isUi) await page.setViewportSize({ width, height: 900 });
  await open(page);
  const path = join(DIRECTORY, name);
  // Of the UI, the part that shows the session: the rest is behind it, and blurred.
  await page.screenshot(isUi ? { path, clip: { x: 600, y: 0, width: 900, height: 900 } } : { path, fullPage: true });
  await page.close();
  const { size } = await stat(path);
  console.log(`${name}: ${Math.round(size / 1_000)} KB`);
  if (size > MAX_BYTES) throw new Error(`${name} is larger than ${MAX_BYTES / 1_000} KB`);
}

/** The text as a terminal shows it. Its parts are marked with characters that it can't hold, then made HTML. */
function terminal(rows: readonly SessionLogRow[]): string {
  const parts = Object.keys(COLOURS) as (keyof typeof COLOURS)[];
  const styled = renderSession(rows, { style: (part, text) => `\u0001${parts.indexOf(part)}${text}\u0002` });
  const escaped = styled.replace(/&/g, "&amp;").replace(/</g, "&lt;").replaceAll("\u0002", "</span>");
  const html = parts.reduce(
    (text, part, index) => text.replaceAll(`\u0001${index}`, `<span style="color:${COLOURS[part]}">`),
    escaped,
  );
  const style = "margin:0;padding:20px;background:#0d1117;color:#e6edf3;font:14px/1.4 monospace";
  return `<body style="margin:0;background:#0d1117"><pre style="${style}">$ npx litellm-session show ${rows[0]?.sessionId}\n${html}</pre></body>`;
}

async function openInUi(page: Page, logs: SessionLogs, sessionId: string): Promise<void> {
  const { LITELLM_UI_USER: user, LITELLM_UI_PASSWORD: password, LITELLM_API_KEY: key } = process.env;
  await page.goto(`${logs.baseURL}/ui/login`, { waitUntil: "domcontentloaded", timeout: 60_000 });
  const field = page.locator("input[type=password]");
  await field.waitFor({ timeout: 60_000 });
  await page
    .locator("input")
    .nth(0)
    .fill(user || "admin");
  await field.fill(password || key || "");
  await page.getByRole("button", { name: "Login", exact: true }).click();
  await page.waitForURL(/login=success|\/ui\/?$/, { timeout: 60_000 });
  await page.goto(logs.url(sessionId), { waitUntil: "domcontentloaded", timeout: 60_000 });
  await page.getByText(sessionId).first().waitFor({ timeout: 60_000 });
  await page.waitForTimeout(8_000); // It loads each call's details.
}

await main();
