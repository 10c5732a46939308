import { InMemoryCache } from "@langchain/core/caches";
import { CallbackManager } from "@langchain/core/callbacks/manager";
import { HumanMessage } from "@langchain/core/messages";
import { RunnableLambda } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { SessionOpenAIEmbeddings, withSession } from "../../src/index.js";
import { newHandler, UUID } from "../support/call_records.js";
import type { Gateway, GatewayRequest } from "../support/gateway/server.js";
import { ENDPOINTS } from "../support/like_chat_openai.js";
import { collect } from "../support/runnables.js";
import { connection, modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

afterEach(() => {
  vi.restoreAllMocks();
});

interface Step {
  readonly run_id?: string;
  readonly parent_run_id?: string;
  readonly path: readonly { id: string; name: string }[];
  readonly node?: string;
  readonly step?: number;
  readonly agent?: string;
}

/** The steps of all requests, wherever their endpoint has them. */
function steps(from: Gateway): Step[] {
  return from.requests.map(({ path, body }) => {
    const place = path === "/responses" ? body.litellm_metadata : body.metadata;
    return (place as { spend_logs_metadata: { langchain: Step } }).spend_logs_metadata.langchain;
  });
}

const names = ({ path }: Step) => path.map(({ name }) => name);

describe.each(ENDPOINTS)("$endpoint", ({ useResponsesApi }) => {
  const modelWith = (fields = {}) => modelFor(gateway.current, { useResponsesApi, logSteps: true, ...fields });

  it("with a handler, a request has the path that the handler records, for a plain call and a stream", async () => {
    const handler = newHandler();
    const model = modelWith();
    const inner = RunnableLambda.from(async () => {
      await model.invoke("hi");
      await collect(await model.stream("hi"));
    }).withConfig({ runName: "inner" });
    const outer = RunnableLambda.from(() => inner.invoke("hi")).withConfig({ runName: "outer" });
    await outer.invoke("hi", { callbacks: [handler] });
    expect(handler.calls).toHaveLength(2);
    const expected = handler.calls.map(({ runId, parentRunId, path }) => ({
      run_id: runId,
      parent_run_id: parentRunId,
      path,
    }));
    expect(steps(gateway.current)).toEqual(expected);
    expect(steps(gateway.current).map(names)).toEqual(Array(2).fill(["outer", "inner"]));
  });

  it("in a wrapper without a handler, a request has the names of the runs inside the wrapper", async () => {
    const model = modelWith();
    const chain = RunnableLambda.from(() => model.invoke("hi")).withConfig({ runName: "chain" });
    await withSession(chain).invoke("hi");
    expect(steps(gateway.current)).toEqual([
      { run_id: UUID, parent_run_id: UUID, path: [{ id: UUID, name: "chain" }] },
    ]);
  });

  it("in an agent without a wrapper or a handler, a request has LangGraph's nodes", async () => {
    const agent = createAgent({ model: modelWith(), tools: [], name: "helper" });
    await agent.invoke({ messages: "hi" });
    const [step] = steps(gateway.current) as [Step];
    expect(step).toMatchObject({ node: "model_request", step: 1, agent: "helper" });
    expect(step.path).toEqual([{ id: UUID, name: "model_request" }]);
    expect(step).not.toHaveProperty("run_id");
  });

  it("withSession(agent) alone gives a request the agent's runs, also in a tool that calls the model", async () => {
    const model = modelWith();
    const ask = tool(async () => (await model.invoke("in the tool")).text, {
      name: "ask",
      description: "Asks.",
      schema: z.object({ question: z.string() }),
    });
    const agent = createAgent({ model, tools: [ask], name: "helper" });
    await withSession(agent).invoke({ messages: "Ask." });
    const paths = steps(gateway.current).map(names);
    expect(paths.map(([root]) => root)).toEqual(Array(3).fill("helper"));
    expect(paths[1]?.slice(-2)).toEqual(["tools", "ask"]);
    expect(steps(gateway.current)[1]).toMatchObject({ node: "tools", agent: "helper" });
  });

  it("the step changes neither the key of LangChain's cache nor what a tracer gets", async () => {
    const seen: unknown[] = [];
    const tracer = { handleChatModelStart: (...started: unknown[]) => void seen.push(started.slice(4)) };
    const model = modelWith({ cache: new InMemoryCache() });
    for (const runName of ["one", "two"]) {
      const chain = RunnableLambda.from(() => model.invoke("hi")).withConfig({ runName });
      await withSession(chain).invoke("hi", { callbacks: [tracer] });
    }
    expect(steps(gateway.current).map(names)).toEqual([["one"]]);
    expect(seen).toHaveLength(2);
    expect(JSON.stringify(seen)).not.toMatch(/spend_logs|"path"|one|two/);
  });

  it("a sub-graph's call has the nodes of both graphs, from metadata alone", async () => {
    const model = modelWith();
    const inner = new StateGraph(MessagesAnnotation)
      .addNode("think", async () => ({ messages: [await model.invoke("hi")] }))
      .addEdge(START, "think")
      .compile();
    const outer = new StateGraph(MessagesAnnotation).addNode("helper", inner).addEdge(START, "helper").compile();
    await outer.invoke({ messages: [new HumanMessage("hi")] });
    expect(steps(gateway.current).map(names)).toEqual([["helper", "think"]]);
  });

  it("an agent under streamEvents v3 has its path", async () => {
    const handler = newHandler();
    const agent = createAgent({ model: modelWith(), tools: [], name: "helper" });
    await collect(agent.streamEvents({ messages: "hi" }, { version: "v3", callbacks: [handler] }));
    expect(steps(gateway.current)[0]?.path).toEqual(handler.calls[0]?.path);
    expect(names(steps(gateway.current)[0] as Step)[0]).toBe("helper");
  });

  it("a call outside any run has an empty path, and a model without logSteps sends no step", async () => {
    await modelWith().invoke("hi");
    expect(steps(gateway.current)).toEqual([{ path: [] }]);
    await modelWith({ logSteps: false }).invoke("hi", { callbacks: [newHandler()] });
    const { metadata, litellm_metadata } = (gateway.current.requests[1] as GatewayRequest).body;
    expect([metadata, litellm_metadata]).toEqual([undefined, undefined]);
  });

  it.each([
    ["a lone surrogate", "a\ud800b", "a\ufffdb"],
    ["control characters", "a\0\u001b[31m\u0085b", "a  [31m b"],
    ["10,000 characters", "x".repeat(10_000), "x".repeat(100)],
    ["an emoji at the cut", `${"x".repeat(99)}😀`, "x".repeat(99)],
  ])("a name with %s does no harm", async (_, runName, sent) => {
    const model = modelWith();
    const chain = RunnableLambda.from(() => model.invoke("hi")).withConfig({ runName });
    await withSession(chain).invoke("hi");
    expect(steps(gateway.current).map(names)).toEqual([[sent]]);
  });

  it("the innermost 16 levels of a path are sent, and nothing of inputs or outputs", async () => {
    const model = modelWith();
    let chain = RunnableLambda.from(() => model.invoke("hi")).withConfig({ runName: "20" });
    for (let level = 19; level >= 1; level -= 1) {
      const inner = chain;
      chain = RunnableLambda.from(() => inner.invoke("secret input")).withConfig({ runName: String(level) });
    }
    await withSession(chain).invoke("secret input");
    const [step] = steps(gateway.current) as [Step];
    expect(names(step)).toEqual(Array.from({ length: 16 }, (_, index) => String(index + 5)));
    expect(JSON.stringify(gateway.current.requests)).not.toContain("secret");
  });
});

describe("embeddings", () => {
  it("a request of embeddings in a tool has the tool on its path, and no run of its own", async () => {
    const embeddings = new SessionOpenAIEmbeddings({
      ...connection(gateway.current),
      sessionId: false,
      logSteps: true,
    });
    const search = tool(async () => String(await embeddings.embedQuery("hi")), {
      name: "search",
      schema: z.object({}),
    });
    await withSession(search).invoke({});
    expect(steps(gateway.current)).toEqual([{ parent_run_id: UUID, path: [{ id: UUID, name: "search" }] }]);
  });
});

describe("settings", () => {
  it.each(["headers", "none"] as const)("transport %s sends no step and says so once", async (sessionTransport) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const model = modelFor(gateway.current, { logSteps: true, sessionTransport });
    await model.invoke("hi");
    await model.invoke("hi");
    expect(gateway.current.requests.map(({ body }) => body.metadata)).toEqual([undefined, undefined]);
    expect(warn.mock.calls.flat().filter((text) => String(text).includes("logSteps"))).toHaveLength(1);
  });

  it.each(["yes", 1, {}])("logSteps: %j throws", (logSteps) => {
    const fields = { ...connection(gateway.current), logSteps: logSteps as never };
    expect(() => modelFor(gateway.current, fields)).toThrow(/Invalid field "logSteps": expected true or false/);
    expect(() => new SessionOpenAIEmbeddings(fields)).toThrow(/Invalid field "logSteps"/);
  });

  it("a wrapper inside a run adds its names to the callbacks that are there", async () => {
    const model = modelFor(gateway.current, { logSteps: true });
    const seen: string[] = [];
    const tracer = { name: "tracer", awaitHandlers: true, handleChatModelStart: () => void seen.push("start") };
    const inner = RunnableLambda.from(() => model.invoke("hi")).withConfig({ runName: "inner" });
    const outer = RunnableLambda.from(() => withSession(inner).invoke("hi"));
    await outer.invoke("hi", { callbacks: CallbackManager.configure([tracer as never]) });
    expect(seen).toEqual(["start"]);
    expect(steps(gateway.current).map(names)).toEqual([["inner"]]);
  });
});
