import fc from "fast-check";
import { afterEach, beforeEach, vi } from "vitest";

// The same values in each run: a new counterexample must not fail somebody else's change. `FC_SEED=$RANDOM` looks for one.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.FC_SEED ?? 1) });

/**
 * The tokenizer that LangChain downloads to count the tokens of a streamed answer: one token a byte.
 * Without a download, it retries for minutes before it counts approximately.
 */
const TOKENIZER = {
  pat_str: "[\\s\\S]",
  special_tokens: {},
  bpe_ranks: `! 0 ${Array.from({ length: 256 }, (_, byte) => Buffer.from([byte]).toString("base64")).join(" ")}`,
};

/** Fails a test that makes a request to another machine. */
const realFetch = globalThis.fetch;
const outside: string[] = [];

globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  // The openai SDK asks a custom fetch for `data:,` before it sends a form.
  if (url.hostname === "127.0.0.1" || url.protocol === "data:") return realFetch(input, init);
  if (url.hostname === "tiktoken.pages.dev") return Response.json(TOKENIZER);
  outside.push(url.href);
  throw new TypeError(`a test made a request to ${url.hostname}`);
};

/** Variables that decide where a model's requests go, by which key, and in which session. */
const VARIABLES = [
  "OPENAI_API_KEY",
  "OPENAI_ADMIN_KEY",
  "OPENAI_BASE_URL",
  "OPENAI_API_BASE",
  "LITELLM_API_KEY",
  "LITELLM_BASE_URL",
  "LITELLM_SESSION_ID",
];

beforeEach(() => {
  for (const name of VARIABLES) vi.stubEnv(name, undefined);
  vi.stubEnv("LANGSMITH_TRACING", "false");
});

afterEach(() => {
  vi.unstubAllEnvs();
  const requests = outside.splice(0);
  if (requests.length > 0) throw new Error(`requests left this machine: ${requests.join(", ")}`);
});
