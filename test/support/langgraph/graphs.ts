/** The graphs of the LangGraph server in test/runnables/langgraph_server.test.ts, as `langgraph.json` would name them. */
import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createAgent, tool } from "langchain";
import { z } from "zod";
import { SessionChatOpenAI, withSession } from "../../../src/index.js";

const model = new SessionChatOpenAI({
  model: "gpt-4o",
  apiKey: "sk-test",
  maxRetries: 0,
  missingSessionId: "reject",
  configuration: { baseURL: process.env.GATEWAY_URL },
});

const ask = tool(async () => (await model.invoke("hi")).text, { name: "ask", schema: z.object({}) });

export const graph = withSession(
  new StateGraph(MessagesAnnotation)
    .addNode("node", async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addEdge(START, "node")
    .compile(),
);

export const agent = withSession(createAgent({ model, tools: [ask] }));
