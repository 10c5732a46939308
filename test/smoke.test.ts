import { RunnableLambda, RunnableParallel } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { expect, it } from "vitest";
import { z } from "zod";
import { getSessionId, RunnableWithSession, SessionCallbackHandler, withSession } from "../src/index.js";
import { modelOf, sessions, useGateway } from "./support/session.js";

const gateway = useGateway();
it.each([false, true])("responses %s", async (useResponsesApi) => {
  const m = modelOf(gateway.current, { useResponsesApi });
  await m.invoke("hi", { sessionId: "a" });
  for await (const _ of await m.stream("hi", { sessionId: "b" }));
  await m.withSession("c").batch(["1", "2"]);
  await m.withSession("d").generate([[["user", "x"]]]);
  await m.withSession("e").streamEvents("x");
  for await (const _ of m.withSession("f").streamEvents("x", { version: "v2" }));
  for await (const _ of m.withSession("g").streamLog("x"));
  const t = tool(async () => (await m.invoke("in tool", { configurable: { x: 1 } })).text, {
    name: "t",
    description: "t",
    schema: z.object({ a: z.string() }),
  });
  await m.bindTools([t]).invoke("x", { configurable: { sessionId: "h" } });
  await m.withStructuredOutput(z.object({ a: z.string() })).invoke("x", { configurable: { session_id: 7 } });
  const l = RunnableLambda.from(async (x: string) => {
    await (await m.stream(x, { configurable: { y: 1 } })).cancel();
    return t.invoke({ a: "1" });
  });
  await l.invoke("x", { callbacks: [new SessionCallbackHandler({ sessionId: "i" })] });
  await withSession(RunnableParallel.from({ l, m })).invoke("x", { configurable: { sessionId: "j" } });
  for await (const _ of await withSession(RunnableParallel.from({ l, m }), { sessionId: "k" }).stream("x"));
  const told: string[] = [];
  let fails = 1;
  const flaky = RunnableLambda.from(async (x: string) => {
    await m.invoke(x);
    if (fails-- > 0) throw new Error("no");
    return getSessionId();
  });
  const id = await new RunnableWithSession({ bound: flaky, onSession: (s) => told.push(s) })
    .withRetry({ stopAfterAttempt: 2 })
    .invoke("x");
  expect(told).toEqual([id]);
  fails = 1;
  const id2 = await new RunnableWithSession({ bound: flaky, onSession: (s) => told.push(s) })
    .withFallbacks([flaky])
    .invoke("x");
  expect(told).toEqual([id, id2]);
  expect(sessions(gateway.current)).toEqual(
    ["a", "b", "c", "c", "d", "e", "f", "g", "h", "7", "i", "i", "j", "j", "j", "k", "k", "k", id, id, id2, id2].map(
      String,
    ),
  );
});
