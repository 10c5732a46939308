/**
 * `npm test`: lint, types and the unit tests at the same time, in less time than one after the other.
 * The first that fails ends the others. Arguments are vitest's: `npm test -- test/session`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..");
const NOT_RUN = ["processes", "docs", "properties", "package", "peers"];

/** The file that a package script such as `biome check .` runs, and its arguments. */
const BINARIES: Record<string, string> = {
  biome: "@biomejs/biome/bin/biome",
  tsc: "typescript/bin/tsc",
  vitest: "vitest/vitest.mjs",
};

const children = new Set<ChildProcess>();

/** Runs one of package.json's scripts without npm, so that a signal reaches it. Resolves to its exit code. */
function run(script: keyof typeof packageJson.scripts, more: readonly string[] = []): Promise<number> {
  const [name = "", ...args] = packageJson.scripts[script].split(" ");
  const command = [join(ROOT, "node_modules", String(BINARIES[name])), ...args, ...more];
  // Only vitest writes at once. The output of the others is printed in one piece when they end.
  const output = name === "vitest" ? "inherit" : "pipe";
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ["ignore", output, output] });
  children.add(child);
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part: Buffer) => parts.push(part));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      children.delete(child);
      // Code null: ended by a signal, because another one failed.
      if (code !== null)
        console.log(`\n> ${script}: ${code === 0 ? "ok" : "failed"}\n${Buffer.concat(parts)}`.trimEnd());
      resolve(code ?? 1);
    });
  });
}

function endAll(): void {
  for (const child of children) child.kill("SIGTERM");
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    endAll();
    process.exitCode = 128 + constants.signals[signal];
  });
}

const runs = [run("lint"), run("typecheck"), run("test:unit", process.argv.slice(2))];
for (const each of runs) {
  each.then((code) => {
    if (code === 0) return;
    process.exitCode ??= code;
    endAll();
  });
}
await Promise.all(runs);
console.log(`Not run: ${NOT_RUN.join(", ")} (npm run test:all)`);
