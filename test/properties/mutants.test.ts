import { expect, it } from "vitest";
import { CopiedByChatOpenAI, Faithful, KeptOnInstance, ReadLate } from "./mutants.js";
import { expectNoStrays, usePrograms } from "./property.js";
import type { MakeModel } from "./run.js";

const run = usePrograms();

it("the property passes a model that writes the same ids by other means", { timeout: 120_000 }, async () => {
  const faithful = run((fields) => new Faithful(fields));
  await expectNoStrays(faithful, 300);
});

it.each<[string, MakeModel]>([
  ["reads the id when the request leaves", (fields) => new ReadLate(fields)],
  ["keeps the id on the instance", (fields) => new KeptOnInstance(fields)],
  ["makes copies by ChatOpenAI's own withConfig", (fields) => new CopiedByChatOpenAI(fields)],
])("the property fails for a model that %s", { timeout: 120_000 }, async (_, makeModel) => {
  const runs = expectNoStrays(run(makeModel), 5_000, { endOnFailure: true });
  await expect(runs).rejects.toThrow(/expected .*, was /);
});
