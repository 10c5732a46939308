import { benchCalls, benchNetwork } from "./calls.js";
import { benchMemory } from "./memory.js";
import { benchResponses } from "./responses.js";

/**
 * `npm run bench` runs all, `npm run bench -- NAME …` those. Ends with 1 if one is past its limit.
 * The npm script runs Node with `--single-threaded`: helper threads of V8 that collect garbage or
 * compile when a core is free make CPU time depend on what else the machine does.
 */
const benches: Record<string, () => Promise<boolean>> = {
  calls: benchCalls,
  network: benchNetwork,
  memory: benchMemory,
  responses: benchResponses,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  console.error(`unknown bench ${unknown.join(", ")}; there are: ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
let isWithin = true;
for (const name of names.length > 0 ? names : Object.keys(benches)) {
  console.log(`\n${name}`);
  isWithin = (await benches[name]?.()) !== false && isWithin;
}
process.exit(isWithin ? 0 : 1);
