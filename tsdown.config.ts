import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineConfig, type UserConfig } from "tsdown";

/** The maps of ESM hold the sources. A second copy in those of CommonJS would be a quarter of the package. */
async function dropSourcesOfCommonJs(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.endsWith(".cjs.map")) continue;
    const { sourcesContent: _, ...map } = JSON.parse(await readFile(join(directory, name), "utf8"));
    await writeFile(join(directory, name), JSON.stringify(map));
  }
}

/** The options of an entry point. Each is built alone: no file is shared, so that none has a name with a hash. */
const LIBRARY = {
  format: ["esm", "cjs"],
  platform: "neutral",
  target: "es2022",
  dts: true,
  sourcemap: true,
  hooks: { "build:done": ({ options }) => dropSourcesOfCommonJs(options.outDir) },
  // The extensions that package.json names: .js for ESM, .cjs for CommonJS.
  outExtensions: ({ format }) => (format === "cjs" ? { js: ".cjs", dts: ".d.cts" } : { js: ".js", dts: ".d.ts" }),
} satisfies UserConfig;

export default defineConfig([
  { ...LIBRARY, entry: "src/index.ts" },
  { ...LIBRARY, entry: { middleware: "src/middleware/session_middleware.ts" }, clean: false },
  {
    // The command: for Node alone, and nothing of it is in the library.
    entry: { cli: "src/cli/main.ts" },
    format: "esm",
    platform: "node",
    target: "node20",
    dts: false,
    clean: false,
    outExtensions: () => ({ js: ".js" }),
  },
]);
