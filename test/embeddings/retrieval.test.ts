import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableLambda, RunnablePassthrough, RunnableSequence } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  SessionCallbackHandler,
  type SessionChatOpenAI,
  SessionOpenAIEmbeddings,
  withSession,
} from "../../src/index.js";
import { ENDPOINTS } from "../support/like_chat_openai.js";
import { ENTRY_POINTS, type EntryPoint } from "../support/scenarios.js";
import { connection, modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

const TEXTS = ["Robots tell stories.", "Bears don't."];

let embeddings: SessionOpenAIEmbeddings;
let store: MemoryVectorStore;

beforeEach(async () => {
  embeddings = new SessionOpenAIEmbeddings({ ...connection(gateway.current), sessionId: false });
  store = await MemoryVectorStore.fromTexts(TEXTS, [{}, {}], embeddings);
  gateway.current.reset();
});

const prompt = ChatPromptTemplate.fromTemplate("From {context}, answer {question}");

/** Retriever, prompt and model, as in LangChain's docs. */
function chainOf(model: SessionChatOpenAI, ofWhat = store) {
  return RunnableSequence.from([
    { context: ofWhat.asRetriever(1).pipe((found) => found[0]?.pageContent), question: new RunnablePassthrough() },
    prompt,
    model,
    new StringOutputParser(),
  ]);
}

const paths = () => gateway.current.requests.map(({ path }) => path);

describe.each(ENDPOINTS)("a RAG chain on $endpoint", ({ endpoint, useResponsesApi }) => {
  const modelWith = () => modelFor(gateway.current, { useResponsesApi });

  it.each(ENTRY_POINTS)(
    "a RAG chain in a wrapper sends all requests in one session: $name",
    async ({ call, runs = 1 }: EntryPoint) => {
      const chain = withSession(chainOf(modelWith()), { sessionId: "conversation-42" });
      await call(chain, "Who tells stories?", {});
      expect(paths().sort()).toEqual([...Array(runs).fill(endpoint), ...Array(runs).fill("/embeddings")].sort());
      expect(sessions(gateway.current)).toEqual(Array(2 * runs).fill("conversation-42"));
    },
  );

  it("a RAG chain in a wrapper without an id has a new session per call, for embeddings and answer", async () => {
    const chosen: string[] = [];
    const chain = withSession(chainOf(modelWith()), { onSession: (id) => chosen.push(id) });
    await Promise.all(["a", "b", "c"].map((question) => chain.invoke(question)));
    expect(new Set(chosen).size).toBe(3);
    expect(sessions(gateway.current).sort()).toEqual([...chosen, ...chosen].sort());
  });

  it("10 concurrent RAG chains each send their own session", async () => {
    const chain = withSession(chainOf(modelWith()));
    const ids = Array.from({ length: 10 }, (_, n) => `session-${n}`);
    await Promise.all(ids.map((id) => chain.invoke(`${id}?`, { configurable: { sessionId: id } })));
    for (const { body } of gateway.current.requests) {
      expect(JSON.stringify(body)).toContain(`${body.litellm_session_id}?`);
    }
    expect(gateway.current.requests).toHaveLength(20);
  });

  it("embeddings in a lambda use the handler's session without a config", async () => {
    const handler = new SessionCallbackHandler();
    const model = modelWith();
    const answer = RunnableLambda.from(async (question: string) => {
      const found = await store.similaritySearch(question, 1);
      return (await model.invoke(`${found[0]?.pageContent} ${question}`)).text;
    });
    await answer.invoke("Who?", { callbacks: [handler] });
    expect(paths()).toEqual(["/embeddings", endpoint]);
    expect(sessions(gateway.current)).toEqual([handler.sessionId, handler.sessionId]);
  });

  it("embeddings in an agent's tool use the agent's thread_id as session", async () => {
    const search = tool(async ({ query }) => (await store.asRetriever(1).invoke(query))[0]?.pageContent ?? "", {
      name: "search",
      description: "Searches.",
      schema: z.object({ query: z.string() }),
    });
    const agent = createAgent({ model: modelWith(), tools: [search], checkpointer: new MemorySaver() });
    await agent.invoke({ messages: "Who tells stories?" }, { configurable: { thread_id: "thread-1" } });
    expect(paths()).toEqual([endpoint, "/embeddings", endpoint]);
    expect(sessions(gateway.current)).toEqual(Array(3).fill("thread-1"));
  });

  it("a retriever without a wrapper has no session, because LangChain passes it no config, unless one is bound", async () => {
    const config = { configurable: { sessionId: "conversation-42" } };
    await chainOf(modelWith()).invoke("Who?", config);
    const bound = new MemoryVectorStore(embeddings.withSession("conversation-42"));
    bound.memoryVectors = store.memoryVectors;
    await chainOf(modelWith(), bound).invoke("Who?", config);
    expect(paths()).toEqual(["/embeddings", endpoint, "/embeddings", endpoint]);
    expect(sessions(gateway.current)).toEqual([undefined, ...Array(3).fill("conversation-42")]);
  });
});

it("every batch of an index run carries its session", async () => {
  const small = new SessionOpenAIEmbeddings({ ...connection(gateway.current), sessionId: false, batchSize: 1 });
  const index = RunnableLambda.from(() => MemoryVectorStore.fromTexts(TEXTS, [{}, {}], small));
  const filled = await withSession(index, { sessionId: "indexing" }).invoke("");
  expect(sessions(gateway.current)).toEqual(["indexing", "indexing"]);
  const [found] = await filled.similaritySearch(String(TEXTS[0]), 1);
  expect(found?.pageContent).toBe(TEXTS[0]);
});
