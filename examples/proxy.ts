import { SessionLogs } from "langchain-litellm-session";

const { LITELLM_BASE_URL, LITELLM_API_KEY, LITELLM_MODEL, LITELLM_SMALL_MODEL } = process.env;

if (!LITELLM_BASE_URL) throw new Error("Set LITELLM_BASE_URL to your LiteLLM proxy, or run `npm run demo`.");

/** The LiteLLM proxy that the examples talk to. */
export const proxy = {
  model: LITELLM_MODEL || "gpt-4o",
  apiKey: LITELLM_API_KEY || "none",
  configuration: { baseURL: LITELLM_BASE_URL },
};

/** A cheaper model, for steps that need no better one. */
export const smallModel = LITELLM_SMALL_MODEL || proxy.model;

/** Says where to look at what an example did, if it runs by itself. The demo prints a table of all. */
export function printSessions(sessions: readonly (string | false | undefined)[]): void {
  if (process.env.LITELLM_DEMO) return;
  const logs = new SessionLogs({ baseURL: LITELLM_BASE_URL });
  for (const session of sessions) if (session) console.log(`session ${session}: ${logs.url(session)}`);
}
