import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import { createAgent, dynamicSystemPromptMiddleware, piiMiddleware, summarizationMiddleware, tool } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { SessionChatOpenAIFields } from "../../src/index.js";
import { responseId, sentTurns, summarizeItems } from "../support/conversation.js";
import { textItem } from "../support/gateway/responses_api.js";
import type { Json } from "../support/gateway/server.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const chaining = (fields?: SessionChatOpenAIFields) =>
  modelFor(gateway.current, { usePreviousResponseId: true, ...fields });

const weather = tool(async ({ city }) => `sunny in ${city}`, {
  name: "weather",
  description: "The weather.",
  schema: z.object({ city: z.string() }),
});

const functionCall = (call_id: string, city: string): Json => ({
  type: "function_call",
  id: `fc_${call_id}`,
  call_id,
  name: "weather",
  arguments: JSON.stringify({ city }),
});

/** Ways to run an agent for one turn. */
const RUNS: Record<
  string,
  { fields?: SessionChatOpenAIFields; run: (agent: Agent, text: string) => Promise<unknown> }
> = {
  invoke: { run: (agent, text) => agent.invoke({ messages: [new HumanMessage(text)] }, THREAD) },
  "invoke with streaming: true": {
    fields: { streaming: true },
    run: (agent, text) => agent.invoke({ messages: [new HumanMessage(text)] }, THREAD),
  },
  'stream of "messages"': {
    run: async (agent, text) =>
      collect(agent.stream({ messages: [new HumanMessage(text)] }, { ...THREAD, streamMode: "messages" })),
  },
  'stream of "values"': {
    run: async (agent, text) =>
      collect(agent.stream({ messages: [new HumanMessage(text)] }, { ...THREAD, streamMode: "values" })),
  },
  "streamEvents v2": {
    run: (agent, text) =>
      collect(agent.streamEvents({ messages: [new HumanMessage(text)] }, { ...THREAD, version: "v2" })),
  },
};

const THREAD = { configurable: { thread_id: "t" } };

type Agent = ReturnType<typeof agentOf>;

function agentOf(fields?: SessionChatOpenAIFields) {
  return createAgent({
    model: chaining(fields),
    tools: [weather],
    systemPrompt: "Be brief.",
    checkpointer: new MemorySaver(),
  });
}

/** The response ids of the agent's answers, in order. */
async function answersOf({ graph }: { graph: unknown }): Promise<unknown[]> {
  const { messages } = (await (graph as Agent["graph"]).getState(THREAD)).values as { messages: BaseMessage[] };
  return messages.filter((message) => message.getType() === "ai").map(responseId);
}

describe.each(Object.entries(RUNS))("%s", (_, { fields, run }) => {
  it("an agent sends each message once: only the tool's output, then only the next question", async () => {
    const agent = agentOf(fields);
    await run(agent, "Oslo?");
    await run(agent, "And Rome?");
    const [one, two, three] = await answersOf(agent);
    expect(sentTurns(gateway.current)).toEqual([
      { previousResponseId: undefined, input: ["system: Be brief.", "user: Oslo?"] },
      { previousResponseId: one, input: ["output: sunny in text"] },
      { previousResponseId: two, input: ["user: And Rome?"] },
      { previousResponseId: three, input: ["output: sunny in text"] },
    ]);
  });

  it("an agent sends the outputs of parallel tool calls in one request", async () => {
    gateway.current.responses.outputs.push([textItem("Both."), functionCall("1", "Oslo"), functionCall("2", "Rome")]);
    const agent = agentOf(fields);
    await run(agent, "Both?");
    const [one, two] = await answersOf(agent);
    expect(sentTurns(gateway.current)[1]).toEqual({
      previousResponseId: one,
      input: ["output: sunny in Oslo", "output: sunny in Rome"],
    });
    expect(summarizeItems(gateway.current.responses.conversation(two))).toEqual([
      "system: Be brief.",
      "user: Both?",
      "assistant: Both.",
      "call: weather",
      "call: weather",
      "output: sunny in Oslo",
      "output: sunny in Rome",
      expect.stringMatching(/^assistant: reply to/),
    ]);
  });
});

