import { it } from "vitest";
import { expectNoStrays, usePrograms } from "./property.js";

const run = usePrograms();

it("each of 7,000 requests arrives, and carries the id that the reference predicts", { timeout: 300_000 }, async () => {
  await expectNoStrays(run(), 7_000);
});
