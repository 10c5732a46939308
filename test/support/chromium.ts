import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Whether Chromium is installed. Prints a line if it is not. @throws in CI, where no test may be skipped. */
export function hasChromium(page: string): boolean {
  const isInstalled = existsSync(CHROMIUM);
  if (!isInstalled && process.env.CI) throw new Error(`There is no ${CHROMIUM}.`);
  if (!isInstalled) console.log(`skipped: ${page} in a browser (install chromium, in Debian a package of that name)`);
  return isInstalled;
}

/** A browser that makes no requests of its own in the background. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      ...["--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
}
