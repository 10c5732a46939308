import { defineConfig } from "tsdown";

export default defineConfig([
  {
    entry: "src/index.ts",
    format: ["esm", "cjs"],
    platform: "neutral",
    target: "es2022",
    dts: true,
    sourcemap: true,
    // The extensions that package.json names: .js for ESM, .cjs for CommonJS.
    outExtensions: ({ format }) => (format === "cjs" ? { js: ".cjs", dts: ".d.cts" } : { js: ".js", dts: ".d.ts" }),
  },
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
