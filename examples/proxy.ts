const { LITELLM_BASE_URL, LITELLM_API_KEY, LITELLM_MODEL } = process.env;

if (!LITELLM_BASE_URL) throw new Error("Set LITELLM_BASE_URL to your LiteLLM proxy, or run `npm run demo`.");

/** The LiteLLM proxy that the examples talk to. */
export const proxy = {
  model: LITELLM_MODEL || "gpt-4o",
  apiKey: LITELLM_API_KEY || "none",
  configuration: { baseURL: LITELLM_BASE_URL },
};
