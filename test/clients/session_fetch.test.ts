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
  const form = new FormData();
  form.set("purpose", "batch");
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
    "JSON lines": () => [undefined, post({ headers: { "content-type": "application/jsonl" } })],
    "an array": () => [undefined, post({ body: "[1]" })],
    "a string": () => [undefined, post({ body: '"{}"' })],
    "null as JSON": () => [undefined, post({ body: "null" })],
    "broken JSON": () => [undefined, post({ body: '{"model": ' })],
    "a form": () => [undefined, { method: "POST", body: form }],
    "search parameters": () => [undefined, { method: "POST", body: new URLSearchParams({ a: "1" }) }],
    bytes: () => [undefined, post({ body: Buffer.from(text) })],
    "a blob": () => [undefined, post({ body: new Blob([text]) })],
    "a Request of GET": () => [new Request(echo.url)],
    "a Request of a form": () => [new Request(echo.url, { method: "POST", body: form })],
    "a Request of an array": () => [new Request(echo.url, post({ body: "[1]" }))],
  };
  it.each(Object.entries(OTHERS))("sessionFetch passes a request through unchanged: %s", async (_, other) => {
    const [input = echo.url, init] = other();
    const fetch = vi.fn(globalThis.fetch);
    await inSession({ fetch })(input, init);
    expect(fetch).toHaveBeenCalledOnce();
    expect(fetch.mock.calls[0]?.[0]).toBe(input);
    expect(fetch.mock.calls[0]?.[1]).toBe(init);

    const [again = echo.url, sameInit] = other();
    await globalThis.fetch(again, sameInit);
    const [sent, expected] = echo.requests.map((request) =>
      JSON.parse(JSON.stringify(request).replace(/-*formdata-undici-\d+/g, "boundary")),
    );
    expect(sent).toEqual(expected);
    expect(JSON.stringify(sent)).not.toContain("conversation-42");
  });

  it("sessionFetch passes a stream through without reading it first", async () => {
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
      if (asRequest) init.headers = { "content-type": "application/octet-stream" };
      const fetch = vi.fn(globalThis.fetch);
      const input = asRequest ? new Request(echo.url, init) : echo.url;
      await inSession({ fetch })(input, asRequest ? undefined : init);
      expect(fetch.mock.calls[0]?.[asRequest ? 0 : 1]).toBe(asRequest ? input : init);
      expect(echo.requests.at(-1)).toMatchObject({ body: '{"model": "gpt-4o"}' });
      expect(echo.requests.at(-1)?.headers).not.toHaveProperty("x-litellm-session-id");
    }
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

  it("sessionFetch ignores an invalid id for a request that carries no session", async () => {
    const inHeaders = sessionFetch({ sessionId: "会話", sessionTransport: "headers" });
    expect((await inHeaders(echo.url)).ok).toBe(true);
    await expect(inHeaders(echo.url, post())).rejects.toThrow(SessionIdError);
    expect(echo.requests).toHaveLength(1);
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

  it("sessionFetch sends no session to OpenAI's own host, and warns once", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const bodies: unknown[] = [];
    const fetch = inSession({ fetch: async (_, init) => Response.json(bodies.push(init?.body)) });
    await fetch("https://api.openai.com/v1/chat/completions", post());
    await fetch(new Request("https://eu.api.openai.com/v1/responses", post()));
    expect(bodies.map((body) => body === undefined || JSON.parse(String(body)))).toEqual([BODY, BODY]);
    expect(warn).toHaveBeenCalledOnce();
  });
});
