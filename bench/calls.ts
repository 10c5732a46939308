import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent } from "langchain";
import { type ClientOptions, OpenAI } from "openai";
import { z } from "zod";
import { SessionCallbackHandler, SessionChatOpenAI, withSession } from "../src/index.js";
import { cannedFetch } from "./canned_fetch.js";
import { type Duel, runDuels, startServer } from "./measure.js";

/** What a session costs on each way a call is made, inside this process: the ratio is stable, and tells a change of a few percent. */
export async function benchCalls(): Promise<boolean> {
  const configuration = { baseURL: "http://127.0.0.1:4000/v1", fetch: cannedFetch };
  return runDuels(duels(configuration), "process");
}

/** The same over a socket, where the request itself costs more: what a user would notice. */
export async function benchNetwork(): Promise<boolean> {
  const { baseURL, stop } = await startServer();
  try {
    return await runDuels(duels({ baseURL }), "network");
  } finally {
    stop();
  }
}

/** The duels, on models and SDK clients that reach the provider by this configuration. */
function duels(configuration: ClientOptions & { baseURL: string }): Duel[] {
  const fields = { model: "gpt-4o", apiKey: "sk-bench", maxRetries: 0, configuration };
  const ours = new SessionChatOpenAI({ ...fields, sessionId: "session" });
  const theirs = new ChatOpenAI({ ...fields, modelKwargs: { litellm_session_id: "session" } });
  const off = new SessionChatOpenAI({ ...fields, sessionId: false });
  const plain = new ChatOpenAI(fields);

  let calls = 0;
  const nextSession = () => `session ${calls++ % 1_000}`;
  const newModel = () => new ChatOpenAI({ ...fields, modelKwargs: { litellm_session_id: nextSession() } });

  const lookup = tool(async ({ word }) => word, {
    name: "lookup",
    description: "",
    schema: z.object({ word: z.string() }),
  });
  const answer = z.object({ answer: z.string() });
  const agents = {
    ours: createAgent({ model: ours, tools: [lookup] }),
    theirs: createAgent({ model: theirs, tools: [lookup] }),
  };
  const question = { messages: [{ role: "user", content: "a" }] };
  const chain = ChatPromptTemplate.fromTemplate("{text}").pipe(ours).pipe(new StringOutputParser());
  const wrapped = withSession(chain, { sessionId: "session" });
  const configured = chain.withConfig({ configurable: { sessionId: "session" } });
  const sdk = new OpenAI({ apiKey: "sk-bench", maxRetries: 0, ...configuration });
  const request = { model: "gpt-4o", messages: [{ role: "user" as const, content: "a" }] };

  return [
    {
      work: "invoke, sessions off",
      rival: "ChatOpenAI",
      limit: { process: 1.1 },
      times: 150,
      ours: () => off.invoke("a"),
      theirs: () => plain.invoke("a"),
    },
    {
      work: "invoke",
      rival: "ChatOpenAI, modelKwargs",
      limit: { process: 1.14, network: 1.03 },
      times: 150,
      ours: () => ours.invoke("a"),
      theirs: () => theirs.invoke("a"),
    },
    {
      work: "stream of 30 chunks",
      rival: "ChatOpenAI, modelKwargs",
      limit: { process: 1.09, network: 1.03 },
      times: 60,
      ours: async () => drain(await ours.stream("30")),
      theirs: async () => drain(await theirs.stream("30")),
    },
    {
      work: "stream of 300 chunks",
      rival: "ChatOpenAI, modelKwargs",
      limit: { process: 1.06, network: 1.03 },
      times: 12,
      ours: async () => drain(await ours.stream("300")),
      theirs: async () => drain(await theirs.stream("300")),
    },
    {
      work: "a session a call",
      rival: "a new ChatOpenAI a session",
      // Not less over the network: the next row, which has no session at all, is what there is to gain.
      limit: { process: 0.88, network: 0.95 },
      times: 150,
      ours: () => ours.invoke("a", { sessionId: nextSession() }),
      theirs: () => newModel().invoke("a"),
    },
    {
      work: "one ChatOpenAI, no session",
      rival: "a new ChatOpenAI a session",
      times: 150,
      ours: () => theirs.invoke("a"),
      theirs: () => newModel().invoke("a"),
    },
    {
      work: "bindTools + invoke",
      rival: "ChatOpenAI",
      limit: { process: 0.97, network: 1 },
      times: 100,
      ours: () => ours.bindTools([lookup]).invoke("a"),
      theirs: () => theirs.bindTools([lookup]).invoke("a"),
    },
    {
      work: "withStructuredOutput + invoke",
      rival: "ChatOpenAI",
      limit: { process: 1, network: 1 },
      times: 60,
      ours: () => ours.withStructuredOutput(answer).invoke("a"),
      theirs: () => theirs.withStructuredOutput(answer).invoke("a"),
    },
    {
      work: "createAgent, one tool",
      rival: "the same agent on ChatOpenAI",
      limit: { process: 1.01, network: 1 },
      times: 25,
      ours: () => agents.ours.invoke(question),
      theirs: () => agents.theirs.invoke(question),
    },
    {
      work: "RunnableWithSession, 3 steps",
      rival: "the chain in withConfig({ configurable })",
      limit: { process: 1.07, network: 1.05 },
      times: 100,
      ours: () => wrapped.invoke({ text: "a" }),
      theirs: () => configured.invoke({ text: "a" }),
    },
    {
      work: "SessionCallbackHandler, agent",
      rival: "a bare handler with its methods",
      limit: { process: 1.05, network: 1.05 }, // Names and paths of runs, besides the calls: 1.04 before.
      times: 25,
      ours: () => agents.ours.invoke(question, { callbacks: [new SessionCallbackHandler()] }),
      theirs: () => agents.ours.invoke(question, { callbacks: [new BareHandler()] }),
    },
    {
      work: "a copy",
      rival: "ChatOpenAI.withConfig",
      limit: { process: 0.08, network: 0.3 },
      times: 4_000,
      ours: () => ours.withConfig({ stop: ["."] }),
      theirs: () => theirs.withConfig({ stop: ["."] }),
    },
    {
      work: "50 calls at once (wall time)",
      rival: "ChatOpenAI",
      limit: { network: 1.03 },
      only: "network",
      clock: "wall",
      times: 2,
      ours: () => Promise.all(Array.from({ length: 50 }, () => ours.invoke("a"))),
      theirs: () => Promise.all(Array.from({ length: 50 }, () => theirs.invoke("a"))),
    },
    {
      work: "invoke",
      rival: "the openai SDK",
      times: 150,
      ours: () => ours.invoke("a"),
      theirs: () => sdk.chat.completions.create(request),
    },
    {
      work: "invoke",
      rival: "fetch",
      only: "network",
      times: 150,
      ours: () => ours.invoke("a"),
      theirs: async () =>
        (
          await fetch(`${configuration.baseURL}/chat/completions`, {
            method: "POST",
            headers: { "content-type": "application/json", authorization: "Bearer sk-bench" },
            body: JSON.stringify(request),
          })
        ).json(),
    },
  ];
}

/** What LangChain's handlers cost in themselves. */
class BareHandler extends BaseCallbackHandler {
  override name = "BareHandler";
  override awaitHandlers = true;
  override handleChatModelStart(): void {}
  override handleLLMStart(): void {}
  override handleLLMEnd(): void {}
  override handleLLMError(): void {}
  override handleLLMNewToken(): void {}
  override handleChatModelStreamEvent(): void {}
  override handleChainStart(): void {}
  override handleChainEnd(): void {}
  override handleChainError(): void {}
  override handleToolStart(): void {}
  override handleToolEnd(): void {}
  override handleToolError(): void {}
  override handleRetrieverStart(): void {}
  override handleRetrieverEnd(): void {}
  override handleRetrieverError(): void {}
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
