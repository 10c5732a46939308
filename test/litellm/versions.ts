/**
 * The LiteLLM releases that the package is checked against: the oldest that takes the session
 * fields out before it calls the provider, one that does not read the header, and a new one.
 */
export const VERSIONS: readonly string[] = ["1.70.4", "1.81.12", "1.106.0"];

/** The release for the settings that older ones do not have, and for the proxy with a database. */
export const NEWEST = "1.106.0";

/** Releases that were published with malware. */
const FORBIDDEN: ReadonlySet<string> = new Set(["1.82.7", "1.82.8", "1.107.0"]);

/**
 * Checks a version before anything of it is installed.
 *
 * @throws {Error} for a release known to be compromised, and for what isn't a release at all: a
 * range could resolve to a compromised one.
 */
export function checkVersion(version: string): string {
  if (FORBIDDEN.has(version)) throw new Error(`litellm ${version} was published with malware: it is never installed`);
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`"${version}" is not a litellm release such as ${NEWEST}`);
  return version;
}
