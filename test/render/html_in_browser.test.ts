import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderSessionHtml } from "../../src/index.js";
import { BUSY_CALLS, BUSY_STEPS, handlerOf } from "../support/busy_session.js";
import { hasChromium, launchChromium } from "../support/chromium.js";
import { logRow, strangeSession } from "../support/session_log_rows.js";

const SESSIONS = {
  plain: [logRow(0), logRow(1_500, { status: "failure", error: "RateLimitError: slow down" }), logRow(2_000)],
  strange: strangeSession(),
  busy: handlerOf(BUSY_CALLS, BUSY_STEPS),
  long: Array.from({ length: 100 }, (_, index) => logRow(index * 60_000, { durationMs: 1 })),
};

describe.runIf(hasChromium("the session page"))("in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);
  afterAll(() => browser.close());

  for (const [name, rows] of Object.entries(SESSIONS)) {
    // The layout changes between 961 and 960.
    describe.each(name === "strange" ? [1_200, 961, 960, 400, 320] : [1_200, 400])(
      `the ${name} session at %d pixels`,
      (width) => {
        it.each(["light", "dark"] as const)(
          "the session page shows every call and nothing overflows, %s",
          async (colorScheme) => {
            const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
            const complaints: string[] = [];
            page.on("console", (message) => complaints.push(message.text()));
            page.on("pageerror", (error) => complaints.push(error.message));
            page.on("request", (request) => complaints.push(request.url()));
            page.on("dialog", (dialog) => complaints.push(dialog.message()));
            await page.setContent(renderSessionHtml(rows));
            expect(await overflowing(page)).toEqual([]);
            const count = (renderSessionHtml(rows).match(/<span class="bar /g) ?? []).length;
            expect(await visible(page, ".track > .bar")).toBe(count);
            expect(await visible(page, ".row:not(.head)")).toBe(count);
            expect(await lowContrast(page)).toEqual([]);
            expect(complaints).toEqual([]);
            await page.close();
          },
        );
      },
    );
  }

  it("a step of the session page closes and opens without a script", async () => {
    const page = await browser.newPage();
    await page.setContent(renderSessionHtml(SESSIONS.busy));
    const call = page.getByText("text-embedding-3-small");
    expect(await call.isVisible()).toBe(true);
    await page.getByText("search_docs").first().click();
    expect(await call.isVisible()).toBe(false);
    expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe("Session conversation-42");
    await page.close();
  });
});

/** Elements that overflow the window, or whose text is cut without an ellipsis. */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = [...document.querySelectorAll("body *")].filter((element) => {
      const { left, right } = element.getBoundingClientRect();
      const isCut = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline";
      const isMarked = getComputedStyle(element).textOverflow === "ellipsis";
      return left < -0.5 || right > innerWidth + 0.5 || (isCut && !isMarked && element.clientWidth > 0);
    });
    const names = wide.map(
      (element) => `${element.tagName}.${element.className}: ${element.textContent?.slice(0, 30)}`,
    );
    return document.documentElement.scrollWidth > innerWidth ? ["the page", ...names] : names;
  });
}

/** Number of visible elements: they have a size, are inside their parent and do not overlap. */
function visible(page: Page, selector: string): Promise<number> {
  return page.evaluate((wanted) => {
    const boxes = [...document.querySelectorAll(wanted)].map((element) => {
      const box = element.getBoundingClientRect();
      const parent = element.parentElement?.getBoundingClientRect();
      const isInside = parent && box.left >= parent.left - 0.5 && box.right <= parent.right + 0.5;
      const isThere = getComputedStyle(element).visibility === "visible";
      return isInside && isThere && box.width >= 2 && box.height >= 1.5 ? `${box.left} ${box.top}` : undefined;
    });
    return new Set(boxes.filter((box) => box !== undefined)).size;
  }, selector);
}

/** Texts whose contrast with the page is less than WCAG's 4.5. */
function lowContrast(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const luminance = (color: string) => {
      const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
        const value = Number(part) / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = luminance(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll("h1, code, p, li, span, td, strong, caption")]
      .filter((element) => element.textContent?.trim())
      .filter((element) => {
        const text = luminance(getComputedStyle(element).color);
        return (Math.max(text, background) + 0.05) / (Math.min(text, background) + 0.05) < 4.5;
      })
      .map((element) => `${element.tagName}.${element.className}`);
  });
}
