import assert from "node:assert/strict";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import type { AIMessage, AIMessageChunk } from "@langchain/core/messages";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnablePassthrough, RunnableSequence } from "@langchain/core/runnables";
import { concat } from "@langchain/core/utils/stream";
import {
  type LiteLLMResponseMetadata,
  SessionCallbackHandler,
  SessionOpenAIEmbeddings,
  withSession,
} from "../../src/index.js";
import { type Endpoint, type Scenario, scenario } from "./scenario.js";

/** What a real proxy says of a call, and all requests of a retrieval. */
export const METADATA_SCENARIOS: readonly Scenario[] = [said("chat"), said("responses"), retrieval("embeddings")];

/** What one answer costs: 10 tokens asked and 5 answered, at the prices that LiteLLM has for gpt-4o. */
const COST = 7.5e-5;

/** The stand-in's own words: whoever answers otherwise has prices of his own. */
const STAND_IN = /^A reply to \d+ items/;

function said(endpoint: Endpoint): Scenario {
  return scenario(endpoint, "response_metadata.litellm", 3, async ({ model, sessionId, prompt }) => {
    const handler = new SessionCallbackHandler({ sessionId });
    const config = { callbacks: [handler] };
    const plain = await model.invoke(prompt("one"), config);
    let streamed: AIMessageChunk | undefined;
    for await (const chunk of await model.stream(prompt("two"), config)) {
      streamed = streamed ? concat(streamed, chunk) : chunk;
    }
    assert(streamed);
    const events = await model.streamEvents(prompt("three"), config);
    const answers = [plain, streamed, events].map(saidOf);
    const [ofPlain, ...ofStreams] = answers;
    for (const metadata of answers) {
      assert.match(String(metadata.callId), /^[0-9a-f-]{36}$/);
      assert.match(String(metadata.version), /^\d+\.\d+\.\d+/);
    }
    assert.equal(new Set(answers.map(({ callId }) => callId)).size, answers.length, "each call has an id of its own");
    // LangChain tells no handler of a model's own events.
    for (const [index, call] of handler.calls.entries()) {
      assert.deepEqual([call.callId, call.costUsd], [answers[index]?.callId, answers[index]?.costUsd]);
    }
    assert.equal(handler.calls.length, 2);
    if (!STAND_IN.test(plain.text)) return;
    assert.ok(Math.abs(Number(ofPlain?.costUsd) - COST) < 1e-9, `it cost ${ofPlain?.costUsd}`);
    // 1.106 always says what a stream cost; older ones only with include_cost_in_streaming_usage.
    const expected = isFrom106(ofPlain?.version) ? COST : undefined;
    for (const { costUsd } of ofStreams) {
      assert.ok(costUsd === expected || Math.abs(Number(costUsd) - Number(expected)) < 1e-9, `it cost ${costUsd}`);
    }
  });
}

function saidOf({ response_metadata }: AIMessage): LiteLLMResponseMetadata {
  assert.ok(response_metadata.litellm, "the answer says nothing of LiteLLM");
  return response_metadata.litellm;
}

function isFrom106(version = ""): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 1 || minor >= 106;
}

/** What is indexed, what is looked up and what answers: one session, also with nothing passed on by hand. */
function retrieval(endpoint: Endpoint): Scenario {
  return scenario(endpoint, "a vector store's, and the model that answers", 3, async (run) => {
    const { connection, embeddingModel, model, sessionId, prompt } = run;
    const embeddings = new SessionOpenAIEmbeddings({ ...connection, model: `${embeddingModel}`, sessionId: false });
    const store = await MemoryVectorStore.fromTexts(
      [prompt("Robots tell stories.")],
      [{}],
      embeddings.withSession(sessionId),
    );
    const answering = new MemoryVectorStore(embeddings);
    answering.memoryVectors = store.memoryVectors;
    const chain = RunnableSequence.from([
      { context: answering.asRetriever(1), question: new RunnablePassthrough() },
      ChatPromptTemplate.fromTemplate("From {context}, answer {question}"),
      model,
    ]);
    await withSession(chain).invoke(prompt("Who tells stories?"), { configurable: { sessionId } });
  });
}
