import { RunnableLambda } from "@langchain/core/runnables";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type SessionFetchOptions, SessionIdError, sessionFetch, withSession } from "../../src/index.js";
import { useEchoServer } from "../support/echo_server.js";

const echo = useEchoServer();

afterEach(() => {
  vi.restoreAllMocks();
});

const JSON_TYPE = { "content-type": "application/json" };
const BODY = { model: "gpt-4o", messages: [{ role: "user", content: "Grüße 会話 ☃" }], n: null, "": [1.5, "\u2028"] };
const TAGGED = { ...BODY, litellm_session_id: "conversation-42", litellm_trace_id: "conversation-42" };
const post = (init: RequestInit = {}): RequestInit => ({
  method: "POST",
  headers: JSON_TYPE,
  body: JSON.stringify(BODY),
  ...init,
});

const inSession = (options: SessionFetchOptions = {}) => sessionFetch({ sessionId: "conversation-42", ...options });

describe("a POST with a JSON object", () => {
  const stated = { authorization: "Bearer sk", ...JSON_TYPE };
  const WAYS: Record<string, (url: string) => [input: string | URL | Request, init?: RequestInit]> = {
    "a string and a record": (url) => [url, post({ headers: stated })],
    "a URL and Headers": (url) => [new URL(url), post({ headers: new Headers(stated) })],
    "rows, and a method in lower case": (url) => [url, post({ headers: Object.entries(stated), method: "post" })],
    "a Request": (url) => [new Request(url, post({ headers: stated }))],
    "a Request and a body": (url) => [
      new Request(url, post({ headers: stated, body: "{}" })),
      { body: JSON.stringify(BODY) },
    ],
    "a Request and headers": (url) => [new Request(url, post()), { headers: stated }],
    "a Request of GET and all else": (url) => [new Request(url), post({ headers: stated })],
    "a charset": (url) => [url, post({ headers: { ...stated, "Content-Type": "Application/JSON; charset=utf-8" } })],
    "a content length": (url) => [
      url,
      post({ headers: { ...stated, "Content-Length": String(JSON.stringify(BODY).length) } }),
    ],
  };
  it.each(Object.entries(WAYS))("sessionFetch writes the session into a posted JSON object: %s", async (_, way) => {
    const response = await inSession()(...way(echo.url));
    expect(response.headers.get("x-answer")).toBe("as it is");
    const [request] = echo.requests;
    expect(request).toMatchObject({ method: expect.stringMatching(/^post$/i), path: "/v1/any" });
    expect(JSON.parse(String(request?.body))).toEqual(TAGGED);
    expect(request?.headers).toMatchObject({
      authorization: "Bearer sk",
      "content-type": expect.stringMatching(/^application\/json/i),
      "content-length": String(Buffer.byteLength(String(request?.body))),
      "x-litellm-session-id": "conversation-42",
    });
  });

  it("sessionFetch writes the session into a body with a +json content type", async () => {
    await inSession()(echo.url, post({ headers: { "content-type": "application/vnd.openai.v1+json" } }));
    expect(JSON.parse(String(echo.requests[0]?.body))).toEqual(TAGGED);
  });

  it("sessionFetch does not change its arguments", async () => {
    const [headers, body] = [new Headers(JSON_TYPE), JSON.stringify(BODY)];
    const init = Object.freeze(post({ headers, body }));
    const request = new Request(echo.url, init);
    await inSession()(echo.url, init);
    await inSession()(request);
    expect([...headers]).toEqual(Object.entries(JSON_TYPE));
    expect([...request.headers]).toEqual(Object.entries(JSON_TYPE));
    expect(await request.text()).toBe(body);
    expect(init.body).toBe(body);
  });

  it("the signal of a request aborts it", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(inSession()(echo.url, post({ signal }))).rejects.toThrow("enough");
    await expect(inSession()(new Request(echo.url, post({ signal })))).rejects.toThrow("enough");
    expect(echo.requests).toEqual([]);
  });
});

