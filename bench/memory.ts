import { ChatOpenAI } from "@langchain/openai";
import { v7 as uuidv7 } from "uuid";
import { SessionCallbackHandler, SessionChatOpenAI } from "../src/index.js";
import { cannedFetch } from "./canned_fetch.js";
import { collectGarbage } from "./collect_garbage.js";

const SESSIONS = Number(process.env.BENCH_SESSIONS ?? 1_000_000);

/** What sessions hold while they are in use, and what is left of them after. */
export async function benchMemory(): Promise<boolean> {
  const model = new SessionChatOpenAI({ ...fields, sessionId: false });
  await model.invoke("a", { sessionId: "warm-up" });
  const rival = await heldBy(
    (sessionId) => new ChatOpenAI({ ...fields, modelKwargs: { litellm_session_id: sessionId } }),
    (session) => session.invoke("a"),
  );
  const byOption = await heldBy(
    (sessionId) => sessionId,
    (sessionId) => model.invoke("a", { sessionId }),
  );
  const byCopy = await heldBy(
    (sessionId) => model.withSession(sessionId),
    (session) => session.invoke("a"),
  );
  const growth = await growthOver(SESSIONS, model);
  const rows = [
    { work: "1,000 sessions in use, a session a call", measured: HELD, value: byOption / rival, limit: 0.1 },
    { work: "1,000 sessions in use, a copy each", measured: HELD, value: byCopy / rival },
    { work: `after ${SESSIONS} sessions, a handler each`, measured: "heap after / before", value: growth, limit: 1.05 },
  ].map(({ value, limit, ...row }) => ({
    ...row,
    value: value.toFixed(3),
    limit: limit?.toFixed(2) ?? "",
    "": limit === undefined ? "" : value > limit ? "FAILED" : "ok",
  }));
  console.table(rows);
  return rows.every((row) => row[""] !== "FAILED");
}

const HELD = "heap held: ours / a new ChatOpenAI a session";

/** The provider answers in this process: a million requests over a socket would measure the socket. */
const fields = {
  model: "gpt-4o",
  apiKey: "sk-bench",
  maxRetries: 0,
  configuration: { baseURL: "http://127.0.0.1:4000/v1", fetch: cannedFetch },
};

function heap(): number {
  for (let i = 0; i < 3; i += 1) collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** What 1,000 sessions hold, in bytes, each with the call that is made in it. */
async function heldBy<Session>(
  make: (sessionId: string) => Session,
  call: (session: Session) => Promise<unknown>,
): Promise<number> {
  // What a call leaves behind in any case is left behind before.
  for (let i = 0; i < 3_000; i += 1) await call(make(uuidv7()));
  const before = heap();
  const sessions = Array.from({ length: 1_000 }, () => make(uuidv7()));
  for (const session of sessions) await call(session);
  const held = heap() - before;
  if (sessions.length !== 1_000) throw new Error("the sessions are in use until here");
  return held;
}

async function growthOver(sessions: number, model: SessionChatOpenAI): Promise<number> {
  const run = async (count: number) => {
    for (let i = 0; i < count; i += 1) {
      const handler = new SessionCallbackHandler();
      await model.invoke("a", { callbacks: [handler] });
    }
  };
  await run(5_000);
  const before = heap();
  await run(sessions);
  return heap() / before;
}
