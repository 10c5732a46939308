import { HumanMessage } from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableLambda, RunnableParallel } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { createAgent } from "langchain";
import { z } from "zod";
import {
  newSessionId,
  SessionCallbackHandler,
  type SessionChatOpenAI,
  SessionOpenAIEmbeddings,
  withSession,
} from "../../src/index.js";
import { type Endpoint, type Scenario, scenario, sharedScenario } from "./scenario.js";
import { CLIENT_SCENARIOS } from "./scenarios_clients.js";
import { CONVERSATION_SCENARIOS } from "./scenarios_conversation.js";
import { METADATA_SCENARIOS } from "./scenarios_metadata.js";
import { STEP_SCENARIOS } from "./scenarios_steps.js";

/**
 * All scenarios that run on each proxy: one entry is one row in the table. Each
 * defines the number of requests of one session. `scenario` runs two sessions at the same time.
 */
export const SCENARIOS: readonly Scenario[] = [
  ...scenariosOf("chat"),
  ...scenariosOf("responses"),
  ...chatOnly("chat"),
  ...conversations("responses"),
  ...retrieval("embeddings"),
  ...METADATA_SCENARIOS,
  ...STEP_SCENARIOS,
  ...CONVERSATION_SCENARIOS,
  ...CLIENT_SCENARIOS,
];

function scenariosOf(endpoint: Endpoint): Scenario[] {
  return [
    scenario(endpoint, "invoke", 2, async ({ model, sessionId, prompt }) => {
      await model.invoke(prompt("one"), { sessionId });
      await model.invoke(prompt("two"), { sessionId });
    }),
    scenario(endpoint, "stream", 2, async ({ model, sessionId, prompt }) => {
      await readStream(model.stream(prompt("one"), { sessionId }));
      await readStream(model.stream(prompt("two"), { sessionId }));
    }),
    scenario(endpoint, "batch, one config", 3, ({ model, sessionId, prompt }) =>
      model.batch(["one", "two", "three"].map(prompt), { sessionId }),
    ),
    sharedScenario(endpoint, "batch, a config an input", 2, ({ model, sessions }) => {
      const both = [...sessions, ...sessions];
      return model.batch(
        both.map(({ prompt }) => prompt("one")),
        both.map(({ sessionId }) => ({ sessionId })),
      );
    }),
    scenario(endpoint, "structured output", 1, ({ model, sessionId, prompt }) =>
      model.withStructuredOutput(z.object({ word: z.string() })).invoke(prompt("one"), { configurable: { sessionId } }),
    ),
    scenario(endpoint, "chain with parallel branches", 3, ({ model, sessionId, prompt }) =>
      debate(model).invoke({ question: prompt("Why?") }, { configurable: { sessionId } }),
    ),
    scenario(endpoint, "RunnableWithSession, a new id", 3, ({ model, joined, prompt }) =>
      withSession(debate(model), { onSession: joined }).invoke({ question: prompt("Why?") }),
    ),
    scenario(endpoint, "RunnableWithSession, streamed", 3, ({ model, sessionId, prompt }) =>
      readStream(withSession(debate(model), { sessionId }).stream({ question: prompt("Why?") })),
    ),
    scenario(endpoint, "SessionCallbackHandler", 4, async ({ model, joined, prompt }) => {
      const handler = new SessionCallbackHandler();
      joined(handler.sessionId);
      await debate(model).invoke({ question: prompt("Why?") }, { callbacks: [handler] });
      await model.invoke(prompt("Thanks."), { callbacks: [handler] });
    }),
    sharedScenario(endpoint, "agent, a thread each", 4, ({ model, sessions }) => {
      const agent = createAgent({ model, tools: [lookUp], checkpointer: new MemorySaver() });
      return Promise.all(
        sessions.map(async ({ sessionId, prompt }) => {
          const config = { configurable: { thread_id: sessionId } };
          await agent.invoke({ messages: prompt("Look up bears.") }, config);
          await agent.invoke({ messages: prompt("Look up wolves.") }, config);
        }),
      );
    }),
    scenario(endpoint, "agent, streamed, two tools", 3, ({ model, sessionId, prompt }) => {
      const agent = createAgent({ model, tools: [lookUp, askModel(model, prompt)], checkpointer: new MemorySaver() });
      const config = { configurable: { thread_id: sessionId }, streamMode: "messages" as const };
      return readStream(agent.stream({ messages: prompt("Look up bears and ask about them.") }, config));
    }),
    scenario(endpoint, "agent in a RunnableWithSession", 3, ({ model, sessionId, prompt }) => {
      const agent = createAgent({ model, tools: [lookUp, askModel(model, prompt)] });
      const wrapped = withSession(RunnableLambda.from((messages: string) => agent.invoke({ messages })));
      return wrapped.invoke(prompt("Look up bears and ask about them."), { sessionId });
    }),
    scenario(
      endpoint,
      "20 concurrent sessions",
      5,
      async ({ model, sessionId, prompt }) => {
        await Promise.all([
          model.invoke(prompt("one"), { sessionId }),
          readStream(model.stream(prompt("two"), { sessionId })),
          debate(model).invoke({ question: prompt("Why?") }, { configurable: { session_id: sessionId } }),
        ]);
      },
      20,
    ),
  ];
}

