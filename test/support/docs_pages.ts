import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** A Markdown file of the project. */
export interface Page {
  /** Path from the root, such as `docs/agents.md`. */
  readonly path: string;
  /** `readme`, `agents`, … */
  readonly name: string;
  readonly text: string;
}

/** A block of code that begins with the name of its file, as in `// model.ts`. */
export interface CodeBlock {
  readonly page: string;
  /** Undefined if the block does not begin with a name. */
  readonly file: string | undefined;
  readonly code: string;
}

export function readPage(path: string): Page {
  const name = path.replace(/^.*\//, "").replace(/\.md$/, "").toLowerCase();
  return { path, name, text: readFileSync(join(ROOT, path), "utf8") };
}

/** The README and the guides: what users read. */
export function guides(): Page[] {
  const docs = readdirSync(join(ROOT, "docs")).filter((file) => file.endsWith(".md"));
  return ["README.md", ...docs.sort().map((file) => `docs/${file}`)].map(readPage);
}

/** The fenced blocks of a page in one of the languages. */
export function fences({ text }: Page, ...languages: string[]): { language: string; code: string }[] {
  return [...text.matchAll(/^```(\w+)[^\n]*\n([\s\S]*?)^```$/gm)]
    .map(([, language = "", code = ""]) => ({ language, code }))
    .filter(({ language }) => languages.includes(language));
}

/** The blocks of code that a user would run. */
export function codeBlocks(page: Page): CodeBlock[] {
  return fences(page, "typescript", "ts", "tsx", "javascript", "js").map(({ code }) => ({
    page: page.name,
    file: /^\/\/ (\S+\.(?:[jt]sx?))$/m.exec(code.split("\n", 1)[0] ?? "")?.[1],
    code,
  }));
}
