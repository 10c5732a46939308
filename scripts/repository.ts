import packageJson from "../package.json" with { type: "json" };

/** The repository of `package.json`, the one place that names it, without `git+` and `.git`. */
export function repositoryUrl({ repository }: { repository: { url: string } } = packageJson): string {
  return repository.url.replace(/^git\+/, "").replace(/\.git$/, "");
}

/** Whether nobody has said yet where the repository is: `.invalid` is a top-level domain that never exists. */
export function isPlaceholder(manifest?: { repository: { url: string } }): boolean {
  return new URL(repositoryUrl(manifest)).hostname.endsWith(".invalid");
}

/** The absolute address of a picture in `docs/pictures/`: npm shows the README, and the tarball has no pictures. */
export function pictureUrl(name: string, manifest?: { repository: { url: string } }): string {
  return `${repositoryUrl(manifest)}/raw/HEAD/docs/pictures/${name}`;
}
