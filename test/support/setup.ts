import { afterEach, beforeEach, vi } from "vitest";

/**
 * Nothing in the tests leaves this machine. LangChain counts tokens with a tokenizer that it
 * downloads; where it can't, it counts approximately, at once after a 404.
 */
const realFetch = globalThis.fetch;
const outside: string[] = [];

globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.hostname === "127.0.0.1") return realFetch(input, init);
  if (url.hostname === "tiktoken.pages.dev") return new Response(null, { status: 404 });
  outside.push(url.href);
  throw new TypeError(`a test made a request to ${url.hostname}`);
};

beforeEach(() => {
  for (const name of ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "LITELLM_SESSION_ID"]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv("LANGSMITH_TRACING", "false");
});

afterEach(() => {
  vi.unstubAllEnvs();
  const requests = outside.splice(0);
  if (requests.length > 0) throw new Error(`requests left this machine: ${requests.join(", ")}`);
});
