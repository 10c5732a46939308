import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { RemoteGraph } from "@langchain/langgraph/remote";
import { Client } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const INPUT = { messages: [{ role: "user", content: "hi" }] };

/** A wrapped graph and a wrapped agent on the server, with the requests of one run. */
const GRAPHS = [
  { graphId: "graph", requests: 1 },
  { graphId: "agent", requests: 3 },
];

let url: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  const cwd = await mkdtemp(join(tmpdir(), "langgraph-"));
  const server = fork(join(import.meta.dirname, "../support/langgraph/server.ts"), {
    cwd,
    execArgv: ["--import", import.meta.resolve("tsx")],
    env: { ...process.env, GATEWAY_URL: gateway.current.url, LOG_LEVEL: "error", LITELLM_SESSION_ID: "" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  stop = async () => {
    server.kill();
    await ended;
    await rm(cwd, { recursive: true, force: true });
  };
  url = await new Promise<string>((resolve, reject) => {
    let output = "";
    const read = (data: Buffer) => {
      output += data;
      const [, address] = /address: (\S+)/.exec(output) ?? [];
      if (address) resolve(`http://${address}`);
    };
    server.stdout?.on("data", read);
    server.stderr?.on("data", read);
    server.once("exit", () => reject(new Error(`The LangGraph server did not start: ${output}`)));
  });
}, 60_000);

afterAll(() => stop());

const client = () => new Client({ apiUrl: url });

interface Values {
  readonly messages: readonly unknown[];
}

describe.each(GRAPHS)("a wrapped $graphId that a LangGraph server serves", ({ graphId, requests }) => {
  const inSession = (...ids: unknown[]) => ids.flatMap((id) => Array(requests).fill(id));

  it("keeps the memory of a thread over two turns, and each thread is a session", async () => {
    const { thread_id } = await client().threads.create();
    const first = (await client().runs.wait(thread_id, graphId, { input: INPUT })) as unknown as Values;
    const second = (await client().runs.wait(thread_id, graphId, { input: INPUT })) as unknown as Values;
    expect(second.messages.length).toBe(2 * first.messages.length);
    const state = await client().threads.getState<Values>(thread_id);
    expect(state.values.messages).toHaveLength(second.messages.length);
    expect((await client().threads.getHistory(thread_id)).length).toBeGreaterThan(2);
    expect(sessions(gateway.current)).toEqual(inSession(thread_id, thread_id));
  });

  it("streams a run in the session of its context", async () => {
    const { thread_id } = await client().threads.create();
    const options = {
      input: INPUT,
      streamMode: ["values", "messages-tuple"] as const,
      context: { sessionId: "context" },
    };
    const events = await collect(
      client().runs.stream(thread_id, graphId, options as never) as AsyncIterable<{ event: string }>,
    );
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(["metadata", "values", "messages"]));
    expect(sessions(gateway.current)).toEqual(inSession("context"));
  });

  it("keeps concurrent runs on several threads apart", async () => {
    const threads = await Promise.all(Array.from({ length: 4 }, () => client().threads.create()));
    await Promise.all(threads.map(({ thread_id }) => client().runs.wait(thread_id, graphId, { input: INPUT })));
    const ids = threads.map(({ thread_id }) => thread_id);
    expect(sessions(gateway.current).sort()).toEqual(inSession(...ids).sort());
    for (const id of ids) expect((await client().threads.getState<Values>(id)).values.messages).not.toHaveLength(0);
  });

  it("runs without a thread, in a session of its own or the configured one", async () => {
    const one = (await client().runs.wait(null, graphId, { input: INPUT })) as unknown as Values;
    await client().runs.wait(null, graphId, { input: INPUT, config: { configurable: { sessionId: "configured" } } });
    expect(one.messages.length).toBeGreaterThan(1);
    const [id] = sessions(gateway.current);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(sessions(gateway.current)).toEqual(inSession(id, "configured"));
  });

  it("is in the session of a wrapped graph that has it as a RemoteGraph in a node", async () => {
    const remote = new RemoteGraph({ graphId, url });
    const outer = new StateGraph(MessagesAnnotation)
      .addNode("remote", remote as never)
      .addEdge(START, "remote" as never)
      .compile();
    await withSession(outer).invoke(INPUT as never, { sessionId: "remote" });
    await withSession(remote, { sessionId: "direct" }).invoke(INPUT as never);
    expect(sessions(gateway.current)).toEqual(inSession("remote", "direct"));
  });
});