describe("other requests", () => {
  const text = JSON.stringify(BODY);
  const OTHERS: Record<string, () => [input?: Request, init?: RequestInit]> = {
    "no init": () => [],
    GET: () => [undefined, { headers: JSON_TYPE }],
    HEAD: () => [undefined, { method: "HEAD" }],
    "DELETE with JSON": () => [undefined, post({ method: "DELETE" })],
    PUT: () => [undefined, post({ method: "PUT" })],
    "POST without a body": () => [undefined, { method: "POST", headers: JSON_TYPE }],
    "POST of null": () => [undefined, post({ body: null })],
    "JSON that nothing calls JSON": () => [undefined, { method: "POST", body: text }],
    "JSON as text": () => [undefined, post({ headers: { "content-type": "text/plain" } })],
    "a JSON-RPC call": () => [
      undefined,
      post({ body: '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}}' }),
    ],
    "a batch of JSON-RPC": () => [
      undefined,
      post({ body: '[{"jsonrpc": "2.0", "method": "notifications/initialized"}]' }),
    ],
    "a Request of JSON-RPC": () => [
      new Request(echo.url, post({ body: '{"jsonrpc": "2.0", "result": null, "id": 1}' })),
    ],
    "JSON lines": () => [undefined, post({ headers: { "content-type": "application/jsonl" } })],
    "an array": () => [undefined, post({ body: "[1]" })],
    "a string": () => [undefined, post({ body: '"{}"' })],
    "null as JSON": () => [undefined, post({ body: "null" })],
    "broken JSON": () => [undefined, post({ body: '{"model": ' })],
    "a PUT of a form": () => [undefined, { method: "PUT", body: new FormData() }],
    "search parameters": () => [undefined, { method: "POST", body: new URLSearchParams({ a: "1" }) }],
    bytes: () => [undefined, post({ body: Buffer.from(text) })],
    "a blob": () => [undefined, post({ body: new Blob([text]) })],
    "a Request of GET": () => [new Request(echo.url)],
    "a Request of an array": () => [new Request(echo.url, post({ body: "[1]" }))],
  };
  it.each(Object.entries(OTHERS))(
    "sessionFetch adds the header, and nothing else, to a request whose body can't hold the session: %s",
    async (_, other) => {
      await inSession()(...argumentsOf(other()));
      await globalThis.fetch(...argumentsOf(other()));
      const [sent, plain] = echo.requests.map(({ bytes: _bytes, ...request }) =>
        JSON.parse(JSON.stringify(request).replace(/-*formdata-undici-\d+/g, "boundary")),
      );
      expect(sent.headers["x-litellm-session-id"]).toBe("conversation-42");
      delete sent.headers["x-litellm-session-id"];
      expect(sent).toEqual(plain);
    },
  );

  it.each(Object.entries(OTHERS))(
    "sessionFetch passes a request through unchanged without a session, or without a header to hold it: %s",
    async (_, other) => {
      for (const options of [{ sessionId: () => "" }, { sessionTransport: "body" }, { sessionTransport: "none" }]) {
        const fetch = vi.fn(globalThis.fetch);
        const [input, init] = argumentsOf(other());
        await inSession({ fetch, ...(options as SessionFetchOptions) })(input, init);
        expect(fetch.mock.calls).toHaveLength(1);
        expect(fetch.mock.calls[0]?.[0]).toBe(input);
        expect(fetch.mock.calls[0]?.[1]).toBe(init);
      }
    },
  );

  const argumentsOf = ([input, init]: [input?: Request, init?: RequestInit]): Parameters<typeof fetch> => [
    input ?? echo.url,
    init,
  ];

  it("sessionFetch passes a stream on without reading it first, with the header", async () => {
    for (const asRequest of [false, true]) {
      let pulled = 0;
      const stream = () =>
        new ReadableStream({
          pull(controller) {
            pulled += 1;
            if (pulled === 1) controller.enqueue(Buffer.from('{"model": "gpt-4o"}'));
            else controller.close();
          },
        });
      const init: RequestInit & { duplex: "half" } = { ...post({ body: stream() }), duplex: "half" };
      if (asRequest) init.headers = { "content-type": "application/octet-stream", "x-own": "1" };
      const pulledAtSend: number[] = [];
      const fetch: typeof globalThis.fetch = (...sent) => {
        pulledAtSend.push(pulled);
        return globalThis.fetch(...sent);
      };
      const input = asRequest ? new Request(echo.url, init) : echo.url;
      await inSession({ fetch })(input, asRequest ? undefined : init);
      // A stream asks for its first chunk when it is made.
      expect(pulledAtSend[0]).toBeLessThanOrEqual(1);
      expect(echo.requests.at(-1)).toMatchObject({
        method: "POST",
        body: '{"model": "gpt-4o"}',
        headers: { "x-litellm-session-id": "conversation-42", ...(asRequest ? { "x-own": "1" } : {}) },
      });
    }
  });

  it("sessionFetch keeps the signal, method and headers of a Request that gets the header alone", async () => {
    const controller = new AbortController();
    const request = new Request(echo.url, { method: "PUT", headers: { "x-own": "1" }, body: "text", ...controller });
    await inSession()(request);
    expect(echo.requests[0]).toMatchObject({
      method: "PUT",
      body: "text",
      headers: { "x-own": "1", "content-type": "text/plain;charset=UTF-8", "x-litellm-session-id": "conversation-42" },
    });
    const aborted = new Request(echo.url, { method: "PUT", signal: AbortSignal.abort(new Error("enough")) });
    await expect(inSession()(aborted)).rejects.toThrow("enough");
    expect(echo.requests).toHaveLength(1);
  });

  it("sessionFetch gives a Request of another implementation to its own fetch, with all of its headers", async () => {
    const foreign = { url: echo.url, method: "GET", headers: new Headers({ "x-own": "1" }) } as Request;
    const sent: [unknown, unknown][] = [];
    const fetch = async (input: unknown, init?: RequestInit) => {
      sent.push([input, Object.fromEntries(new Headers(init?.headers))]);
      return new Response();
    };
    await inSession({ fetch })(foreign);
    expect(sent).toEqual([[foreign, { "x-own": "1", "x-litellm-session-id": "conversation-42" }]]);
  });

  it("sessionFetch fails as fetch does for a Request whose body was read before", async () => {
    const request = new Request(echo.url, post());
    await request.text();
    const [expected, error] = await Promise.all(
      [globalThis.fetch, inSession()].map((fetch) => fetch(request).catch((reason: Error) => reason.message)),
    );
    expect(error).toBe(expected);
    expect(echo.requests).toEqual([]);
  });
});

