import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, expect, inject, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "..", "..");
const tarball = inject("tarball");

/** The packed files by name. */
const files = new Map<string, string>();

beforeAll(async () => {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  for (const name of stdout.trim().split("\n")) {
    files.set(name.replace(/^package\//, ""), (await run("tar", ["-xzOf", tarball, name])).stdout);
  }
});

it("the tarball has the files that a user needs and no others", () => {
  expect([...files.keys()].sort()).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "dist/cli.js",
    "dist/index.cjs",
    "dist/index.cjs.map",
    "dist/index.d.cts",
    "dist/index.d.ts",
    "dist/index.js",
    "dist/index.js.map",
    "dist/middleware.cjs",
    "dist/middleware.cjs.map",
    "dist/middleware.d.cts",
    "dist/middleware.d.ts",
    "dist/middleware.js",
    "dist/middleware.js.map",
    "package.json",
  ]);
});

it("no file of the tarball has a path of the build machine", () => {
  for (const [name, text] of files) {
    expect(text.includes(ROOT), name).toBe(false);
    expect(text, name).not.toMatch(/file:\/\//);
  }
});

/** The packages that a file of dist/ and its CommonJS form import. */
function importsOf(entry: string): string[] {
  const imported = [`${entry}.js`, `${entry}.cjs`].flatMap((name) =>
    [...(files.get(`dist/${name}`) ?? "").matchAll(/(?:from |require\()"([^"]+)"/g)].map((match) => match[1] ?? ""),
  );
  return [...new Set(imported.map((name) => String(name.match(/^(?:@[^/]+\/)?[^/]+/)?.[0])))].sort();
}

it("the package depends only on uuid and its peers, and on langchain in the entry point ./middleware alone", () => {
  expect(Object.keys(packageJson.dependencies)).toEqual(["uuid"]);
  expect(Object.keys(packageJson.peerDependencies)).toEqual(["@langchain/core", "@langchain/openai", "langchain"]);
  expect(packageJson.peerDependenciesMeta).toEqual({ langchain: { optional: true } });
  expect(importsOf("index")).toEqual(["@langchain/core", "@langchain/openai", "uuid"]);
  expect(importsOf("middleware")).toEqual(["@langchain/core", "langchain", "uuid"]);
  expect(files.get("dist/index.d.ts")).not.toMatch(/"(langchain|zod)"/);
});

it("the lockfile names no registry", async () => {
  expect(await readFile(join(ROOT, "package-lock.json"), "utf8")).not.toContain('"resolved"');
});

it("the version is the changelog's newest", async () => {
  expect(files.get("CHANGELOG.md")?.match(/^## \[?(\d+\.\d+\.\d+)/m)?.[1]).toBe(packageJson.version);
});

it("the tarball passes publint", async () => {
  const { messages } = await publint({
    pack: { tarball: new Uint8Array(await readFile(tarball)).buffer },
    strict: true,
  });
  expect(messages.map((message) => formatMessage(message, packageJson))).toEqual([]);
});

it("the types of the tarball pass Are the Types Wrong for ESM and CommonJS", async () => {
  const attw = join(ROOT, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const result = await run(process.execPath, [attw, tarball, "--no-color", "--no-emoji"]).catch((error) => error);
  expect(result.code, result.stdout).toBeUndefined();
});

/** Bundles for the browser, all packages included. A Node built-in fails it. */
async function bundle(entry: { entryPoints: string[] } | { stdin: { contents: string; resolveDir: string } }) {
  return build({ ...entry, bundle: true, platform: "browser", format: "esm", write: false, logLevel: "silent" });
}

it("the package bundles for the browser without Node built-ins", async () => {
  const { outputFiles, warnings } = await bundle({ entryPoints: [join(ROOT, "src/index.ts")] });
  expect(warnings).toEqual([]);
  expect(outputFiles).toHaveLength(1);
});

it("a bundle with a Node built-in fails", async () => {
  const contents = 'import { AsyncLocalStorage } from "node:async_hooks"; new AsyncLocalStorage();';
  await expect(bundle({ stdin: { contents, resolveDir: ROOT } })).rejects.toThrow(
    'Could not resolve "node:async_hooks"',
  );
});
