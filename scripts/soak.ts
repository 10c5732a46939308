/**
 * The property of `test/properties` for as long as SOAK_MINUTES says, 10 by default: each request
 * that arrives carries the id that the reference predicts. `SOAK_SEED` begins where a run failed.
 */
import fc from "fast-check";
import { programs } from "../test/properties/arbitrary.js";
import { hurryRetries, Programs } from "../test/properties/run.js";
import { Gateway } from "../test/support/gateway/server.js";

const minutes = Number(process.env.SOAK_MINUTES ?? 10);
const endMs = performance.now() + minutes * 60_000;
const firstSeed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000_000);

process.env.LANGSMITH_TRACING = "false";
console.error = console.warn = () => undefined; // LangChain reports handlers of its own that meet a failed stream.
const gateway = await Gateway.start();
const restore = hurryRetries();
const runs = new Programs(gateway);
const property = fc.asyncProperty(programs(true), (plan) => runs.run(plan));

let passed = 0;
let failed = 0;
for (let seed = firstSeed; performance.now() < endMs && failed === 0; seed += 1) {
  try {
    await fc.assert(property, { seed, numRuns: 50, unbiased: true, interruptAfterTimeLimit: 120_000 });
    passed += 50;
  } catch (error) {
    failed += 1;
    console.log(error);
  }
  if (seed % 10 === 0) console.log(`seed ${seed}: ${runs.requests} requests`);
}
restore();
await gateway.stop();
console.log(`${runs.requests} requests of ${passed} programs in ${minutes} minutes, from seed ${firstSeed}`);
console.log(`${runs.hung} did not end: LangChain hangs on some that fail (see Programs.hung)`);
if (runs.hung > Math.max(1, passed / 1_000)) failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed;
