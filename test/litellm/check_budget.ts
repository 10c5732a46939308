import assert from "node:assert/strict";
import { newSessionId, SessionBudgetError, SessionChatOpenAI, SessionOpenAIEmbeddings } from "../../src/index.js";
import type { Lab } from "./lab.js";

/** The releases under test that cap a session. */
export const CAPPING: readonly string[] = ["1.106.0"];

/**
 * A session that may make two calls: the third is rejected in each form, is recognised and is not
 * retried.
 */
export async function checkIterations(lab: Lab): Promise<void> {
  const key = await generateKey(lab, { metadata: { max_iterations: 2 } });
  for (const useResponsesApi of [false, true]) {
    const { model, embeddings, sent } = clientsOf(lab, key, useResponsesApi);
    const sessionId = newSessionId();
    const session = { model: model.withSession(sessionId), embeddings: embeddings.withSession(sessionId) };
    await session.model.invoke("one");
    await session.embeddings.embedQuery("two");
    const attempts: Record<string, () => Promise<unknown>> = {
      plain: () => session.model.invoke("three"),
      streamed: async () => {
        for await (const _ of await session.model.stream("four"));
      },
      embedded: () => session.embeddings.embedQuery("five"),
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      const before = sent();
      const error: unknown = await attempt().then(
        () => undefined,
        (thrown) => thrown,
      );
      assert.equal(sent() - before, 1, `${name}: ${sent() - before} requests`);
      assertRefused(name, error, sessionId, "iterations");
    }
    await model.withSession().invoke("another session");
    // LiteLLM counts by the header, which can't hold this id.
    for (let call = 0; call < 3; call += 1) await model.invoke("hi", { sessionId: `Gespräch ${sessionId}` });
  }
}

/** A session whose budget is less than the cost of one call: the second is rejected. */
export async function checkBudget(lab: Lab): Promise<void> {
  const skills: unknown[] = [];
  const card = { protocolVersion: "1.0", name: "a", description: "", url: "http://a", version: "1", capabilities: {} };
  const { agent_id } = await post(lab, "/v1/agents", {
    agent_name: newSessionId(),
    agent_card_params: { ...card, skills, defaultInputModes: ["text"], defaultOutputModes: ["text"] },
    litellm_params: { max_budget_per_session: 0.00001 },
  });
  const { model } = clientsOf(lab, await generateKey(lab, { agent_id }), false);
  const sessionId = newSessionId();
  await model.invoke("one", { sessionId });
  // LiteLLM adds the cost of a call after its answer.
  const deadline = Date.now() + 30_000;
  let error: unknown;
  while (error === undefined && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    error = await model.invoke("two", { sessionId }).then(
      () => undefined,
      (thrown) => thrown,
    );
  }
  assertRefused("plain", error, sessionId, "budget");
}

function assertRefused(name: string, error: unknown, sessionId: string, limit: string): void {
  assert.ok(SessionBudgetError.isInstance(error), `${name}: not recognised: ${error}`);
  assert.deepEqual([error.limit, error.status, error.sessionId], [limit, 429, sessionId], name);
  assert.match(String(error.callId), /^[0-9a-f-]{36}$/, name);
}

/** Clients with retries, and the number of their requests. */
function clientsOf(lab: Lab, apiKey: string, useResponsesApi: boolean) {
  let requests = 0;
  const counting: typeof fetch = (input, init) => {
    requests += 1;
    return fetch(input, init);
  };
  const configuration = { baseURL: lab.baseURL, fetch: counting };
  const connection = { apiKey, maxRetries: 2, configuration, sessionId: false } as const;
  return {
    model: new SessionChatOpenAI({ ...connection, model: lab.model, useResponsesApi }),
    embeddings: new SessionOpenAIEmbeddings({ ...connection, model: `${lab.embeddingModel}` }),
    sent: () => requests,
  };
}

async function generateKey(lab: Lab, body: unknown): Promise<string> {
  const { key } = await post(lab, "/key/generate", body);
  return String(key);
}

async function post({ baseURL, apiKey }: Lab, path: string, body: unknown): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const response = await fetch(baseURL + path, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `POST ${path}: ${response.status} ${await response.clone().text()}`);
  return (await response.json()) as Record<string, unknown>;
}
