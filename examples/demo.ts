/**
 * Runs the examples, then prints the log of their sessions, and what went wrong if an id strayed.
 * Against a gateway of its own; with LITELLM_BASE_URL (and LITELLM_API_KEY, LITELLM_MODEL) against
 * that LiteLLM proxy.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { renderSession, type SessionCallbackHandler } from "langchain-litellm-session";
import { answerLikeLiteLLM } from "../test/support/gateway/litellm_headers.js";
import { Gateway, sendJson } from "../test/support/gateway/server.js";
import { type ExampleSessions, findStrays, formatLog, SessionLog } from "./session_log.js";

/** In the order in which they run. Each exports `sessions`: the ids of its sessions. */
const EXAMPLES = [
  { example: "script", shows: "one model object, two calls" },
  { example: "chain", shows: "two calls of a chain with parallel branches" },
  { example: "agent", shows: "a tool-calling agent, two turns in one thread" },
  { example: "responses", shows: "two conversations that send only what is new" },
  { example: "concurrent", shows: "20 conversations at once through one model" },
  { example: "steps", shows: "an agent with a sub-agent, tools, parallel calls, and one that fails and is repeated" },
] as const;

async function main(): Promise<void> {
  const gateway = process.env.LITELLM_BASE_URL ? undefined : await startStandIn();
  const { baseURL, apiKey, model } = {
    baseURL: gateway?.url ?? process.env.LITELLM_BASE_URL ?? "",
    apiKey: gateway ? "sk-demo" : process.env.LITELLM_API_KEY || "none",
    model: process.env.LITELLM_MODEL || "gpt-4o",
  };
  if (gateway) console.log("Proxy: a stand-in inside this process. For yours, set LITELLM_BASE_URL.\n");
  else console.log(`Proxy: ${baseURL}, model ${model}. About 60 short requests.\n`);
  try {
    if (!gateway) await checkProxy(baseURL, apiKey, model);
    Object.assign(process.env, { LITELLM_BASE_URL: baseURL, LITELLM_API_KEY: apiKey, LITELLM_MODEL: model });
    Object.assign(process.env, { LITELLM_DEMO: "true", ...(gateway ? { LITELLM_SMALL_MODEL: "gpt-4o-mini" } : {}) });
    await runExamples(baseURL);
  } finally {
    await gateway?.stop();
  }
}

/** Names costs as LiteLLM does, takes its time, and has no model of one name. */
async function startStandIn(): Promise<Gateway> {
  const gateway = await Gateway.start();
  answerLikeLiteLLM(gateway);
  let requests = 0;
  gateway.respond(async ({ body: { model } }, response) => {
    requests += 1;
    await sleep(20 + ((requests * 37) % 100));
    if (model !== "no-such-model") return false;
    const message = `/chat/completions: Invalid model name passed in model=${model}`;
    sendJson(response, 400, { error: { message, type: "None", param: "None", code: "400" } });
    return true;
  });
  return gateway;
}

async function runExamples(baseURL: string): Promise<void> {
  const log = new SessionLog();
  log.install(baseURL);
  const done: ExampleSessions[] = [];
  const recorded: SessionCallbackHandler[] = [];
  for (const { example, shows } of EXAMPLES) {
    console.log(`${example}: ${shows}`);
    log.example = example;
    const { sessions, handler }: Pick<ExampleSessions, "sessions"> & { handler?: SessionCallbackHandler } =
      await import(`./${example}.ts`);
    done.push({ example, sessions });
    if (handler) recorded.push(handler);
  }
  await log.complete();
  console.log(`\n${formatLog(log.requests)}\n`);

  const strays = findStrays(log.requests, done);
  for (const stray of strays) console.error(stray);
  if (strays.length > 0) throw new Error(`${strays.length} strayed`);
  const sessions = done.flatMap((each) => each.sessions);
  console.log(`${log.requests.length} requests in ${sessions.length} sessions: each carried the id of its own.`);
  for (const handler of recorded) console.log(`\n${renderSession(handler)}`);
}

/**
 * One short request, so that a wrong setting ends in one line, and not in LangChain's retries.
 *
 * @throws {Error} that says what to change.
 */
async function checkProxy(baseURL: string, apiKey: string, model: string): Promise<void> {
  if (!/^https?:/.test(baseURL) || !URL.canParse(baseURL)) {
    throw new Error(`LITELLM_BASE_URL is not a URL such as http://localhost:4000: ${baseURL}`);
  }
  const response = await fetch(`${baseURL.replace(/\/+$/, "")}/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Say OK." }] }),
    signal: AbortSignal.timeout(60_000),
  }).catch((error: Error) => {
    const cause = error.cause as { code?: string; message?: string } | undefined;
    throw new Error(`LITELLM_BASE_URL can't be reached: ${baseURL}: ${cause?.code ?? cause?.message ?? error.message}`);
  });
  const answer = (await response.json().catch(() => undefined)) as
    | { choices?: unknown; error?: { message?: unknown; type?: unknown } }
    | undefined;
  if (response.ok && answer?.choices) return;
  const { status } = response;
  // A proxy without a database knows its master key alone, and says so of any other.
  if (status === 401 || answer?.error?.type === "no_db_connection") {
    throw new Error(`LITELLM_API_KEY was refused by ${baseURL} (HTTP ${status})`);
  }
  const message = String(answer?.error?.message ?? "").split("\n")[0];
  if (!message) throw new Error(`LITELLM_BASE_URL is not a LiteLLM proxy: ${baseURL} (HTTP ${status})`);
  throw new Error(`LITELLM_MODEL "${model}" did not answer at ${baseURL} (HTTP ${status}): ${message.slice(0, 200)}`);
}

// The exit code is set rather than forced, so that what was printed is not cut off in a pipe.
await main().catch((error: unknown) => {
  const [line] = String(error instanceof Error ? error.message : error).split("\n");
  console.error(`demo: ${line}`);
  process.exitCode = 1;
});
