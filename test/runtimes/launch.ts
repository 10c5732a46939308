import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { Launch } from "./check_runtime.js";

const run = promisify(execFile);

/** The time limit of each step. */
const LIMIT_MS = 60_000;

/** A runtime that runs a file as a process. */
export function inProcess(binary: string, ...flags: string[]): Launch {
  return async (project, baseURL) => {
    const env = { PATH: process.env.PATH, LANGSMITH_TRACING: "false" };
    const { stderr } = await run(binary, [...flags, "process.mjs", baseURL], { cwd: project, env, timeout: LIMIT_MS });
    if (stderr) throw new Error(stderr);
    return (await run(binary, ["--version"])).stdout.match(/[\d.]+/)?.[0] ?? "";
  };
}

/** workerd, by miniflare, which needs a newer Node than 20. */
export function inWorkerd(tools: string, node: string): Launch {
  return async (project, baseURL) => {
    const worker = join(project, "bundle", "worker.mjs");
    await bundle(project, "worker.mjs", worker, ["workerd", "worker"]);
    const script = join(tools, "miniflare.mjs");
    await run(node, [script, worker, baseURL], { cwd: tools, timeout: LIMIT_MS });
    const { version } = JSON.parse(await readFile(join(tools, "node_modules", "workerd", "package.json"), "utf8"));
    return version;
  };
}

/** Headless Chromium, on a page whose server forwards the model's requests. */
export const inBrowser: Launch = async (project, baseURL) => {
  const page = join(project, "bundle", "page.mjs");
  await bundle(project, "page.mjs", page, ["browser"]);
  const chromium = await findChromium();
  const profile = await mkdtemp(join(tmpdir(), "session-chromium-"));
  let tell: (said: string) => void = () => undefined;
  const said = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const server = createServer(async (request, response) => {
    const { url = "" } = request;
    if (url === "/") response.setHeader("content-type", "text/html").end(PAGE);
    else if (url === "/page.mjs") response.setHeader("content-type", "text/javascript").end(await readFile(page));
    else if (url === "/said") {
      tell(await text(request));
      response.end();
    } else if (url.startsWith("/v1/")) await handOn(baseURL + url.slice(3), request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
  const browser = spawn(chromium, [...flags, `http://127.0.0.1:${port}/`], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => browser.on("exit", () => resolve()));
  const timer = setTimeout(() => tell("the page said nothing"), LIMIT_MS);
  try {
    const problem = await said;
    if (problem !== "done") throw new Error(problem);
    return (await run(chromium, ["--version"])).stdout.match(/[\d.]+/)?.[0] ?? "";
  } finally {
    clearTimeout(timer);
    browser.kill();
    await ended;
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
};

const PAGE = '<!doctype html><meta charset="utf-8"><script type="module" src="/page.mjs"></script>';

/** Forwards a request, so that the page and the gateway have the same origin. */
async function handOn(url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]);
  const kept = headers.filter(([name]) => !["host", "connection", "content-length"].includes(name));
  const answer = await fetch(url, { method: "POST", headers: kept, body: await text(request) });
  response.writeHead(answer.status, { "content-type": String(answer.headers.get("content-type")) });
  response.end(await answer.text());
}

async function findChromium(): Promise<string> {
  for (const name of [process.env.CHROMIUM ?? "chromium", "chromium-browser", "google-chrome"]) {
    const found = await run(name, ["--version"]).catch(() => undefined);
    if (found) return name;
  }
  throw new Error("no Chromium is installed: apt-get install chromium, or set CHROMIUM to its path");
}

async function bundle(project: string, entry: string, outfile: string, conditions: string[]): Promise<void> {
  const entryPoints = [join(project, entry)];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    conditions,
    external: ["node:*"],
    logLevel: "error",
  });
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
