import { OpenAIEmbeddings } from "@langchain/openai";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SessionOpenAIEmbeddings, type SessionOpenAIEmbeddingsFields } from "../../src/index.js";
import { sendJson } from "../support/gateway/server.js";
import { observe, withoutSession } from "../support/like_chat_openai.js";
import { connection, sessionOf, sessions, skipRetryDelays, useGateway } from "../support/sessions.js";

const gateway = useGateway();

beforeEach(() => skipRetryDelays());
afterEach(() => {
  vi.restoreAllMocks();
});

const FIELDS: Record<string, SessionOpenAIEmbeddingsFields> = {
  "the defaults": {},
  "another model, by its older name": { modelName: "text-embedding-3-large" },
  "base64, decoded by the SDK or not": { encodingFormat: "base64" },
  floats: { encodingFormat: "float" },
  "dimensions, newlines and small batches": { dimensions: 2, stripNewLines: false, batchSize: 2 },
  "headers, an organization and a query of his own": {
    configuration: {
      organization: "org-1",
      defaultHeaders: { "x-team": "shop", "X-Request-Source": "test" },
      defaultQuery: {},
    },
  },
};

const CALLS: Record<string, (embeddings: OpenAIEmbeddings) => Promise<unknown>> = {
  embedQuery: (embeddings) => embeddings.embedQuery("two\nlines"),
  embedDocuments: (embeddings) => embeddings.embedDocuments(["a", "b\n", "ccc"]),
  "no documents": (embeddings) => embeddings.embedDocuments([]),
};

const fieldsOf = (fields: SessionOpenAIEmbeddingsFields) => {
  const given = connection(gateway.current);
  return { ...given, ...fields, configuration: { ...given.configuration, ...fields.configuration } };
};

describe.each(Object.entries(FIELDS))("%s", (_, fields) => {
  it.each(Object.entries(CALLS))(
    "embeddings have the requests and results of OpenAIEmbeddings: %s",
    async (_, call) => {
      const expected = await observe(gateway.current, () => call(new OpenAIEmbeddings(fieldsOf(fields))));
      const ours = (sessionId: string | false) => () =>
        call(new SessionOpenAIEmbeddings({ ...fieldsOf(fields), sessionId }));
      expect(await observe(gateway.current, ours(false))).toEqual(expected);
      const within = await observe(gateway.current, ours("own"));
      expect(withoutSession(within)).toEqual(withoutSession(expected));
      expect(within.requests.map(sessionOf)).toEqual(Array(expected.requests.length).fill("own"));
    },
  );
});

describe("errors and retries of embeddings", () => {
  it.each([
    { status: 400, requests: 1 },
    { status: 401, requests: 1 },
    { status: 404, requests: 1 },
    { status: 429 }, // The number of retries depends on core.
    { status: 429, retryAfter: "1", requests: 2 },
    { status: 500, requests: 2 },
  ])(
    "embeddings throw and retry like OpenAIEmbeddings: status $status, retry-after: $retryAfter",
    async ({ status, retryAfter, requests }) => {
      gateway.current.respond((_, response) => {
        sendJson(response, status, { error: { message: "no" } }, retryAfter ? { "retry-after": retryAfter } : {});
        return true;
      });
      const fields = { ...fieldsOf({}), maxRetries: 1 };
      const run = (embeddings: OpenAIEmbeddings) => observe(gateway.current, () => embeddings.embedQuery("hi"));
      const expected = await run(new OpenAIEmbeddings(fields));
      expect(expected.outcome).toMatchObject({ thrown: { message: expect.stringContaining(`${status} no`) } });
      if (requests) expect(expected.requests).toHaveLength(requests);
      expect(await run(new SessionOpenAIEmbeddings({ ...fields, sessionId: false }))).toEqual(expected);
      const within = await run(new SessionOpenAIEmbeddings({ ...fields, sessionId: "own" }));
      expect(withoutSession(within)).toEqual(withoutSession(expected));
    },
  );
});

describe("how the id is sent", () => {
  const both = { litellm_session_id: "own", litellm_trace_id: "own" };
  const header = { "x-litellm-session-id": "own" };
  it.each([
    { sessionTransport: "litellm" as const, body: both, headers: header },
    { sessionTransport: "body" as const, body: both, headers: {} },
    { sessionTransport: "headers" as const, body: {}, headers: header },
    { sessionTransport: "metadata" as const, body: { metadata: { litellm_trace_id: "own" } }, headers: {} },
    { sessionTransport: "none" as const, body: {}, headers: {} },
    { sessionTransport: { body: ["mine"], headers: ["x-mine"] }, body: { mine: "own" }, headers: { "x-mine": "own" } },
  ])(
    "embeddings write the session with sessionTransport $sessionTransport",
    async ({ sessionTransport, body, headers }) => {
      await new SessionOpenAIEmbeddings({ ...fieldsOf({}), sessionId: "own", sessionTransport }).embedQuery("hi");
      const [sent] = gateway.current.requests;
      const { input, model, encoding_format, ...added } = sent?.body ?? {};
      expect(added).toEqual(body);
      const names = Object.keys(sent?.headers ?? {}).filter((name) => /session|mine/.test(name));
      expect(Object.fromEntries(names.map((name) => [name, sent?.headers[name]]))).toEqual(headers);
    },
  );

  it("embeddings send a session header that the user set instead of their session", async () => {
    const fields = fieldsOf({ configuration: { defaultHeaders: { "X-LiteLLM-Session-Id": "his" } } });
    await new SessionOpenAIEmbeddings({ ...fields, sessionId: "own" }).embedQuery("hi");
    expect(sessions(gateway.current)).toEqual([[undefined, undefined, "his"]]);
  });

  it("embeddings send no session to OpenAI's own host, and warn once", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const sent: RequestInit[] = [];
    const answer = { data: [{ embedding: [1], index: 0 }], object: "list", model: "m" };
    const fetch: typeof globalThis.fetch = async (_, init) => {
      sent.push(init ?? {});
      return Response.json(answer);
    };
    const embeddings = new SessionOpenAIEmbeddings({ apiKey: "sk-test", sessionId: "own", configuration: { fetch } });
    await embeddings.embedQuery("hi");
    await embeddings.withSession("bound").embedQuery("hi");
    expect(sent).toHaveLength(2);
    for (const { body, headers } of sent) {
      expect(String(body)).not.toMatch(/own|bound/);
      expect(new Headers(headers).has("x-litellm-session-id")).toBe(false);
    }
    expect(warn).toHaveBeenCalledOnce();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("Requests go to OpenAI itself"));
  });
});
