/**
 * Says where the repository is, in `package.json` and in the addresses of the README's pictures:
 *
 *     npm run release:repository -- https://github.com/owner/name "Author <author@example.org>"
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pictureUrl } from "./repository.js";

const ROOT = join(import.meta.dirname, "..");
const [url = "", author] = process.argv.slice(2);

if (!/^https:\/\/[^/]+\/[^/]+\/[^/]+$/.test(url) || url.endsWith(".git")) {
  console.error('Usage: npm run release:repository -- https://github.com/owner/name "Author <author@example.org>"');
  process.exit(2);
}

const path = join(ROOT, "package.json");
const before = JSON.parse(readFileSync(path, "utf8"));
const manifest = {
  ...before,
  homepage: `${url}#readme`,
  bugs: `${url}/issues`,
  repository: { type: "git", url: `git+${url}.git` },
  author: author ?? before.author,
};
writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);

const readme = join(ROOT, "README.md");
writeFileSync(readme, readFileSync(readme, "utf8").replaceAll(pictureUrl("", before), pictureUrl("", manifest)));
