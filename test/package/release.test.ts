import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { type Manifest, type Release, releaseProblems } from "../../scripts/release_problems.js";

const ROOT = join(import.meta.dirname, "..", "..");

const URL = "https://github.com/someone/langchain-litellm-session";

const MANIFEST: Manifest = {
  version: "1.2.3",
  author: "Someone",
  homepage: `${URL}#readme`,
  bugs: `${URL}/issues`,
  repository: { url: `git+${URL}.git` },
  publishConfig: { access: "public", provenance: true },
};

const RELEASE: Release = {
  manifest: MANIFEST,
  changelog: "# Changelog\n\n## 1.2.3 - 2026-11-24\n",
  readme: `![A session](${URL}/raw/HEAD/docs/pictures/page.png) and a [guide](docs/faq.md)`,
  files: new Map([
    ...["CHANGELOG.md", "LICENSE", "README.md", "package.json"].map((name) => [name, ""] as const),
    ["dist/index.js.map", '{"sourcesContent":[]}'],
    ["dist/index.cjs.map", "{}"],
  ]),
};

function run(args: string[], cwd: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["--import", "tsx", ...args], { cwd }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

it("a release with its fields, version, date and pictures has no problems", () => {
  expect(releaseProblems(RELEASE)).toEqual([]);
});

it.each<[string, Partial<Release>]>([
  ["placeholders", { manifest: { ...MANIFEST, author: "PLACEHOLDER" } }],
  ["homepage", { manifest: { ...MANIFEST, homepage: "https://example.org" } }],
  ["bugs", { manifest: { ...MANIFEST, bugs: "https://example.org" } }],
  ["provenance", { manifest: { ...MANIFEST, publishConfig: { access: "public" } } }],
  ["the newest version is 1.2.4", { changelog: "## 1.2.4 - 2026-11-24\n" }],
  ["has no date", { changelog: "## 1.2.3 - Unreleased\n" }],
  ["the picture docs/pictures/page.png", { readme: "![A session](docs/pictures/page.png)" }],
  ["the tarball has site/index.html", { files: new Map([...RELEASE.files, ["site/index.html", ""]]) }],
  ["the sources twice", { files: new Map([...RELEASE.files, ["dist/index.cjs.map", '{"sourcesContent":[]}']]) }],
])("a release is refused for %s", (problem, change) => {
  expect(releaseProblems({ ...RELEASE, ...change })).toEqual([expect.stringContaining(problem)]);
});

it("a repository on a host without npm's provenance is refused", () => {
  const { manifest, readme } = JSON.parse(JSON.stringify(RELEASE).replaceAll("github.com", "git.example.org"));
  expect(releaseProblems({ ...RELEASE, manifest, readme })).toEqual([expect.stringContaining("git.example.org")]);
});

it("release:check refuses to publish with placeholders", async () => {
  const { code, stderr } = await run(["scripts/release_check.ts"], ROOT);
  expect(code).toBe(1);
  expect(stderr).toContain("release: package.json has placeholders");
  expect(stderr).not.toMatch(/tarball|picture|publishConfig|homepage|bugs/);
});

it("release:repository names the repository in package.json and in the README's pictures", async () => {
  const directory = await mkdtemp(join(tmpdir(), "session-repository-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const path of ["package.json", "README.md", "scripts/set_repository.ts", "scripts/repository.ts"]) {
    await mkdir(join(directory, path, ".."), { recursive: true });
    await cp(join(ROOT, path), join(directory, path));
  }
  await symlink(join(ROOT, "node_modules"), join(directory, "node_modules"));
  expect(await run(["scripts/set_repository.ts", URL, "Someone"], directory)).toMatchObject({ code: 0, stderr: "" });
  const manifest = JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
  const readme = await readFile(join(directory, "README.md"), "utf8");
  expect(`${JSON.stringify(manifest)}${readme}`).not.toMatch(/\.invalid|PLACEHOLDER/);
  const changelog = `## ${manifest.version} - 2026-11-24\n`;
  expect(releaseProblems({ ...RELEASE, manifest, readme, changelog })).toEqual([]);
  expect((await run(["scripts/set_repository.ts", "github"], directory)).code).toBe(2);
});