describe("ids", () => {
  const sent = () => echo.requests.map(({ body }) => JSON.parse(body).litellm_session_id);

  it.each([undefined, "", null])("sessionFetch with sessionId %j uses the active session", async (sessionId) => {
    const options: object = { sessionId };
    const ask = RunnableLambda.from(async () => (await sessionFetch(options)(echo.url, post())).status);
    await withSession(ask, { sessionId: "run" }).invoke("x");
    expect(sent()).toEqual(["run"]);
  });

  it.each([undefined, ""])("sessionFetch with a function that returns %j sends no session", async (given) => {
    const ask = RunnableLambda.from(
      async () => (await sessionFetch({ sessionId: () => given })(echo.url, post())).status,
    );
    await withSession(ask, { sessionId: "run" }).invoke("x");
    expect(sent()).toEqual([undefined]);
  });

  it("sessionFetch does not look at the id of a request that can't hold one", async () => {
    const sessionId = vi.fn(() => "line\nbreak");
    for (const sessionTransport of ["body", "metadata", { body: ["session"] }] as const) {
      expect((await sessionFetch({ sessionId, sessionTransport })(echo.url)).ok).toBe(true);
    }
    expect((await sessionFetch({ sessionId, sessionTransport: "none" })(echo.url, post())).ok).toBe(true);
    expect(sessionId).not.toHaveBeenCalled();
    const inHeaders = sessionFetch({ sessionId: "会話", sessionTransport: "headers" });
    await expect(inHeaders(echo.url)).rejects.toThrow(SessionIdError);
    await expect(inHeaders(echo.url, post())).rejects.toThrow(SessionIdError);
    expect(echo.requests).toHaveLength(4);
  });

  it("sessionFetch calls a sessionId function once for a GET too, before it reads a body", async () => {
    let current = "first";
    const fetch = sessionFetch({ sessionId: () => current });
    const requests = [fetch(echo.url), fetch(new Request(echo.url, post())), fetch(echo.url, post())];
    current = "later";
    await Promise.all(requests);
    expect(echo.requests.map(({ headers }) => headers["x-litellm-session-id"])).toEqual(Array(3).fill("first"));
  });

  it("sessionFetch calls a sessionId function for each request", async () => {
    const ids = ["a", "b", "", undefined];
    const fetch = sessionFetch({ sessionId: () => ids.shift() });
    for (let n = 0; n < 4; n += 1) await fetch(echo.url, post());
    expect(sent()).toEqual(["a", "b", undefined, undefined]);
  });

  it.each(["line\nbreak", "\u0000", "\ud800", "x".repeat(1_025), 7, {}])(
    "sessionFetch throws for the id %j before a request is sent",
    async (id) => {
      const options: { sessionId: string } = JSON.parse(JSON.stringify({ sessionId: "" }));
      Object.assign(options, { sessionId: id });
      expect(() => sessionFetch(options)).toThrow(SessionIdError);
      const asked = sessionFetch({ sessionId: () => options.sessionId });
      await expect(asked(echo.url, post())).rejects.toThrow(SessionIdError);
      expect(echo.requests).toEqual([]);
    },
  );

  it("sessionFetch sends an id that no header can hold only in the body", async () => {
    const id = "Gespräch 会話 \r".trim();
    await sessionFetch({ sessionId: id })(echo.url, post());
    expect(sent()).toEqual([id]);
    expect(echo.requests[0]?.headers).not.toHaveProperty("x-litellm-session-id");
    const inHeaders = sessionFetch({ sessionId: id, sessionTransport: "headers" });
    await expect(inHeaders(echo.url, post())).rejects.toThrow(SessionIdError);
    expect(echo.requests).toHaveLength(1);
  });

  it("sessionFetch does not replace a session in the caller's body or headers", async () => {
    await inSession()(echo.url, post({ body: JSON.stringify({ litellm_trace_id: "his" }) }));
    await inSession()(echo.url, post({ headers: { ...JSON_TYPE, "X-LiteLLM-Session-Id": "his" } }));
    const found = echo.requests.map(({ body, headers }) => [JSON.parse(body), headers["x-litellm-session-id"]]);
    expect(found).toEqual([
      [{ litellm_trace_id: "his" }, undefined],
      [BODY, "his"],
    ]);
  });
});

