import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { HELP } from "../../src/cli/help.js";
import { fences, guides, type Page, readPage } from "../support/docs_pages.js";

const ROOT = join(import.meta.dirname, "..", "..");

const OTHERS = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "examples/express-chat/README.md", "test/README.md"];
const PAGES: readonly Page[] = [...guides(), ...OTHERS.map(readPage)];

/** The text without its blocks and spans of code. */
const prose = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");

/** The targets of a page's links and pictures. */
const targets = ({ text }: Page) => [...prose(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = ""]) => target);

/** The anchors of a page's headings, as repository hosts and npm make them. */
function anchors({ text }: Page): string[] {
  return [...text.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
}

it.each(PAGES)("each link of $path leads somewhere", (page) => {
  for (const target of targets(page)) {
    if (/^https:/.test(target)) {
      expect(URL.canParse(target), target).toBe(true);
      continue;
    }
    const [file = "", anchor] = target.split("#");
    const path = file ? normalize(join(dirname(page.path), file)) : page.path;
    expect(existsSync(join(ROOT, path)), `${page.path} links ${target}`).toBe(true);
    if (anchor) expect(anchors(readPage(path)), `${page.path} links ${target}`).toContain(anchor);
  }
});

it("each guide can be reached from the README", () => {
  const reached = new Set(["README.md"]);
  for (const path of reached) {
    if (!path.endsWith(".md") || !existsSync(join(ROOT, path)) || statSync(join(ROOT, path)).isDirectory()) continue;
    for (const target of targets(readPage(path)).filter((each) => !/^https?:/.test(each))) {
      reached.add(normalize(join(dirname(path), target.split("#")[0] || ".")));
    }
  }
  expect(guides().filter(({ path }) => !reached.has(path))).toEqual([]);
});

it("each picture in docs/pictures is shown, and has a text that says what it shows", async () => {
  const pictures = PAGES.flatMap(({ text }) => [...text.matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)]);
  for (const [, description = ""] of pictures) expect(description.length).toBeGreaterThan(20);
  const shown = new Set(pictures.map(([, , target = ""]) => target.replace(/^.*\//, "")));
  expect([...shown].sort()).toEqual((await readdir(join(ROOT, "docs/pictures"))).sort());
});

it.each(guides())("the commands in $path exist", (page) => {
  for (const { code } of fences(page, "sh")) {
    for (const [, script = ""] of code.matchAll(/\bnpm (?:run )?(\w[\w:]*)/g)) {
      if (!["ci", "install", "ls"].includes(script)) expect(Object.keys(packageJson.scripts)).toContain(script);
    }
    for (const [, command = "", rest = ""] of code.matchAll(/(?<!-p langchain-)\blitellm-session (\w+)(.*)$/gm)) {
      expect(HELP, command).toMatch(new RegExp(`litellm-session ${command}\\b`));
      const options = rest.replace(/[|#].*$/, "").match(/--[\w-]+/g) ?? [];
      for (const option of options) expect(HELP).toContain(option);
    }
  }
});
