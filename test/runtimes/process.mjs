// Node, Bun and Deno: the base URL is the argument.
import { check } from "./check.mjs";

await check(process.argv[2]);
