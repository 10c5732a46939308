import { AgentExecutor, createToolCallingAgent } from "@langchain/classic/agents";
import { LLMChain } from "@langchain/classic/chains";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import type { Runnable } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { expect, it } from "vitest";
import { z } from "zod";
import { type SessionChatOpenAI, withSession } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

/** LangChain's older classes lose the implicit config in some places, which docs/choosing-a-session.md lists. */
const gateway = useGateway();

const CONFIG = { configurable: { sessionId: "s" } };

/** An agent whose tool calls the model without a config. */
function executorOf(model: SessionChatOpenAI): Runnable {
  const look = tool(async () => (await model.invoke("in the tool")).text, { name: "look", schema: z.object({}) });
  const prompt = ChatPromptTemplate.fromMessages([
    ["human", "{input}"],
    ["placeholder", "{agent_scratchpad}"],
  ]);
  const agent = createToolCallingAgent({ llm: model, tools: [look], prompt });
  return new AgentExecutor({ agent, tools: [look] }) as unknown as Runnable;
}

it("the tools of a streamed AgentExecutor use the session of a wrapper, not of the implicit config", async () => {
  const executor = executorOf(modelFor(gateway.current));
  await executor.invoke({ input: "hi" }, CONFIG);
  await collect(await withSession(executor).stream({ input: "hi" }, CONFIG));
  await collect(await executor.stream({ input: "hi" }, CONFIG));
  expect(sessions(gateway.current)).toEqual(["s", "s", "s", "s", "s", "s", "s", undefined, "s"]);
});

it("an LLMChain that is called with another config uses the session of a wrapper, not of the implicit config", async () => {
  const chain = new LLMChain({ llm: modelFor(gateway.current), prompt: ChatPromptTemplate.fromTemplate("{input}") });
  await chain.invoke({ input: "hi" }, CONFIG);
  await withSession(chain as Runnable).invoke({ input: "hi" }, CONFIG);
  expect(sessions(gateway.current)).toEqual([undefined, "s"]);
});
