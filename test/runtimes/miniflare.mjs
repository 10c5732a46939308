// Runs the bundled worker in workerd: `node miniflare.mjs WORKER BASE_URL`. Its own Node is a new one.
import { readFile } from "node:fs/promises";
import { Miniflare } from "miniflare";

const [worker, baseURL] = process.argv.slice(2);
const miniflare = new Miniflare({
  modules: [{ type: "ESModule", path: "worker.mjs", contents: await readFile(worker, "utf8") }],
  compatibilityDate: "2026-01-01",
  compatibilityFlags: ["nodejs_compat"],
});
try {
  const response = await miniflare.dispatchFetch(`http://localhost/?base=${encodeURIComponent(baseURL)}`);
  const text = await response.text();
  if (text !== "done") throw new Error(text);
} finally {
  await miniflare.dispose();
}