describe("options", () => {
  it.each([
    { sessionTransport: "body" as const, body: TAGGED, header: undefined },
    { sessionTransport: "headers" as const, body: BODY, header: "conversation-42" },
    { sessionTransport: "metadata" as const, body: { ...BODY, metadata: { litellm_trace_id: "conversation-42" } } },
    { sessionTransport: "none" as const, body: BODY, header: undefined },
    { sessionTransport: { body: ["mine"] }, body: { ...BODY, mine: "conversation-42" }, header: undefined },
  ])(
    "sessionFetch writes the session with sessionTransport $sessionTransport",
    async ({ sessionTransport, body, header }) => {
      await inSession({ sessionTransport })(echo.url, post());
      expect(JSON.parse(String(echo.requests[0]?.body))).toEqual(body);
      expect(echo.requests[0]?.headers["x-litellm-session-id"]).toBe(header);
    },
  );

  it("sessionFetch throws for an invalid sessionTransport", () => {
    expect(() => Reflect.apply(sessionFetch, undefined, [{ sessionTransport: "smoke" }])).toThrow(TypeError);
  });

  it("sessionFetch uses globalThis.fetch as it is at the time of the request", async () => {
    const fetch = inSession();
    const later = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response("later"));
    expect(await (await fetch("http://127.0.0.1:1", post())).text()).toBe("later");
    expect(later).toHaveBeenCalledOnce();
  });

  const PROVIDERS = {
    OpenAI: ["api.openai.com", "eu.api.openai.com", "API.OpenAI.com", "api.openai.com.", "api.openai.com:443"],
    Anthropic: ["api.anthropic.com", "eu.api.anthropic.com", "api.eu.anthropic.com"],
    Google: [
      "generativelanguage.googleapis.com",
      "aiplatform.googleapis.com",
      "europe-west4-aiplatform.googleapis.com",
      "aiplatform.eu.rep.googleapis.com",
    ],
    Cohere: ["api.cohere.com", "api.cohere.ai", "eu.api.cohere.com"],
  };
  it.each(Object.entries(PROVIDERS))(
    "sessionFetch sends no session to hosts of %s, and warns once",
    async (name, hosts) => {
      const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
      const form = new FormData();
      const sent: unknown[] = [];
      const fetch = inSession({ fetch: async (...args) => Response.json(sent.push(args)) });
      const expected: unknown[] = [];
      for (const host of hosts) {
        const url = `https://${host}/v1/any`;
        const calls: Parameters<typeof globalThis.fetch>[] = [
          [url, post()],
          [new URL(url), post()],
          [new Request(url, post()), undefined],
          [url, undefined],
          [url, { method: "POST", body: form }],
        ];
        for (const call of calls) await fetch(...call);
        expected.push(...calls);
      }
      expect(sent).toEqual(expected);
      expect(warn.mock.calls).toEqual([[expect.stringMatching(`${name} itself.*no session id is sent`)]]);
    },
  );

  it.each([
    "https://litellm.example",
    "https://notapi.openai.com",
    "https://api.openai.com.example",
    "https://api-anthropic.com",
    "https://anthropic.example.com",
    "https://googleapis.com.example",
    "https://api.notcohere.com",
    "http://127.0.0.1:4000/api.anthropic.com",
    "/relative",
  ])("sessionFetch sends the session to %s, which is no provider's own host", async (url) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const bodies: string[] = [];
    await inSession({ fetch: async (_, init) => Response.json(bodies.push(String(init?.body))) })(url, post());
    expect(bodies.map((body) => JSON.parse(body))).toEqual([TAGGED]);
    expect(warn).not.toHaveBeenCalled();
  });

  it("a sessionTransport other than the default is sent to a provider's own host", async () => {
    const headers: unknown[] = [];
    const send: typeof fetch = async (_, init) => Response.json(headers.push(new Headers(init?.headers).get("x-own")));
    await inSession({ sessionTransport: { headers: ["x-own"] }, fetch: send })("https://api.anthropic.com/v1/messages");
    expect(headers).toEqual(["conversation-42"]);
  });
});
