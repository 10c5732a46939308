import type { RunnableConfig } from "@langchain/core/runnables";
import { LangChainTracer } from "@langchain/core/tracers/tracer_langchain";
import { createDeepAgent } from "deepagents";
import { createAgent, tool } from "langchain";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { SessionCallbackHandler, withSession } from "../../src/index.js";
import { callTools } from "../support/gateway/call_tool.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const INPUT = { messages: [{ role: "user", content: "hi" }] };

const schema = z.object({});

/** A handler that names no session. With it, LangChain makes a callback manager. */
const handler = { handleLLMStart: () => {} };

const tracer = () => new LangChainTracer({ client: { createRun: async () => {}, updateRun: async () => {} } });

/** An agent whose tool calls another agent without a config. Five requests: outer, inner, in the inner's tool, inner, outer. */
function nestedAgents() {
  const model = modelFor(gateway.current);
  const ask = tool(async () => (await model.invoke("hi")).text, { name: "ask", schema });
  const inner = createAgent({ model, tools: [ask] });
  const askInner = async () => String((await inner.invoke(INPUT)).messages.at(-1)?.text);
  return createAgent({ model, tools: [tool(askInner, { name: "ask_inner", schema })] });
}

const in5 = (id: string | undefined) => [id, id, id, id, id];

describe("an agent that a tool of another agent calls", () => {
  it.each<[string, RunnableConfig]>([
    ["a handler", { callbacks: [handler] }],
    ["a tracer", { callbacks: [tracer()] }],
  ])("is in the session of the outer metadata where %s is attached", async (_, config) => {
    await nestedAgents().invoke(INPUT, { ...config, metadata: { session_id: "metadata" } });
    await nestedAgents().invoke(INPUT, { ...config, metadata: { conversation_id: "conversation" } });
    expect(sessions(gateway.current)).toEqual([...in5("metadata"), ...in5("conversation")]);
  });

  it("has no session of the outer metadata without a handler or tracer: LangChain then keeps it nowhere", async () => {
    await nestedAgents().invoke(INPUT, { metadata: { session_id: "metadata" } });
    expect(sessions(gateway.current)).toEqual(["metadata", undefined, undefined, undefined, "metadata"]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["configurable", () => nestedAgents().invoke(INPUT, { configurable: { sessionId: "a" } })],
    ["context", () => nestedAgents().invoke(INPUT, { context: { sessionId: "a" } } as RunnableConfig)],
    ["thread_id", () => nestedAgents().invoke(INPUT, { configurable: { thread_id: "a" } })],
    ["a wrapper", () => withSession(nestedAgents().graph).invoke(INPUT, { metadata: { session_id: "a" } })],
    [
      "a session handler",
      () => nestedAgents().invoke(INPUT, { callbacks: [new SessionCallbackHandler({ sessionId: "a" })] }),
    ],
  ])("is in the session of %s without any other handler", async (_, call) => {
    await call();
    expect(sessions(gateway.current)).toEqual(in5("a"));
  });

  it("keeps the metadata.session_id that the user gave to the outer agent, while another session runs inside", async () => {
    const seen: unknown[] = [];
    const callbacks = [
      {
        handleChatModelStart: (...args: unknown[]) => void seen.push((args[6] as { session_id?: unknown }).session_id),
      },
    ];
    const config = { callbacks, metadata: { session_id: "user's" }, configurable: { sessionId: "configured" } };
    await nestedAgents().invoke(INPUT, config);
    expect(seen).toEqual(in5("user's"));
    expect(sessions(gateway.current)).toEqual(in5("configured"));
  });
});

describe("the task tool of deepagents", () => {
  it.each<[string, RunnableConfig]>([
    ["context", { context: { sessionId: "a" } } as RunnableConfig],
    ["configurable", { configurable: { sessionId: "a" } }],
    ["thread_id", { configurable: { thread_id: "a" } }],
    ["metadata and a handler", { metadata: { session_id: "a" }, callbacks: [handler] }],
    ["a session handler", { callbacks: [new SessionCallbackHandler({ sessionId: "a" })] }],
  ])("a sub-agent is in the session of %s", async (_, config) => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    gateway.current.respond(callTools({ name: "ask", args: {} }));
    gateway.current.respond(callTools({ name: "task", args: { description: "x", subagent_type: "helper" } }));
    const model = modelFor(gateway.current);
    const ask = tool(async () => (await model.invoke("hi")).text, { name: "ask", description: "asks", schema });
    const helper = { name: "helper", description: "helps", systemPrompt: "help", tools: [ask] };
    const agent = createDeepAgent({ model, subagents: [helper] });
    await agent.invoke(INPUT, config);
    expect(sessions(gateway.current)).toEqual(in5("a"));
  });
});
