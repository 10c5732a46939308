/**
 * Packs the package as `npm publish` does, and says why it must not be published: version, changelog, fields, links,
 * provenance, contents. Ends with 1 if there is a reason.
 *
 *     npm run release:check
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { releaseProblems } from "./release_problems.js";

const ROOT = join(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "session-release-"));
const files = new Map<string, string>();
try {
  execFileSync("npm", ["pack", "--silent", "--pack-destination", directory], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  const [tarball = ""] = readdirSync(directory);
  execFileSync("tar", ["-xzf", tarball], { cwd: directory });
  const packed = join(directory, "package");
  for (const entry of readdirSync(packed, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(packed.length + 1).replaceAll("\\", "/");
    if (entry.isFile()) files.set(name, readFileSync(path, "utf8"));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8");
const problems = releaseProblems({ manifest, changelog, readme: files.get("README.md") ?? "", files });
for (const problem of problems) console.error(`release: ${problem}`);
if (problems.length === 0)
  console.log(`release: ${manifest.name} ${manifest.version} can be published: ${files.size} files.`);
process.exitCode = problems.length > 0 ? 1 : 0;
