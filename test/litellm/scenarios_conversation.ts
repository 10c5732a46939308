import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { z } from "zod";
import type { SeenRequest } from "./provider.js";
import { asArray } from "./provider_answer.js";
import { type Scenario, scenario } from "./scenario.js";

const TURNS = 10;

/** Conversations by `previous_response_id`: long ones with a tool, and ones whose id is rejected. */
export const CONVERSATION_SCENARIOS: readonly Scenario[] = [
  tenTurns(false),
  tenTurns(true),
  scenario("responses", "an unknown id falls back", 2, async ({ newModel, sessionId, prompt }) => {
    const model = newModel({ sessionId, usePreviousResponseId: true });
    const unknown = new AIMessage({ content: "yes", response_metadata: { id: "resp_68f0unknown" } });
    const history = [new HumanMessage(prompt("one")), unknown, new HumanMessage(prompt("two"))];
    await model.invoke(history);
    for await (const _ of await model.stream(history));
  }),
];

/** An agent's conversation: each turn is a question, a tool call and the tool's output. */
function tenTurns(streamed: boolean): Scenario {
  const name = `ten turns with a tool${streamed ? ", streamed" : ""}`;
  const rows = 2 * TURNS;
  const conversation = scenario("responses", name, rows, async ({ newModel, sessionId, prompt }) => {
    const model = newModel({ sessionId: false, usePreviousResponseId: true });
    const agent = createAgent({ model, tools: [lookUp], checkpointer: new MemorySaver() });
    const config = { configurable: { thread_id: sessionId } };
    for (let turn = 1; turn <= TURNS; turn += 1) {
      const input = { messages: [new HumanMessage(prompt(`Look up bear ${turn}.`))] };
      if (!streamed) await agent.invoke(input, config);
      else for await (const _ of await agent.stream(input, { ...config, streamMode: "messages" }));
    }
  });
  return { ...conversation, continued: rows - 1, problemSeen: (seen) => problemSeen(seen, rows) };
}

/** Checks that the provider received each message once: every request has one item, and all items differ. */
function problemSeen(seen: readonly SeenRequest[], expected: number): string | undefined {
  // A retry by the proxy is the same request.
  const requests = new Map(seen.map(({ body }) => [JSON.stringify(body), body]));
  const items = [...requests.values()].flatMap(({ input }) => asArray(input));
  const different = new Set(items.map((item) => JSON.stringify(item)));
  return items.length === expected && different.size === expected
    ? undefined
    : `the provider saw ${items.length} messages, ${different.size} different ones, not ${expected}`;
}

const lookUp = tool(({ topic }) => `An article about ${topic}.`, {
  name: "look_up",
  description: "Looks up a topic.",
  schema: z.object({ topic: z.string() }),
});
