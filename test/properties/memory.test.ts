import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RunnableLambda } from "@langchain/core/runnables";
import { expect, it } from "vitest";
import { SessionCallbackHandler, type SessionChatOpenAI, withSession } from "../../src/index.js";
import { modelFor, useGateway } from "../support/sessions.js";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

const gateway = useGateway();

/** The heap in use after garbage collection. */
async function heapUsed(): Promise<number> {
  for (let i = 0; i < 5; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
  return process.memoryUsage().heapUsed;
}

/** Sessions through one model: a handler and a copy each, and of every 25th a call of each kind. Gives their handlers. */
async function run(model: SessionChatOpenAI, sessions: number): Promise<SessionCallbackHandler[]> {
  const handlers: SessionCallbackHandler[] = [];
  const chain = withSession(RunnableLambda.from(async (text: string) => (await model.invoke(text)).text));
  for (let i = 0; i < sessions; i += 1) {
    const handler = new SessionCallbackHandler({ sessionId: `session ${i}` });
    handlers.push(handler);
    const copy = model.withSession(handler.sessionId).bindTools([]);
    if (i % 25 > 0) continue;
    await Promise.all([
      model.invoke("x", { callbacks: [handler] }),
      copy.stream("x").then((stream) => stream.cancel()),
      chain.invoke("x", { callbacks: [handler] }),
    ]);
    gateway.current.requests.length = 0;
  }
  return handlers;
}

it("20,000 sessions through one model do not grow the heap", { timeout: 180_000 }, async () => {
  const model = modelFor(gateway.current);
  await run(model, 10_000); // Fills caches and compiles code first.
  const before = await heapUsed();
  let handlers: SessionCallbackHandler[] | undefined = await run(model, 20_000);
  const refs = handlers.slice(-100).map((handler) => new WeakRef(handler));
  const held = await heapUsed();
  expect(handlers[0]?.summary().calls).toBe(2);
  handlers = undefined;
  const after = await heapUsed();
  expect(held - before, "what the sessions hold while they are held").toBeGreaterThan(1_000_000);
  expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
  expect(after / before).toBeLessThan(1.05);
});
