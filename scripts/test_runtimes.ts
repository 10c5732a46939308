/**
 * Runs the packed tarball wherever it should run, beside the newest peers that the runtime takes
 * and the lowest allowed. Ends with a table and `N passed, N failed`.
 */
import { join } from "node:path";
import { check, type Runtime } from "../test/runtimes/check_runtime.js";
import {
  denoOf,
  installBeside,
  installTools,
  NEXT_APP,
  NEXT_DIRECTORY,
  nodeOf,
  pack,
} from "../test/runtimes/install.js";
import { inBrowser, inProcess, inWorkerd } from "../test/runtimes/launch.js";
import { inNext, NEXT_SESSIONS } from "../test/runtimes/next.js";
import { NEWEST_OPENAI, PEERS } from "../test/support/versions.js";

/** Beside Node 22 and later, and outside Node. */
const NEWEST = { "@langchain/core": PEERS.newest["@langchain/core"], "@langchain/openai": NEWEST_OPENAI };

/** The newest that Node 20 takes. */
const NODE_20 = {
  "@langchain/core": NEWEST["@langchain/core"],
  "@langchain/openai": PEERS.newest["@langchain/openai"],
};

const LOWEST = {
  "@langchain/core": PEERS.lowest["@langchain/core"],
  "@langchain/openai": PEERS.lowest["@langchain/openai"],
};

const tools = await installTools();
const tarball = await pack();
const newest = await installBeside("newest", NEWEST, tarball);
const node20 = await installBeside("node20", NODE_20, tarball);
const lowest = await installBeside("lowest", LOWEST, tarball);
const nextApp = await installBeside("next", { ...NEWEST, ...NEXT_APP }, tarball, NEXT_DIRECTORY);

const node = (name: string) => nodeOf(tools, name);
const bun = inProcess(join(tools, "node_modules", "bun-binary", "bin", "bun"));
const deno = inProcess(denoOf(tools), "run", "--allow-all", "--node-modules-dir=manual");
const runtimes: Runtime[] = [
  { name: "Node 20.16", peers: node20, run: inProcess(node("node-20.16")) },
  { name: "Node 20.16", peers: lowest, run: inProcess(node("node-20.16")) },
  { name: "Node 20", peers: node20, run: inProcess(node("node-20")) },
  { name: "Node 20", peers: lowest, run: inProcess(node("node-20")) },
  ...["22", "24", "26"].flatMap((version) => [
    { name: `Node ${version}`, peers: newest, run: inProcess(node(`node-${version}`)) },
    { name: `Node ${version}`, peers: lowest, run: inProcess(node(`node-${version}`)) },
  ]),
  { name: "Bun", peers: newest, run: bun },
  { name: "Bun", peers: lowest, run: bun },
  { name: "Deno", peers: newest, run: deno },
  { name: "Deno", peers: lowest, run: deno },
  { name: "workerd", peers: newest, run: inWorkerd(tools, node("node-22")) },
  { name: "workerd", peers: lowest, run: inWorkerd(tools, node("node-22")) },
  { name: "Chromium", peers: newest, run: inBrowser },
  { name: "Chromium", peers: lowest, run: inBrowser },
  { name: "Next.js", peers: nextApp, run: inNext(node("node-24")), sessions: NEXT_SESSIONS },
];

let failed = 0;
const rows: Record<string, string>[] = [];
for (const runtime of runtimes) {
  const { problem, ...row } = await check(runtime);
  rows.push(row);
  if (!problem) continue;
  failed += 1;
  console.error(`${row.runtime}, openai ${row["@langchain/openai"]}: ${problem}\n`);
}
console.table(rows);
console.log(`${rows.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
