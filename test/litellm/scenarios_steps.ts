import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableLambda } from "@langchain/core/runnables";
import { type SessionChatOpenAI, SessionOpenAIEmbeddings, withSession } from "../../src/index.js";
import type { SeenRequest } from "./provider.js";
import type { SpendRow } from "./rows.js";
import { type Endpoint, type Scenario, type ScenarioRun, type ScenarioSession, scenario } from "./scenario.js";

type Run = ScenarioSession & Omit<ScenarioRun, "sessions">;

/** The names of the runs around each call: the step that every row must have. */
const PATH = ["answer", "ask"];

/**
 * The steps of the app in the proxy's rows, alone and beside everything that the user writes into the same places.
 * `kept` are the keys of `spend_logs_metadata` and the tags that each row must have too.
 */
export const STEP_SCENARIOS: readonly Scenario[] = [
  chat("chat", "logSteps", {}, {}),
  chat("responses", "logSteps", {}, {}),
  embeddings(),
  chat(
    "chat",
    "logSteps beside metadata and tags",
    // 1.70.4 and 1.81.12 drop the tags of `metadata` by themselves, if the body or the header has tags too.
    { body: { metadata: { spend_logs_metadata: { a: 1 }, tags: ["t1"] } } },
    { keys: ["a"], tags: ["t1"] },
  ),
  chat("chat", "logSteps beside tags", { body: { tags: ["t2"] } }, { tags: ["t2"] }),
  chat(
    "chat",
    "logSteps beside litellm_metadata",
    {
      body: {
        metadata: { spend_logs_metadata: { a: 1 }, tags: ["t1"] },
        litellm_metadata: { spend_logs_metadata: { b: 1 }, tags: ["t2"] },
      },
    },
    { keys: ["a", "b"], tags: ["t1", "t2"] },
  ),
  chat(
    "responses",
    "logSteps beside litellm_metadata and tags",
    { body: { litellm_metadata: { spend_logs_metadata: { b: 1 }, tags: ["t1"] } } },
    { keys: ["b"], tags: ["t1"] },
  ),
  // 1.70.4 does not read the header: the user's own key is then lost without this package, too.
  chat(
    "chat",
    "logSteps beside the header",
    {
      headers: { "x-litellm-spend-logs-metadata": '{"c":"é"}', "x-litellm-tags": "t2" },
    },
    { tags: ["t2"] },
  ),
  chat(
    "responses",
    "logSteps beside the header",
    { headers: { "x-litellm-spend-logs-metadata": '{"c":1}', "x-litellm-tags": "t2" } },
    { tags: ["t2"] },
  ),
];

interface Own {
  readonly body?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
}

interface Kept {
  readonly keys?: readonly string[];
  readonly tags?: readonly string[];
}

/** A plain call and a stream inside a chain. */
function chat(endpoint: Endpoint, name: string, { body, headers }: Own, kept: Kept): Scenario {
  const options = { ...(body && { extraBody: body }), ...(headers && { options: { headers } }) };
  return withChecks(kept, endpoint, name, 2, async ({ newModel, sessionId, prompt }) => {
    const model = newModel({ sessionId: false, logSteps: true }).withConfig(options) as SessionChatOpenAI;
    await inChain(sessionId, async () => {
      await ChatPromptTemplate.fromMessages([["user", "{text}"]])
        .pipe(model)
        .withConfig({ runName: "ask" })
        .invoke({ text: prompt("one") });
      const streaming = RunnableLambda.from(async (text: string) => {
        for await (const _ of await model.stream(text));
      });
      await streaming.withConfig({ runName: "ask" }).invoke(prompt("two"));
    });
  });
}

function embeddings(): Scenario {
  return withChecks({}, "embeddings", "logSteps", 2, async ({ connection, embeddingModel, sessionId, prompt }) => {
    const fields = { ...connection, model: `${embeddingModel}`, sessionId: false as const, logSteps: true };
    const model = new SessionOpenAIEmbeddings(fields);
    const ask = RunnableLambda.from(async () => {
      await model.embedQuery(prompt("one"));
      await model.embedDocuments([prompt("two")]);
    });
    await inChain(sessionId, () => ask.withConfig({ runName: "ask" }).invoke("x"));
  });
}

function inChain(sessionId: string, run: () => Promise<unknown>): Promise<unknown> {
  return withSession(RunnableLambda.from(run).withConfig({ runName: "answer" }), { sessionId }).invoke("x");
}

function withChecks(
  kept: Kept,
  endpoint: Endpoint,
  name: string,
  rows: number,
  use: (run: Run) => Promise<unknown>,
): Scenario {
  return { ...scenario(endpoint, name, rows, use), problemInRows: (all) => problemInRows(all, kept), problemSeen };
}

function problemInRows(rows: readonly SpendRow[], { keys = [], tags = [] }: Kept): string | undefined {
  for (const row of rows) {
    const fields = objectOf(objectOf(row.metadata).spend_logs_metadata);
    const { path } = objectOf(fields.langchain) as { path?: { name: string }[] };
    const names = path?.map(({ name }) => name).filter((each) => PATH.includes(each));
    if (String(names) !== String(PATH)) return `a row's step is ${JSON.stringify(fields)}`;
    const lost = keys.filter((key) => fields[key] === undefined);
    if (lost.length > 0) return `a row has lost ${lost} of spend_logs_metadata: ${JSON.stringify(fields)}`;
    const lostTags = tags.filter((tag) => !JSON.stringify(row.tags ?? []).includes(tag));
    if (lostTags.length > 0) return `a row has lost the tags ${lostTags}: ${JSON.stringify(row.tags)}`;
  }
  return undefined;
}

/** The provider must get nothing of the steps. */
function problemSeen(seen: readonly SeenRequest[]): string | undefined {
  const text = JSON.stringify(seen);
  return /spend_logs|langchain"|run_id/.test(text) ? `the provider saw the step: ${text.slice(0, 500)}` : undefined;
}

function objectOf(value: unknown): Record<string, unknown> {
  const parsed: unknown = typeof value === "string" ? JSON.parse(value) : value;
  return (parsed ?? {}) as Record<string, unknown>;
}
