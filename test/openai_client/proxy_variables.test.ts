import { AzureChatOpenAICompletions, type ChatOpenAIFields } from "@langchain/openai";
import { describe, expect, it, vi } from "vitest";
import { SessionChatOpenAI, SessionLogs, SessionOpenAIEmbeddings } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** A request that a class made, before it is routed to the gateway. */
interface SentRequest {
  host: string;
  key: string | null;
}

/** A `fetch` that routes requests to any host to the gateway, and the requests that it got. */
function routed(): { fetch: typeof fetch; sent: SentRequest[] } {
  const sent: SentRequest[] = [];
  return {
    sent,
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      sent.push({ host: url.host, key: new Headers(init?.headers).get("authorization") });
      return fetch(new URL(url.pathname.replace(/^.*\/v1\//, "/v1/"), gateway.current.url), init);
    },
  };
}

const PROXY = "http://litellm.example:4000/v1";
const OTHER = "http://other.example/v1";

type Fields = ChatOpenAIFields & { openAIApiKey?: string };

/** Each makes one request. */
const CLASSES: Record<string, (fields: Fields) => Promise<unknown>> = {
  "SessionChatOpenAI, chat": async (fields) => new SessionChatOpenAI(fields).invoke("hi"),
  "SessionChatOpenAI, responses": async (fields) =>
    new SessionChatOpenAI({ ...fields, useResponsesApi: true }).invoke("hi"),
  "SessionChatOpenAI, a stream of a bound copy": async (fields) =>
    collect(await new SessionChatOpenAI("gpt-4o", fields).withSession().bindTools([]).stream("hi")),
  SessionOpenAIEmbeddings: async (fields) => new SessionOpenAIEmbeddings(fields).embedQuery("hi"),
  "a copy of SessionOpenAIEmbeddings": async (fields) =>
    new SessionOpenAIEmbeddings(fields).withSession().embedDocuments(["hi"]),
};

interface Row {
  variables: Record<string, string>;
  fields?: Fields;
  /** The host and the key of the request, or the error. */
  expected: [host: string, key: string] | RegExp;
}

const LITELLM = { LITELLM_BASE_URL: PROXY, LITELLM_API_KEY: "sk-proxy" };
const NO_KEY = /no API key for the proxy of LITELLM_BASE_URL: set LITELLM_API_KEY/;
const NO_PROXY = /key is that of LITELLM_API_KEY, but nothing names the proxy: set LITELLM_BASE_URL/;

const ROWS: Record<string, Row> = {
  "two variables are enough": { variables: LITELLM, expected: ["litellm.example:4000", "sk-proxy"] },
  "LITELLM_API_KEY wins over OPENAI_API_KEY": {
    variables: { ...LITELLM, OPENAI_API_KEY: "sk-openai" },
    expected: ["litellm.example:4000", "sk-proxy"],
  },
  "OPENAI_ADMIN_KEY is not sent": {
    variables: { ...LITELLM, OPENAI_ADMIN_KEY: "sk-admin" },
    expected: ["litellm.example:4000", "sk-proxy"],
  },
  "space around the variables is dropped": {
    variables: { LITELLM_BASE_URL: ` ${PROXY}\n`, LITELLM_API_KEY: " sk-proxy\n" },
    expected: ["litellm.example:4000", "sk-proxy"],
  },
  "OPENAI_API_KEY never goes to the proxy": {
    variables: { LITELLM_BASE_URL: PROXY, OPENAI_API_KEY: "sk-openai" },
    expected: NO_KEY,
  },
  "OPENAI_ADMIN_KEY never goes to the proxy": {
    variables: { LITELLM_BASE_URL: PROXY, OPENAI_ADMIN_KEY: "sk-admin" },
    expected: NO_KEY,
  },
  "no key at all": { variables: { LITELLM_BASE_URL: PROXY }, expected: NO_KEY },
  "empty keys": {
    variables: { LITELLM_BASE_URL: PROXY, LITELLM_API_KEY: "", OPENAI_API_KEY: "sk-openai" },
    fields: { apiKey: "", configuration: { apiKey: undefined } },
    expected: NO_KEY,
  },
  "an undefined key in the configuration does not bring OPENAI_API_KEY in": {
    variables: { ...LITELLM, OPENAI_API_KEY: "sk-openai" },
    fields: { configuration: { apiKey: undefined } },
    expected: ["litellm.example:4000", "sk-proxy"],
  },
  "an undefined key in the configuration, and an apiKey": {
    variables: { LITELLM_BASE_URL: PROXY, OPENAI_API_KEY: "sk-openai" },
    fields: { apiKey: "sk-own", configuration: { apiKey: undefined } },
    expected: ["litellm.example:4000", "sk-own"],
  },
  "the field apiKey wins": {
    variables: { ...LITELLM, OPENAI_API_KEY: "sk-openai" },
    fields: { apiKey: "sk-own" },
    expected: ["litellm.example:4000", "sk-own"],
  },
  "the key of the configuration wins": {
    variables: LITELLM,
    fields: { configuration: { apiKey: "sk-own" } },
    expected: ["litellm.example:4000", "sk-own"],
  },
  "a key that is a function": {
    variables: LITELLM,
    fields: { apiKey: async () => "sk-fresh" },
    expected: ["litellm.example:4000", "sk-fresh"],
  },
  "the baseURL of the fields wins, and the key is OPENAI_API_KEY as in ChatOpenAI": {
    variables: { ...LITELLM, OPENAI_API_KEY: "sk-openai" },
    fields: { configuration: { baseURL: OTHER } },
    expected: ["other.example", "sk-openai"],
  },
  "LITELLM_API_KEY does not go to the baseURL of the fields": {
    variables: LITELLM,
    fields: { configuration: { baseURL: OTHER } },
    expected: /OPENAI_API_KEY/,
  },
  "an empty baseURL is none": {
    variables: LITELLM,
    fields: { configuration: { baseURL: "" } },
    expected: ["litellm.example:4000", "sk-proxy"],
  },
  "OPENAI_BASE_URL wins": {
    variables: { ...LITELLM, OPENAI_BASE_URL: OTHER, OPENAI_API_KEY: "sk-openai" },
    expected: ["other.example", "sk-openai"],
  },
  "OPENAI_API_BASE wins": {
    variables: { ...LITELLM, OPENAI_API_BASE: OTHER, OPENAI_API_KEY: "sk-openai" },
    expected: ["other.example", "sk-openai"],
  },
  "LITELLM_API_KEY does not go to OPENAI_BASE_URL": {
    variables: { ...LITELLM, OPENAI_BASE_URL: OTHER },
    expected: /OPENAI_API_KEY/,
  },
  "empty OPENAI variables are none": {
    variables: { ...LITELLM, OPENAI_BASE_URL: "", OPENAI_API_BASE: "" },
    expected: ["litellm.example:4000", "sk-proxy"],
  },
  "LITELLM_API_KEY alone does not go to OpenAI": {
    variables: { LITELLM_API_KEY: "sk-proxy", OPENAI_API_KEY: "sk-openai" },
    expected: ["api.openai.com", "sk-openai"],
  },
  "LITELLM_API_KEY alone, and no key of OpenAI": {
    variables: { LITELLM_API_KEY: "sk-proxy" },
    expected: /OPENAI_API_KEY/,
  },
  "the key of LITELLM_API_KEY in a field, and a forgotten LITELLM_BASE_URL": {
    variables: { LITELLM_API_KEY: "sk-proxy" },
    fields: { apiKey: "sk-proxy", configuration: { baseURL: undefined } },
    expected: NO_PROXY,
  },
  "one key for both": {
    variables: { LITELLM_API_KEY: "sk-openai", OPENAI_API_KEY: "sk-openai" },
    fields: { apiKey: "sk-openai" },
    expected: ["api.openai.com", "sk-openai"],
  },
  "no variable": { variables: {}, fields: { apiKey: "sk-own" }, expected: ["api.openai.com", "sk-own"] },
  "a LITELLM_BASE_URL without a protocol": {
    variables: { LITELLM_BASE_URL: "user:secret4711@localhost:4000", LITELLM_API_KEY: "sk-proxy" },
    expected: /Invalid environment variable LITELLM_BASE_URL: expected the URL of a LiteLLM proxy/,
  },
};

describe.each(Object.entries(CLASSES))("%s", (_, call) => {
  it.each(Object.entries(ROWS))("%s", async (_, { variables, fields, expected }) => {
    vi.spyOn(console, "warn").mockImplementation(() => {}); // About OpenAI's own host.
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const { fetch, sent } = routed();
    const made = async () => call({ maxRetries: 0, ...fields, configuration: { ...fields?.configuration, fetch } });
    if (expected instanceof RegExp) {
      const error = await made().then(
        () => undefined,
        (reason: Error) => reason,
      );
      expect(error?.message).toMatch(expected);
      expect(error?.message).not.toMatch(/sk-|4711/);
      expect(sent).toEqual([]);
    } else {
      await made();
      expect(sent).toEqual([{ host: expected[0], key: `Bearer ${expected[1]}` }]);
    }
    vi.mocked(console.warn).mockRestore();
  });
});

it("Azure's inner models and fields stay as they are", async () => {
  for (const [name, value] of Object.entries(LITELLM)) vi.stubEnv(name, value);
  const { fetch, sent } = routed();
  const azure = {
    azureOpenAIApiKey: "azure-key",
    azureOpenAIApiInstanceName: "instance",
    azureOpenAIApiDeploymentName: "deployment",
    azureOpenAIApiVersion: "2024-10-21",
  };
  const completions = new AzureChatOpenAICompletions({ ...azure, model: "gpt-4o", configuration: { fetch } });
  const model = new SessionChatOpenAI({ model: "gpt-4o", completions, apiKey: "sk-own" });
  await model.invoke("hi").catch(() => {});
  expect(sent.map(({ host }) => host)).toEqual(["instance.openai.azure.com"]);
  gateway.current.reset(); // The gateway does not know the path of a deployment.
  expect(JSON.stringify(new SessionChatOpenAI({ ...azure, apiKey: "sk-own" } as Fields))).not.toContain(
    "litellm.example",
  );
});

it("a model made with the variables keeps its proxy and its key when they change", async () => {
  for (const [name, value] of Object.entries(LITELLM)) vi.stubEnv(name, value);
  const { fetch, sent } = routed();
  const model = new SessionChatOpenAI({ configuration: { fetch } });
  vi.stubEnv("LITELLM_BASE_URL", OTHER);
  vi.stubEnv("LITELLM_API_KEY", "sk-other");
  await model.invoke("hi");
  await model.withSession().invoke("hi");
  expect(sent).toEqual(Array(2).fill({ host: "litellm.example:4000", key: "Bearer sk-proxy" }));
});

it("OPENAI_ADMIN_KEY is not sent by the SDK's client of a model", async () => {
  for (const [name, value] of Object.entries({ ...LITELLM, OPENAI_ADMIN_KEY: "sk-admin" })) vi.stubEnv(name, value);
  const { fetch, sent } = routed();
  const model = new SessionChatOpenAI({ model: "gpt-4o", configuration: { fetch } });
  await model.invoke("hi");
  type Client = { get(path: string, options: object): Promise<unknown> };
  const { client } = (model as unknown as { completions: { client: Client } }).completions;
  // As in the SDK's methods for administrators.
  await client.get("/organization/projects", { __security: { adminAPIKeyAuth: true } }).catch(() => {});
  expect(sent.map(({ key }) => key)).toEqual(["Bearer sk-proxy"]);
});

it("the key of LITELLM_API_KEY is in no serialised model", () => {
  for (const [name, value] of Object.entries(LITELLM)) vi.stubEnv(name, value);
  expect(JSON.stringify(new SessionChatOpenAI({ model: "gpt-4o" }))).not.toContain("sk-proxy");
});

it("SessionLogs takes each of the two variables where its field is not given", async () => {
  vi.stubEnv("LITELLM_BASE_URL", "http://litellm.example:4000");
  vi.stubEnv("LITELLM_API_KEY", "sk-proxy");
  vi.stubEnv("OPENAI_API_KEY", "sk-openai");
  vi.stubEnv("OPENAI_BASE_URL", OTHER);
  const sent: SentRequest[] = [];
  const answer: typeof globalThis.fetch = async (input, init) => {
    sent.push({ host: new URL(String(input)).host, key: new Headers(init?.headers).get("authorization") });
    return Response.json({ data: [], total: 0, page: 1, page_size: 100, total_pages: 0 });
  };
  for (const fields of [{}, { apiKey: "sk-own" }, { baseURL: "http://own.example" }, { baseURL: "", apiKey: "" }]) {
    await new SessionLogs({ ...fields, fetch: answer }).summary("s");
  }
  expect(sent).toEqual([
    { host: "litellm.example:4000", key: "Bearer sk-proxy" },
    { host: "litellm.example:4000", key: "Bearer sk-own" },
    { host: "own.example", key: "Bearer sk-proxy" },
    { host: "litellm.example:4000", key: "Bearer sk-proxy" },
  ]);
});
