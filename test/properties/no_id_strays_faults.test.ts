import { it } from "vitest";
import { expectNoStrays, usePrograms } from "./property.js";

const run = usePrograms();

it("each of 3,000 requests carries the id that the reference predicts, with failing calls in between", {
  timeout: 300_000,
}, async () => {
  await expectNoStrays(run(), 3_000, { hasFaults: true });
});
