import { InMemoryStore } from "@langchain/core/stores";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { SessionChatOpenAI, SessionChatOpenAICallOptions, SessionChatOpenAIFields } from "../src/index.js";
import { asked, ENTRIES, responseId } from "./support/responses.js";
import { modelOf, useGateway } from "./support/session.js";

const gateway = useGateway();

let store: InMemoryStore<string>;

beforeEach(() => {
  store = new InMemoryStore();
});

type Fields = SessionChatOpenAIFields | undefined;

const remembering = (fields: Fields, more?: SessionChatOpenAIFields) =>
  modelOf(gateway.current, { responseStore: store, ...fields, ...more });

/** What a client is configured with, beside its base URL. */
const configured = (configuration: SessionChatOpenAIFields["configuration"]) => ({
  configuration: { baseURL: gateway.current.url, ...configuration },
});

type Call = [model: SessionChatOpenAI, options?: Partial<SessionChatOpenAICallOptions>];

/** Ways to say who asks: for each tenant, a model or options of a call. */
const TENANTS: Record<string, (fields: Fields) => (tenant: string) => Call> = {
  apiKey: (fields) => (apiKey) => [remembering(fields, { apiKey })],
  "an apiKey function": (fields) => (tenant) => [remembering(fields, { apiKey: async () => tenant })],
  "one apiKey function that knows who asks": (fields) => {
    let current = "";
    const model = remembering(fields, { apiKey: async () => current });
    return (tenant) => {
      current = tenant;
      return [model];
    };
  },
  "the environment": (fields) => (tenant) => {
    vi.stubEnv("OPENAI_API_KEY", tenant);
    return [remembering(fields, { apiKey: undefined })];
  },
  "configuration.apiKey": (fields) => (apiKey) => [
    remembering(fields, { apiKey: undefined, ...configured({ apiKey }) }),
  ],
  "configuration.apiKey, which goes before an apiKey": (fields) => (apiKey) => [
    remembering(fields, configured({ apiKey })),
  ],
  "the model's headers": (fields) => (tenant) => [
    remembering(fields, configured({ defaultHeaders: { Authorization: `Bearer ${tenant}` } })),
  ],
  "LiteLLM's own header": (fields) => (tenant) => [
    remembering(fields, configured({ defaultHeaders: { "X-LiteLLM-API-Key": tenant } })),
  ],
  "a call's headers": (fields) => {
    const model = remembering(fields);
    return (tenant) => [model, { options: { headers: { authorization: `Bearer ${tenant}` } } }];
  },
  "a call's Headers": (fields) => {
    const model = remembering(fields);
    return (tenant) => [model, { options: { headers: new Headers({ "api-key": tenant }) } }];
  },
  "a header in the place of Authorization": (fields) => {
    const model = remembering(fields);
    return (tenant) => [model, { options: { headers: { Authorization: null, "x-api-key": tenant } } }];
  },
  "headers that are bound": (fields) => {
    const model = remembering(fields);
    return (tenant) => [model.withConfig({ options: { headers: { Authorization: `Bearer ${tenant}` } } })];
  },
};

/** In the spelling of streamed calls in ChatOpenAI: plain ones do not send it. */
const STREAMED_TENANTS: typeof TENANTS = {
  "a streamed call's headers": (fields) => {
    const model = remembering(fields);
    return (tenant) => [model, { headers: { authorization: `Bearer ${tenant}` } } as Call[1]];
  },
};

const CASES = [
  ...Object.entries(TENANTS).flatMap(([by, tenants]) => ENTRIES.map((entry) => ({ ...entry, by, tenants }))),
  ...Object.entries(STREAMED_TENANTS).flatMap(([by, tenants]) =>
    ENTRIES.filter(({ name }) => /stream|handler/.test(name) && !/true/.test(name)).map((entry) => ({
      ...entry,
      by,
      tenants,
    })),
  ),
];

describe("one session id of two tenants is two conversations", () => {
  it.each(CASES)("by $by: $name", async ({ fields, ask, tenants }) => {
    const callOf = tenants(fields);
    const say = (tenant: string, text: string) => {
      const [model, options] = callOf(tenant);
      return ask(model, text, { ...options, sessionId: "shared" });
    };
    const first = await say("sk-one", "I am one");
    const second = await say("sk-two", "I am two");
    await say("sk-one", "one again");
    await say("sk-two", "two again");
    const keys = gateway.current.requests.map(
      ({ headers }) =>
        headers["x-litellm-api-key"] ?? headers["api-key"] ?? headers["x-api-key"] ?? headers.authorization,
    );
    expect(keys.map((key) => String(key).replace("Bearer ", ""))).toEqual(["sk-one", "sk-two", "sk-one", "sk-two"]);
    expect(asked(gateway.current).map(({ after }) => after)).toEqual([
      undefined,
      undefined,
      responseId(first),
      responseId(second),
    ]);
  });
});
