import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { afterEach, expect, it, vi } from "vitest";
import { SessionCallbackHandler } from "../../src/index.js";

afterEach(() => {
  vi.restoreAllMocks();
});

const MODEL = { lc: 1, type: "not_implemented", id: ["model"] } as never;
const start = (handler: SessionCallbackHandler, id: string, parentId?: string) =>
  handler.handleChatModelStart(MODEL, [[]], id, parentId);
const startChain = (handler: SessionCallbackHandler, id: string, parentId?: string) =>
  handler.handleChainStart(MODEL, {}, id, parentId, undefined, undefined, undefined, id);

it("a call past maxCalls moves no other: no shift or splice of an array, at 100,000 kept calls", () => {
  const handler = new SessionCallbackHandler({ maxCalls: 100_000 });
  for (let n = 0; n < 100_000; n += 1) start(handler, `run-${n}`);
  const moves = [vi.spyOn(Array.prototype, "shift"), vi.spyOn(Array.prototype, "splice")];
  for (let n = 100_000; n < 101_000; n += 1) start(handler, `run-${n}`);
  expect(moves.map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
  vi.restoreAllMocks();
  expect(handler.calls).toHaveLength(100_000);
  expect([handler.calls[0]?.runId, handler.calls.at(-1)?.runId]).toEqual(["run-1000", "run-100999"]);
});

it("a call 10,000 runs deep has the innermost 1,000 on its path", () => {
  const handler = new SessionCallbackHandler();
  for (let depth = 0; depth < 10_000; depth += 1) startChain(handler, `${depth}`, depth ? `${depth - 1}` : undefined);
  start(handler, "call", "9999");
  const path = handler.calls[0]?.path ?? [];
  expect(path.map(({ id }) => id)).toEqual(Array.from({ length: 1_000 }, (_, index) => String(9_000 + index)));
});

it("a call that starts after its parent ended has its path, and so has a call whose parent ends first", () => {
  const handler = new SessionCallbackHandler();
  startChain(handler, "root");
  startChain(handler, "step", "root");
  start(handler, "first", "step");
  handler.handleChainEnd({}, "step");
  handler.handleChainEnd({}, "root");
  start(handler, "late", "step");
  handler.handleLLMEnd({ generations: [] }, "first");
  const names = handler.calls.map(({ path }) => path.map(({ name }) => name));
  expect(names).toEqual([
    ["root", "step"],
    ["root", "step"],
  ]);
});

it("1,000 concurrent runs of one handler do not mix their paths", async () => {
  const handler = new SessionCallbackHandler();
  await Promise.all(
    Array.from({ length: 1_000 }, async (_, n) => {
      startChain(handler, `root-${n}`);
      await null;
      startChain(handler, `step-${n}`, `root-${n}`);
      await null;
      start(handler, `call-${n}`, `step-${n}`);
      handler.handleLLMEnd({ generations: [] }, `call-${n}`);
      handler.handleChainEnd({}, `step-${n}`);
      handler.handleChainEnd({}, `root-${n}`);
    }),
  );
  for (const { runId, path } of handler.calls) {
    const n = runId.slice(5);
    expect(path.map(({ id }) => id)).toEqual([`root-${n}`, `step-${n}`]);
  }
});

it("a run without a name and a thrown value of any kind do not break a handler", () => {
  const handler = new SessionCallbackHandler();
  handler.handleChainStart(undefined as never, {}, "a");
  handler.handleToolStart({ id: [] } as never, "", "b", "a");
  handler.handleToolError(
    {
      get message() {
        throw new Error("no");
      },
    },
    "b",
  );
  handler.handleRetrieverError(Symbol("s"), "unknown");
  expect(handler.steps).toMatchObject([{ path: [{ id: "a", name: "run" }], name: "run", error: expect.any(String) }]);
  expect(handler).toBeInstanceOf(BaseCallbackHandler);
});
