import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import express from "express";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChromium, launchChromium } from "../support/chromium.js";
import { guides } from "../support/docs_pages.js";

/** The site that `npm run docs` builds. */
const ROOT = join(import.meta.dirname, "..", "..");
const SITE = join(ROOT, "site");

let output: string;

beforeAll(async () => {
  const run = promisify(execFile)(process.execPath, ["--import", "tsx", "scripts/docs.ts"], { cwd: ROOT });
  const { stdout, stderr } = await run.catch((error) => error);
  output = stdout + stderr;
}, 180_000);

/** The pages of the site. */
async function pages(): Promise<string[]> {
  return (await readdir(SITE, { recursive: true })).filter((file) => file.endsWith(".html")).sort();
}

it("the site is built without a warning", () => {
  expect(output).not.toMatch(/warning|error/i);
  expect(output).toContain("html generated at ./site");
});

it("the site has a page for each guide, and for each export", async () => {
  const documents = (await readdir(join(SITE, "documents"))).length;
  expect(documents).toBe(guides().length - 1 + 4); // The README is the front page; an example, CONTRIBUTING, SECURITY, CHANGELOG.
  const index = await readFile(join(ROOT, "src/index.ts"), "utf8");
  const all = (await pages()).join("\n");
  const exported = [...index.matchAll(/^export .*?\{([^}]*)\}/gms)].flatMap(([, names = ""]) =>
    names.match(/\w+(?=,|\s*$)/g),
  );
  expect(exported.length).toBeGreaterThan(25);
  for (const name of exported) expect(all, `${name}`).toMatch(new RegExp(`\\.${name}\\.html$`, "m"));
});

it("each link of the site leads to a file of it, or to another host by https", async () => {
  for (const file of await pages()) {
    const html = await readFile(join(SITE, file), "utf8");
    for (const [, target = ""] of html.matchAll(/(?:href|src)="([^"]+)"/g)) {
      if (/^(https:|#|data:)/.test(target)) continue;
      const path = join(SITE, dirname(file), decodeURIComponent(target.replace(/[#?].*$/, "")));
      expect(existsSync(path), `${file} links ${target}`).toBe(true);
    }
  }
});

describe.runIf(hasChromium("the documentation site"))("in a browser", () => {
  let browser: Browser;
  const complaints: string[] = [];
  const server = express().use(express.static(SITE)).listen(0, "127.0.0.1");

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    server.close();
  });

  async function open(page: Page, file: string): Promise<void> {
    page.on("pageerror", (error) => complaints.push(`${file}: ${error}`));
    page.on("requestfailed", (request) => complaints.push(`${file}: ${request.url()} failed`));
    page.on("response", (response) => {
      if (response.status() >= 400) complaints.push(`${file}: ${response.url()} is a ${response.status()}`);
    });
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${file}`);
  }

  it("every page fits a window of 1,200 and of 400 px, and shows its text and pictures", async () => {
    const page = await browser.newPage();
    for (const file of await pages()) {
      await open(page, file);
      for (const width of [1_200, 400]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), `${file} at ${width}`).toBe(
          true,
        );
      }
      expect((await page.locator(".col-content").innerText()).length, file).toBeGreaterThan(20);
      const pictures = await page.evaluate("[...document.images].map(({ src, naturalWidth }) => [src, naturalWidth])");
      for (const [src, size] of pictures as [string, number][]) expect(size, `${file}: ${src}`).toBeGreaterThan(0);
      page.removeAllListeners();
    }
    await page.close();
    expect(complaints).toEqual([]);
  }, 180_000);

  it.each([1_200, 400])("a search at %i px finds guides and exports, and leads to them", async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    for (const [words, heading] of [
      ["Troubleshooting", "Troubleshooting"],
      ["renderSessionHtml", "Function renderSessionHtml"],
    ] as const) {
      await open(page, "index.html");
      await page.locator("#tsd-search-trigger").click();
      await page.locator("#tsd-search-input").fill(words);
      await page.locator("#tsd-search-results a").first().click();
      await page.getByRole("heading", { level: 1, name: heading }).first().waitFor();
      page.removeAllListeners();
    }
    await page.close();
  });
});
