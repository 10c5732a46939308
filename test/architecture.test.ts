import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

/** For each folder of `src/`, the other folders that its files may import from. `.` is `src/` itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ".": [
    "callbacks",
    "chat_models",
    "clients",
    "context",
    "embeddings",
    "logs",
    "render",
    "runnables",
    "session",
    "transport",
    "utils",
  ],
  utils: [],
  session: ["utils"],
  transport: ["utils", "session"],
  context: ["utils", "session"],
  conversation: ["utils", "session"],
  logs: ["utils", "session"],
  callbacks: ["utils", "session", "context", "transport"],
  openai_client: ["utils", "session", "transport"],
  chat_models: ["utils", "session", "context", "transport", "openai_client", "conversation"],
  embeddings: ["utils", "session", "context", "transport", "openai_client"],
  runnables: ["utils", "session", "context"],
  clients: ["utils", "session", "context", "transport"],
  middleware: ["utils", "session", "context", "transport"],
  render: ["utils", "logs", "callbacks"],
  cli: ["utils", "session", "transport", "clients", "logs", "render"],
};

/** The folders that connect the package to LangChain. The others import its types at most. */
const MAY_IMPORT_LANGCHAIN = ["callbacks", "chat_models", "context", "embeddings", "middleware", "runnables"];

/** A file that is longer holds two subjects. */
const MAX_LINES = 250;

const SRC = join(import.meta.dirname, "../src");

const paths = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));

const files = paths.map((path) => {
  const text = readFileSync(join(SRC, path), "utf8");
  // `from "x"`, `import "x"` and `import("x")`. A type import counts as much as a value.
  const sources = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, source]) => source as string);
  const imported = sources
    .filter((source) => /^\..*\.js$/.test(source))
    .map((source) => relative(SRC, join(SRC, dirname(path), source.replace(/\.js$/, ".ts"))));
  const importsLangChain = /^import (?!type )[^;]*?"(@langchain|langchain|openai)\b/m.test(text);
  const builtins = sources.filter((source) => builtinModules.includes(source.replace(/^node:/, "")));
  const folder = dirname(path).split("/")[0] as string;
  return { path, folder, lines: text.split("\n").length - 1, imported, importsLangChain, builtins };
});

test("src/ has the folders of the table and no other", () => {
  expect([...new Set(files.map(({ folder }) => folder))].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

test("each import of src/ goes in a direction that the table allows", () => {
  const forbidden = files.flatMap(({ path, folder, imported }) =>
    imported
      .filter((target) => {
        const from = dirname(target).split("/")[0] as string;
        return from !== folder && !MAY_IMPORT[folder]?.includes(from);
      })
      .map((target) => `${path} imports ${target}`),
  );
  expect(forbidden).toEqual([]);
});

test("only the folders that connect the package to LangChain import values of it", () => {
  const importing = files.filter(({ importsLangChain }) => importsLangChain).map(({ folder }) => folder);
  expect([...new Set(importing)].sort()).toEqual(MAY_IMPORT_LANGCHAIN);
});

test("only the command imports Node built-ins", () => {
  const importing = files.filter(({ folder, builtins }) => folder !== "cli" && builtins.length > 0);
  expect(importing.map(({ path, builtins }) => `${path} imports ${builtins}`)).toEqual([]);
});

test("no file of src/ imports index.ts", () => {
  expect(files.filter(({ imported }) => imported.includes("index.ts")).map(({ path }) => path)).toEqual([]);
});

test("the imports of src/ have no cycle", () => {
  const open: string[] = [];
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string): void => {
    if (done.has(path)) return;
    if (open.includes(path)) {
      cycles.push([...open.slice(open.indexOf(path)), path].join(" -> "));
      return;
    }
    open.push(path);
    for (const target of files.find((file) => file.path === path)?.imported ?? []) visit(target);
    open.pop();
    done.add(path);
  };
  for (const { path } of files) visit(path);
  expect(cycles).toEqual([]);
});

test(`no file of src/ is longer than ${MAX_LINES} lines`, () => {
  const long = files.filter(({ lines }) => lines > MAX_LINES);
  expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
});
