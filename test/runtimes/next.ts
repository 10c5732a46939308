import { spawn } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks, readPage } from "../support/docs_pages.js";
import { freePorts } from "../support/ports.js";
import type { Launch } from "./check_runtime.js";

const FILES = join(import.meta.dirname, "next");

/** Both runtimes of Next.js. A route names its own. */
const RUNTIMES = ["nodejs", "edge"] as const;

/** Users whose requests are under way at the same time. */
const USERS = ["ann", "ben", "cem", "dee", "eve"];

/** Enough for a build on a machine that does other things. */
const LIMIT_MS = 300_000;

/** The sessions that arrive, in any order: those of the README's route, and those of calls without a config. */
export const NEXT_SESSIONS: readonly string[] = RUNTIMES.flatMap((runtime) =>
  USERS.flatMap((user) => [`${user}:${runtime}`, `inner:${user}:${runtime}`]),
);

/** Builds an app of the README's route in both runtimes of Next.js, starts it, and sends it concurrent requests. */
export function inNext(node: string): Launch {
  return async (project, baseURL, arrived) => {
    await writeApp(project);
    const env = {
      PATH: process.env.PATH,
      LITELLM_BASE_URL: baseURL,
      LITELLM_API_KEY: "sk-test",
      NODE_ENV: "production",
    };
    const next = (...args: string[]) => {
      const bin = join(project, "node_modules", "next", "dist", "bin", "next");
      const options = { cwd: project, env: { ...env, NEXT_TELEMETRY_DISABLED: "1" } as NodeJS.ProcessEnv };
      const child = spawn(node, [bin, ...args], { ...options, stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS });
      const output: string[] = [];
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => output.push(String(data)));
      const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
      return { child, output, ended };
    };

    const build = next("build");
    if ((await build.ended) !== 0) throw new Error(`next build: ${build.output.join("").slice(-4_000)}`);
    if (arrived() > 0) throw new Error(`${arrived()} requests arrived while Next.js built the app`);

    const [port] = await freePorts(1);
    const server = next("start", "--hostname", "127.0.0.1", "--port", String(port));
    try {
      await isUp(`http://127.0.0.1:${port}/`, server.ended);
      const requests = RUNTIMES.flatMap((runtime) =>
        USERS.flatMap((user) => [
          [runtime, user],
          [`inner-${runtime}`, user],
        ]),
      );
      const problems = await Promise.all(
        requests.map(async ([route = "", user = ""]) => {
          const body = JSON.stringify({ conversation: route.replace("inner-", ""), message: "Hello" });
          const headers = { "content-type": "application/json", "x-user": user };
          const response = await fetch(`http://127.0.0.1:${port}/api/${route}`, { method: "POST", headers, body });
          const text = await response.text();
          return response.ok && text !== "" ? [] : [`${route}: ${response.status} ${text.slice(0, 500)}`];
        }),
      );
      if (problems.flat().length > 0)
        throw new Error([...problems.flat(), ...server.output].join("\n").slice(0, 4_000));
    } finally {
      server.child.kill();
      await server.ended;
    }
    const { version } = JSON.parse(await readFile(join(project, "node_modules", "next", "package.json"), "utf8"));
    return version;
  };
}

/** The app: for each runtime, the README's route with its `model.ts`, and a route whose call is deep inside. */
async function writeApp(project: string): Promise<void> {
  const blocks = codeBlocks(readPage("README.md"));
  const block = (name: string) => {
    const found = blocks.find(({ file }) => file === name);
    if (!found) throw new Error(`README.md has no block that begins with // ${name}`);
    return found.code;
  };
  const app = join(project, "app");
  await rm(app, { recursive: true, force: true });
  for (const runtime of RUNTIMES) {
    const inner = await readFile(join(FILES, "inner.js"), "utf8");
    const routes = [
      [runtime, "route.ts", block("route.ts")],
      [`inner-${runtime}`, "route.js", inner],
    ] as const;
    for (const [route, file, code] of routes) {
      const directory = join(app, "api", route);
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, file), `export const runtime = "${runtime}";\n${code}`);
      await writeFile(join(directory, "model.ts"), block("model.ts"));
      await cp(join(FILES, "login.ts"), join(directory, "login.ts"));
    }
  }
  await cp(join(FILES, "layout.jsx"), join(app, "layout.jsx"));
  // Else Next.js takes the directory above for the app's, because of its lockfile.
  await writeFile(join(project, "next.config.mjs"), "export default { turbopack: { root: import.meta.dirname } };\n");
}

async function isUp(url: string, ended: Promise<unknown>): Promise<void> {
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  const endMs = performance.now() + LIMIT_MS;
  while (!isOver && performance.now() < endMs) {
    if (await fetch(url).catch(() => undefined)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("next start: no answer");
}
