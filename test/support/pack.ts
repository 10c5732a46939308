import { execFile } from "node:child_process";
import { mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { LOWEST_NODE } from "./versions.js";

declare module "vitest" {
  interface ProvidedContext {
    /** The packed tarball, freshly built. */
    tarball: string;
    /** The binary of the lowest Node that `engines` allows. */
    lowestNode: string;
  }
}

const ROOT = join(import.meta.dirname, "..", "..");

/** Runs npm. On Windows it is a script, which needs a shell. */
export function npm(args: readonly string[], cwd: string): Promise<unknown> {
  return promisify(execFile)("npm", [...args, "--no-audit", "--no-fund"], { cwd, shell: process.platform === "win32" });
}

/** Builds and packs before the package tests, and installs the lowest Node. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "session-pack-")));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await npm(["pack", "--pack-destination", directory], ROOT);
    const tarball = (await readdir(directory)).find((name) => name.endsWith(".tgz"));
    project.provide("tarball", join(directory, String(tarball)));

    await npm(["install", "--prefix", directory, "--prefer-offline", LOWEST_NODE.package], directory);
    project.provide("lowestNode", join(directory, "node_modules", ...LOWEST_NODE.binary));
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}
