/**
 * A process of a server: `redis_worker.ts STORE BASE_URL`, with REDIS_URL. Each line of its input,
 * `{ "call", "sessionId", "text" }`, is a call; each line of its output, `{ "call", "answer" }`, the id of the answer, or the error.
 */
import { createInterface } from "node:readline";
import type { BaseStore } from "@langchain/core/stores";
import type { RedisClientType } from "redis";
import { SessionChatOpenAI } from "../../src/index.js";

const [store = "", baseURL = ""] = process.argv.slice(2);
const { redis, responseStore }: { redis: RedisClientType; responseStore: BaseStore<string, string> } = await import(
  store
);
await redis.connect();

const model = new SessionChatOpenAI({
  model: "gpt-4o",
  apiKey: "sk-test",
  maxRetries: 0,
  configuration: { baseURL },
  sessionId: false,
  responseStore,
});

for await (const line of createInterface({ input: process.stdin })) {
  const { call, text, sessionId } = JSON.parse(line);
  const tell = (answer: unknown) => console.log(JSON.stringify({ call, answer: String(answer) }));
  model.invoke(text, { sessionId }).then(({ response_metadata }) => tell(response_metadata.id), tell);
}
redis.destroy();
