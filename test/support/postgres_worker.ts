/**
 * A process of a server: `postgres_worker.ts BASE_URL`, with DATABASE_URL. Each line of its input is a `Command` with a
 * number `call`; each line of its output, `{ "call", "answer" }`, has the id of the thread's last answer, or the error.
 * The first line, of call 0, tells that it reads.
 */
import { createInterface } from "node:readline";
import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { createAgent, summarizationMiddleware, tool } from "langchain";
import { z } from "zod";
import { SessionChatOpenAI } from "../../src/index.js";

/** What a worker does in a thread. */
export type Command = { readonly thread: string } & (
  | {
      /** `summarizing` replaces all messages but the last by a summary, once there are five. */
      readonly agent: "plain" | "weather" | "summarizing";
      /** What the user says. Undefined: the run goes on from where it was interrupted. */
      readonly text?: string;
      /** Stops the run before the tools that the model asks for. */
      readonly isInterrupted?: boolean;
    }
  /** Replaces the text of the thread's first message. */
  | { readonly redactTo: string }
);

const [baseURL = ""] = process.argv.slice(2);
const checkpointer = PostgresSaver.fromConnString(process.env.DATABASE_URL ?? "");

const fields = {
  model: "gpt-4o",
  apiKey: "sk-test",
  maxRetries: 0,
  configuration: { baseURL },
  sessionId: false,
} as const;
const model = new SessionChatOpenAI({ ...fields, usePreviousResponseId: true });

const weather = tool(async ({ city }) => `sunny in ${city}`, {
  name: "weather",
  description: "The weather.",
  schema: z.object({ city: z.string() }),
});
const summarizing = summarizationMiddleware({
  model: new SessionChatOpenAI(fields),
  trigger: { messages: 5 },
  keep: { messages: 1 },
});

const agents = {
  plain: createAgent({ model, tools: [], checkpointer }),
  weather: createAgent({ model, tools: [weather], checkpointer }),
  summarizing: createAgent({ model, tools: [], checkpointer, middleware: [summarizing] }),
};

async function run(command: Command): Promise<unknown> {
  const config = { configurable: { thread_id: command.thread } };
  if ("redactTo" in command) {
    const { messages } = (await agents.plain.graph.getState(config)).values as { messages: BaseMessage[] };
    const redacted = new HumanMessage({ id: messages[0]?.id, content: command.redactTo });
    await agents.plain.graph.updateState(config, { messages: [redacted] });
    return undefined;
  }
  const { agent, text, isInterrupted } = command;
  const input = text === undefined ? null : { messages: [new HumanMessage(text)] };
  const { messages } = await agents[agent].graph.invoke(input, {
    ...config,
    interruptBefore: isInterrupted ? ["tools"] : undefined,
  });
  return messages.findLast(AIMessage.isInstance)?.response_metadata.id;
}

console.log(JSON.stringify({ call: 0, answer: "ready" }));
for await (const line of createInterface({ input: process.stdin })) {
  const { call, ...command } = JSON.parse(line);
  const tell = (answer: unknown) => console.log(JSON.stringify({ call, answer: String(answer) }));
  run(command).then(tell, tell);
}
await checkpointer.end();
