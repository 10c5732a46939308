/** A LangGraph server in memory, on a free port, in the directory in which it is started. Prints its address. */
import { join } from "node:path";
import { startServer } from "@langchain/langgraph-api/server";

const file = join(import.meta.dirname, "graphs.ts");
const { host } = await startServer({
  port: 0,
  nWorkers: 4,
  host: "127.0.0.1",
  cwd: process.cwd(),
  graphs: { graph: `${file}:graph`, agent: `${file}:agent` },
});
console.log(`address: ${host}`);
process.on("disconnect", () => process.exit()); // The test ended.