it("a tool that calls its agent's model sends its question alone, in the agent's session", async () => {
  const model = chaining();
  const ask = tool(async () => (await model.invoke("aside")).text, {
    name: "ask",
    description: "Asks the model.",
    schema: z.object({}),
  });
  const agent = createAgent({ model, tools: [ask], checkpointer: new MemorySaver() });
  await agent.invoke({ messages: [new HumanMessage("one")] }, THREAD);
  const [one] = await answersOf(agent);
  expect(sentTurns(gateway.current)).toEqual([
    { previousResponseId: undefined, input: ["user: one"] },
    { previousResponseId: undefined, input: ["user: aside"] },
    { previousResponseId: one, input: ["output: reply to 1 messages"] },
  ]);
  expect(sessions(gateway.current)).toEqual(["t", "t", "t"]);
});

it("an agent whose system prompt changes between its calls sends the whole history each time", async () => {
  let calls = 0;
  const middleware = [dynamicSystemPromptMiddleware(() => `Call ${++calls}.`)];
  await createAgent({ model: chaining(), tools: [weather], middleware }).invoke({
    messages: [new HumanMessage("Oslo?")],
  });
  expect(sentTurns(gateway.current)).toEqual([
    { previousResponseId: undefined, input: ["system: Call 1.", "user: Oslo?"] },
    {
      previousResponseId: undefined,
      input: ["system: Call 2.", "user: Oslo?", "call: weather", "output: sunny in text"],
    },
  ]);
});

it("an agent sends a message that LangChain's piiMiddleware redacted once, in its redacted form", async () => {
  const middleware = [piiMiddleware("email", { strategy: "redact", applyToInput: true })];
  const agent = createAgent({ model: chaining(), tools: [], middleware, checkpointer: new MemorySaver() });
  await agent.invoke({ messages: [new HumanMessage("I am a@example.com")] }, THREAD);
  await agent.invoke({ messages: [new HumanMessage("And b@example.com")] }, THREAD);
  expect(sentTurns(gateway.current).map(({ input }) => input)).toEqual([
    ["user: I am [REDACTED_EMAIL]"],
    ["user: And [REDACTED_EMAIL]"],
  ]);
  expect(sentTurns(gateway.current)[1]?.previousResponseId).toMatch(/^resp_/);
});

it("an agent sends the summary of LangChain's summarizationMiddleware, and the next turn continues from it", async () => {
  const summariser = modelFor(gateway.current, { model: "summariser" });
  const middleware = [summarizationMiddleware({ model: summariser, trigger: { messages: 7 }, keep: { messages: 3 } })];
  const agent = createAgent({ model: chaining(), tools: [], middleware, checkpointer: new MemorySaver() });
  for (const text of ["one", "two", "three", "four", "five"]) {
    await agent.invoke({ messages: [new HumanMessage(text)] }, THREAD);
  }
  const { messages } = (await agent.graph.getState(THREAD)).values as { messages: BaseMessage[] };
  const own = sentTurns(gateway.current).filter((_, index) => gateway.current.requests[index]?.path === "/responses");
  const previous = expect.stringMatching(/^resp_/);
  const summary = expect.stringMatching(/^user: Here is a summary of the conversation to date:\s+reply to 1 messages$/);
  expect(own).toEqual([
    { previousResponseId: undefined, input: ["user: one"] },
    { previousResponseId: previous, input: ["user: two"] },
    { previousResponseId: previous, input: ["user: three"] },
    { previousResponseId: undefined, input: [summary, "user: three", "assistant: reply to 5 messages", "user: four"] },
    { previousResponseId: responseId(messages.at(-3) as BaseMessage), input: ["user: five"] },
  ]);
});
