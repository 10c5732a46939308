import { Runnable } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { expect, it } from "vitest";
import { getSessionId, withSession } from "../../src/index.js";

/** A Runnable of the app's own. Unlike LangChain's, it runs its function in the async context of the caller. */
class AppRunnable extends Runnable<number, void> {
  lc_namespace = ["app"];

  constructor(private readonly run: (input: number) => void) {
    super();
  }

  override async invoke(input: number): Promise<void> {
    this.run(input);
  }
}

/** The number of prototypes of the value in LangChain's AsyncLocalStorage: each one keeps a store alive. */
function countPrototypes(): number {
  let count = 0;
  let store: object | null | undefined = AsyncLocalStorageProviderSingleton.getInstance().getStore() as object;
  for (; store; store = Object.getPrototypeOf(store)) count += 1;
  return count;
}

it("background work that starts itself again over a wrapped Runnable keeps as much context in run 100 as in run 2", async () => {
  const counts: number[] = [];
  const seen = new Set<unknown>();
  await new Promise<void>((resolve) => {
    const wrapper: Runnable<number, void> = withSession(
      new AppRunnable((run) => {
        counts.push(countPrototypes());
        seen.add(getSessionId());
        if (run === 100) resolve();
        else setImmediate(() => void wrapper.invoke(run + 1));
      }),
      { sessionId: "background" },
    );
    void wrapper.invoke(1);
  });
  expect(counts).toHaveLength(100);
  expect(counts[99]).toBe(counts[1]);
  expect([...seen]).toEqual(["background"]);
});

it("a wrapper inside 50 wrappers keeps as much context as inside two, and each has its own session", async () => {
  const counts: number[] = [];
  const seen: unknown[] = [];
  const nest = (depth: number): Runnable<number, void> =>
    withSession(
      new AppRunnable(() => {
        counts.push(countPrototypes());
        seen.push(getSessionId());
        if (depth < 50) void nest(depth + 1).invoke(0);
        seen.push(getSessionId());
      }),
      { sessionId: `session-${depth}` },
    );
  await nest(0).invoke(0);
  expect(counts[50]).toBe(counts[1]);
  const ids = Array.from({ length: 51 }, (_, depth) => `session-${depth}`);
  expect(seen).toEqual([...ids, ...ids.reverse()]);
});