/** Scenarios that do not depend on the endpoint. */
function chatOnly(endpoint: Endpoint): Scenario[] {
  return [
    scenario(endpoint, "the model's own session", 2, async ({ newModel, sessionId, prompt }) => {
      const model = newModel({ sessionId });
      await model.invoke(prompt("one"));
      await readStream(model.bindTools([lookUp]).stream(prompt("two")));
    }),
    scenario(endpoint, "an id made by the model", 2, async ({ newModel, joined, prompt }) => {
      const model = newModel({});
      joined(String(model.sessionId));
      await model.invoke(prompt("one"));
      await model.withConfig({ tags: ["copy"] }).invoke(prompt("two"));
    }),
    scenario(endpoint, "an id that no header carries", 2, async ({ model, joined, prompt }) => {
      const sessionId = `Gespräch 会話 ${newSessionId()}`;
      joined(sessionId);
      await model.invoke(prompt("one"), { sessionId });
      await readStream(model.stream(prompt("two"), { sessionId }));
    }),
    scenario(endpoint, "sessionTransport body", 2, async ({ newModel, sessionId, prompt }) => {
      const model = newModel({ sessionId, sessionTransport: "body" });
      await model.invoke(prompt("one"));
      await readStream(model.stream(prompt("two")));
    }),
  ];
}

/** Conversations of two requests. The second continues the first by the proxy's response id. */
function conversations(endpoint: Endpoint): Scenario[] {
  return [
    scenario(endpoint, "conversation from the messages", 2, async ({ newModel, sessionId, prompt }) => {
      const model = newModel({ sessionId, usePreviousResponseId: true });
      const first = new HumanMessage(prompt("one"));
      const answer = await model.invoke([first]);
      await readStream(model.stream([first, answer, new HumanMessage(prompt("two"))]));
    }),
  ].map((each) => ({ ...each, continued: 1 }));
}

function retrieval(endpoint: Endpoint): Scenario[] {
  return [
    scenario(endpoint, "in a RunnableWithSession", 2, ({ connection, embeddingModel, sessionId, prompt }) => {
      const embeddings = new SessionOpenAIEmbeddings({ ...connection, model: `${embeddingModel}`, sessionId: false });
      const retrieve = RunnableLambda.from(async (question: string) => {
        await embeddings.embedQuery(question);
        await embeddings.embedDocuments([question, question]);
      });
      return withSession(retrieve, { sessionId }).invoke(prompt("one"));
    }),
  ];
}

/** Two branches at the same time, then a lambda that calls the model without passing its config on. */
function debate(model: SessionChatOpenAI) {
  const side = (text: string) =>
    ChatPromptTemplate.fromTemplate(`${text}: {question}`).pipe(model).pipe(new StringOutputParser());
  return RunnableParallel.from({
    pro: side("Speak for it"),
    contra: side("Speak against it"),
    question: ({ question }: { question: string }) => question,
  }).pipe(async ({ pro, contra, question }) => (await model.invoke(`${question} ${pro} or ${contra}?`)).text);
}

const lookUp = tool(({ topic }) => `An article about ${topic}.`, {
  name: "look_up",
  description: "Looks up a topic.",
  schema: z.object({ topic: z.string() }),
});

/** A tool that calls the model without passing its config on. */
function askModel(model: SessionChatOpenAI, prompt: (text: string) => string) {
  return tool(async ({ question }) => (await model.invoke(prompt(question))).text, {
    name: "ask",
    description: "Answers a question.",
    schema: z.object({ question: z.string() }),
  });
}

async function readStream(stream: Promise<AsyncIterable<unknown>>): Promise<void> {
  let chunks = 0;
  for await (const _ of await stream) chunks += 1;
  if (chunks === 0) throw new Error("the stream was empty");
}
