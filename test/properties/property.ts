import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, vi } from "vitest";
import { Gateway } from "../support/gateway/server.js";
import { programs } from "./arbitrary.js";
import { hurryRetries, type MakeModel, Programs } from "./run.js";

/** A gateway for all programs of a file, and LangChain's retries without their delays. */
export function usePrograms(): (makeModel?: MakeModel) => Programs {
  let gateway: Gateway;
  let restore: () => void;
  beforeAll(async () => {
    gateway = await Gateway.start();
    restore = hurryRetries();
  });
  // LangChain logs errors of its handlers for a failed stream.
  beforeEach(() => {
    for (const level of ["error", "warn"] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
  });
  afterAll(async () => {
    restore();
    await gateway.stop();
    expect(gateway.unexpected).toEqual([]);
  });
  return (makeModel) => new Programs(gateway, makeModel);
}

/** The same programs in every run. `npm run soak` runs others. */
const SEED = 260_514_373;

/**
 * Runs programs until this number of requests was compared. A failure shows its seed: repeat it with
 * `PROPERTY_SEED=…`, and with `PROPERTY_PATH=…` for only the smallest program.
 */
export async function expectNoStrays(
  runs: Programs,
  requests: number,
  { hasFaults = false, endOnFailure = false } = {},
): Promise<void> {
  const { PROPERTY_SEED, PROPERTY_PATH } = process.env;
  const seed = Number(PROPERTY_SEED ?? SEED);
  const property = fc.asyncProperty(programs(hasFaults), (plan) => runs.run(plan));
  for (let round = 0; runs.requests < requests; round += 1) {
    await fc.assert(property, {
      seed: seed + round,
      numRuns: 20,
      unbiased: true,
      endOnFailure,
      includeErrorInReport: true,
      interruptAfterTimeLimit: 60_000,
      ...(PROPERTY_PATH ? { path: PROPERTY_PATH } : {}),
    });
  }
  expect(runs.hung, "programs that did not end").toBeLessThan(2);
}
