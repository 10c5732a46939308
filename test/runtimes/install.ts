import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { npm } from "../support/pack.js";
import { LOWEST_NODE } from "../support/versions.js";

const ROOT = join(import.meta.dirname, "..", "..");

/** The installed packages, which the next run uses again. Ignored by git. */
const CACHE = join(ROOT, "node_modules", ".cache", "runtimes");

const [NODE_PACKAGE, ...NODE_BINARY] = LOWEST_NODE.binary;

/** Packages that contain the binaries, because npm runs no install script here. */
const TOOLS = {
  "node-20.16": `npm:${LOWEST_NODE.package}`,
  "node-20": `npm:${NODE_PACKAGE}@20`,
  "node-22": `npm:${NODE_PACKAGE}@22`,
  "node-24": `npm:${NODE_PACKAGE}@24`,
  "node-26": `npm:${NODE_PACKAGE}@26`,
  "deno-binary": `npm:@deno/${process.platform}-${process.arch}${process.platform === "linux" ? "-glibc" : ""}@2`,
  "bun-binary": `npm:@oven/bun-${process.platform}-${process.arch.replace("arm64", "aarch64")}@1`,
  miniflare: "4",
};

/** Next.js compiles no app inside `node_modules`. Ignored by git. */
export const NEXT_DIRECTORY = join(ROOT, ".next-app");

/** What an app of Next.js needs beside the tarball and its peers. */
export const NEXT_APP = {
  next: "16",
  react: "19",
  "react-dom": "19",
  "@types/react": "19",
  "@types/node": packageJson.devDependencies["@types/node"],
  typescript: packageJson.devDependencies.typescript,
};

/** A project with the tarball and some peers. */
export interface Installed {
  readonly directory: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** Installs the runtimes. Returns their paths. */
export async function installTools(): Promise<string> {
  const directory = await install("tools", TOOLS);
  await cp(join(import.meta.dirname, "miniflare.mjs"), join(directory, "miniflare.mjs"));
  await chmod(denoOf(directory), 0o755); // The package's install script would do it.
  return directory;
}

export function denoOf(tools: string): string {
  return join(tools, "node_modules", "deno-binary", process.platform === "win32" ? "deno.exe" : "deno");
}

export function nodeOf(tools: string, name: string): string {
  return join(tools, "node_modules", name, ...NODE_BINARY);
}

/** Packs the project. Returns the path of the tarball. */
export async function pack(): Promise<string> {
  const packed = join(CACHE, "packed");
  await rm(packed, { recursive: true, force: true });
  await mkdir(packed, { recursive: true });
  await npm(["pack", "--pack-destination", packed], ROOT);
  const [tarball] = await readdir(packed);
  return join(packed, String(tarball));
}

/** Installs the tarball with some peers. */
export async function installBeside(
  name: string,
  versions: Record<string, string>,
  tarball: string,
  target?: string,
): Promise<Installed> {
  const directory = await install(name, versions, target);
  // Installed each time, because its content changes and its version does not.
  await npm(["install", "--prefer-offline", "--no-save", tarball], directory);
  for (const file of await readdir(import.meta.dirname)) {
    if (file.endsWith(".mjs")) await cp(join(import.meta.dirname, file), join(directory, file));
  }
  return { directory, versions: shown(versions) };
}

/** The peers alone: columns of the table. */
function shown(versions: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(versions).filter(([name]) => /^@langchain\/(core|openai)$/.test(name)));
}

/** Installs packages, unless that was done before. */
async function install(
  name: string,
  dependencies: Record<string, string>,
  directory = join(CACHE, name),
): Promise<string> {
  const manifest = JSON.stringify({ private: true, type: "module", dependencies });
  const stamp = join(directory, "stamp");
  const wanted = createHash("sha256").update(manifest).update(packageJson.version).digest("hex");
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) return directory;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "package.json"), manifest);
  await npm(["install", "--prefer-offline"], directory);
  await writeFile(stamp, wanted);
  return directory;
}
