import { isPlaceholder, pictureUrl, repositoryUrl } from "./repository.js";

/** The fields of `package.json` that a release needs. */
export interface Manifest {
  readonly version: string;
  readonly author: string;
  readonly homepage: string;
  readonly bugs: string;
  readonly repository: { readonly url: string };
  readonly publishConfig?: { readonly access?: string; readonly provenance?: boolean };
}

/** What a release is made of. */
export interface Release {
  readonly manifest: Manifest;
  readonly changelog: string;
  readonly readme: string;
  /** The text of each file in the tarball, by its name. */
  readonly files: ReadonlyMap<string, string>;
}

/** Hosts whose builds npm gives a provenance. */
const PROVENANCE_HOSTS = ["github.com", "gitlab.com"];

/** The files of the tarball that are not in `dist/`. */
const FILES = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];

/** Why a release must not be published, each with what to do. */
export function releaseProblems({ manifest, changelog, readme, files }: Release): string[] {
  return [...fields(manifest), ...versions(manifest, changelog), ...links(manifest, readme), ...contents(files)];
}

function* fields(manifest: Manifest): Generator<string> {
  if (isPlaceholder(manifest) || /PLACEHOLDER/.test(manifest.author)) {
    yield "package.json has placeholders: npm run release:repository -- https://github.com/OWNER/NAME 'AUTHOR'";
  }
  const url = repositoryUrl(manifest);
  for (const field of ["homepage", "bugs"] as const) {
    if (!manifest[field].startsWith(url)) yield `package.json: ${field} does not begin with the repository, ${url}`;
  }
  const { access, provenance } = manifest.publishConfig ?? {};
  if (access !== "public" || provenance !== true) {
    yield "package.json: publishConfig needs access: public and provenance: true";
  }
  const { hostname } = new URL(url);
  if (!isPlaceholder(manifest) && !PROVENANCE_HOSTS.includes(hostname)) {
    yield `package.json: npm has no provenance for ${hostname}, only for ${PROVENANCE_HOSTS.join(" and ")}`;
  }
}

function* versions({ version }: Manifest, changelog: string): Generator<string> {
  const [, newest, date = ""] = /^## \[?(\d[^\s\]]*)\]? - (.*)$/m.exec(changelog) ?? [];
  if (newest !== version) yield `CHANGELOG.md: the newest version is ${newest}, package.json says ${version}`;
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) yield `CHANGELOG.md: ${newest} has no date, but "${date}"`;
}

/** npm shows the README without the repository's files: a picture needs an absolute address. */
function* links(manifest: Manifest, readme: string): Generator<string> {
  for (const [, target = ""] of readme.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)) {
    if (!target.startsWith(pictureUrl("", manifest))) {
      yield `README.md: the picture ${target} is not in the repository of package.json: npm run release:repository`;
    }
  }
}

function* contents(files: ReadonlyMap<string, string>): Generator<string> {
  for (const name of FILES) if (!files.has(name)) yield `the tarball lacks ${name}`;
  for (const name of files.keys()) {
    if (!FILES.includes(name) && !name.startsWith("dist/")) yield `the tarball has ${name}`;
  }
  const withSources = [...files].filter(([name, text]) => name.endsWith(".map") && text.includes('"sourcesContent"'));
  const formats = new Set(withSources.map(([name]) => name.replace(/^.*?(\.c?js)\.map$/, "$1")));
  if (formats.size > 1) yield "the tarball holds the sources twice, in the maps of ESM and of CommonJS";
}
