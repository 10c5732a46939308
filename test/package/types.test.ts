/**
 * Checks the declarations in the tarball as TypeScript of a user does who sets `skipLibCheck: false`: the users' code of
 * `test/types.test-d.ts` on the lowest and the newest peers, with several versions of TypeScript.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { npm } from "../support/pack.js";
import { PEERS, TYPESCRIPTS } from "../support/versions.js";

const run = promisify(execFile);
const USERS_CODE = join(import.meta.dirname, "..", "types.test-d.ts");

describe.each(Object.entries(PEERS))("with the %s peers", (_, peers) => {
  let project: string;

  beforeAll(async () => {
    project = await realpath(await mkdtemp(join(tmpdir(), "session-types-")));
    const code = (await readFile(USERS_CODE, "utf8"))
      .replaceAll('"../src/index.js"', '"langchain-litellm-session"')
      .replace('"vitest"', '"expect-type"');
    await writeFile(join(project, "user.ts"), code);
    await writeFile(join(project, "package.json"), JSON.stringify({ type: "module" }));
    const { "@types/node": node } = packageJson.devDependencies;
    const packages = Object.entries({ ...peers, "@types/node": node, "expect-type": "1.4.0" });
    const compilers = TYPESCRIPTS.map((version) => `typescript-${version}@npm:typescript@${version}`);
    const named = packages.map(([name, version]) => `${name}@${version}`);
    await npm(["install", "--prefer-offline", inject("tarball"), ...named, ...compilers], project);
  }, 300_000);

  afterAll(() => rm(project, { recursive: true, force: true }));

  it.each(TYPESCRIPTS)(
    "the types compile without skipLibCheck in TypeScript %s",
    async (version) => {
      for (const module of ["nodenext", "esnext"]) {
        const options = {
          target: "es2022",
          lib: ["es2023", "dom", "dom.iterable"],
          module,
          moduleResolution: module === "nodenext" ? "nodenext" : "bundler",
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
          types: ["node"],
        };
        await writeFile(
          join(project, "tsconfig.json"),
          JSON.stringify({ compilerOptions: options, files: ["user.ts"] }),
        );
        const tsc = join(project, "node_modules", `typescript-${version}`, "bin", "tsc");
        const output = await run(process.execPath, [tsc, "--pretty", "false"], { cwd: project }).then(
          ({ stdout }) => stdout,
          ({ stdout }: { stdout: string }) => stdout,
        );
        // Declarations of other packages have errors of their own on some compilers.
        const errors = output
          .split("\n")
          .filter((line) => /^(user\.ts|node_modules\/langchain-litellm-session)/.test(line));
        expect(errors).toEqual([]);
      }
    },
    300_000,
  );
});
