import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { ChatAnthropic } from "@langchain/anthropic";
import { CohereRerank } from "@langchain/cohere";
import { ChatOpenAI, OpenAI as LegacyOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { embed, generateText, streamText } from "ai";
import { CohereClient } from "cohere-ai";
import OpenAI, { toFile } from "openai";
import { sessionFetch } from "../../src/index.js";
import { MODELS } from "./proxy.js";
import { type Scenario, type ScenarioRun, type ScenarioSession, scenario } from "./scenario.js";

/** A client that is not of this package, with a `fetch` in a session. Each makes two requests. */
type Client = (run: {
  readonly fetch: typeof fetch;
  /** With `/v1`. */
  readonly baseURL: string;
  /** Without `/v1`. */
  readonly root: string;
  readonly apiKey: string;
  readonly model: string;
  readonly session: ScenarioSession;
}) => Promise<unknown>;

const CLIENTS: Record<string, Client> = {
  ChatOpenAI: async ({ session: { prompt }, ...run }) => {
    const model = new ChatOpenAI({ ...langchain(run), model: run.model });
    await model.invoke(prompt("one"));
    for await (const _ of await model.stream(prompt("two")));
  },
  ChatAnthropic: async ({ fetch, root, apiKey, session: { prompt } }) => {
    const fields = { model: MODELS.messages, apiKey, anthropicApiUrl: root, maxRetries: 0, clientOptions: { fetch } };
    const chat = new ChatAnthropic(fields);
    await chat.invoke(prompt("one"));
    for await (const _ of await chat.stream(prompt("two")));
  },
  "OpenAI of @langchain/openai": async ({ session: { prompt }, ...run }) => {
    const model = new LegacyOpenAI({ ...langchain(run), model: MODELS.completions });
    await model.invoke(prompt("one"));
    await model.invoke(prompt("two"));
  },
  OpenAIEmbeddings: async ({ session: { prompt }, ...run }) => {
    const embeddings = new OpenAIEmbeddings({ ...langchain(run), model: MODELS.embeddings });
    await embeddings.embedQuery(prompt("one"));
    await embeddings.embedQuery(prompt("two"));
  },
  "openai SDK": async ({ fetch, baseURL, apiKey, model, session: { prompt } }) => {
    const client = new OpenAI({ apiKey, baseURL, fetch, maxRetries: 0 });
    await client.chat.completions.create({ model, messages: [{ role: "user", content: prompt("one") }] });
    await client.responses.create({ model, input: prompt("two") });
  },
  "openai SDK, transcriptions": async ({ fetch, baseURL, apiKey, session: { prompt } }) => {
    const client = new OpenAI({ apiKey, baseURL, fetch, maxRetries: 0 });
    for (const text of ["one", "two"]) {
      const file = await toFile(Buffer.from("RIFF"), "speech.wav");
      await client.audio.transcriptions.create({ model: MODELS.transcriptions, file, prompt: prompt(text) });
    }
  },
  "Anthropic SDK": async ({ fetch, root, apiKey, session: { prompt } }) => {
    const model = MODELS.messages;
    const client = new Anthropic({ apiKey, baseURL: root, fetch, maxRetries: 0 });
    for (const text of ["one", "two"]) {
      await client.messages.create({ model, max_tokens: 9, messages: [{ role: "user", content: prompt(text) }] });
    }
  },
  CohereRerank: async ({ fetch, root, apiKey, session: { prompt } }) => {
    const client = new CohereClient({ token: apiKey, environment: root, fetch, maxRetries: 0 });
    const reranker = new CohereRerank({ model: MODELS.rerank, client });
    await reranker.rerank(["robots"], prompt("one"));
    await reranker.rerank(["robots"], prompt("two"));
  },
  "AI SDK": async ({ fetch, baseURL, apiKey, model, session: { prompt } }) => {
    const litellm = createOpenAICompatible({ name: "litellm", apiKey, baseURL, fetch });
    await generateText({ model: litellm(model), prompt: prompt("one"), maxRetries: 0 });
    for await (const _ of streamText({ model: litellm(model), prompt: prompt("two"), maxRetries: 0 }).textStream);
  },
  "AI SDK, embed": async ({ fetch, baseURL, apiKey, session: { prompt } }) => {
    const litellm = createOpenAICompatible({ name: "litellm", apiKey, baseURL, fetch });
    for (const text of ["one", "two"]) {
      await embed({ model: litellm.textEmbeddingModel(MODELS.embeddings), value: prompt(text), maxRetries: 0 });
    }
  },
};

function langchain({ fetch, baseURL, apiKey }: Pick<Parameters<Client>[0], "fetch" | "baseURL" | "apiKey">) {
  return { apiKey, maxRetries: 0, configuration: { baseURL, fetch } };
}

/** Clients of others with `sessionFetch`, the table of docs/other-clients.md. */
export const CLIENT_SCENARIOS: readonly Scenario[] = Object.entries(CLIENTS).map(([name, client]) =>
  scenario("clients", name, 2, ({ connection, model, ...session }: ScenarioSession & Omit<ScenarioRun, "sessions">) => {
    const { baseURL, fetch } = connection.configuration;
    return client({
      fetch: sessionFetch({ sessionId: session.sessionId, fetch }),
      baseURL,
      root: baseURL.replace(/\/v1\/?$/, ""),
      apiKey: connection.apiKey,
      model: model.model,
      session,
    });
  }),
);
