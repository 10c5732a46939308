import { describe, expect, it } from "vitest";
import { type SessionChatOpenAI, SessionIdError, type SessionTransport, withSession } from "../../src/index.js";
import type { GatewayRequest } from "../support/gateway/server.js";
import { collect } from "../support/runnables.js";
import { modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** All of LiteLLM's names for a session id that are in a request, by place. */
function fieldsOf({ body, headers }: GatewayRequest): Record<string, unknown> {
  const { metadata = {} } = body;
  return { ...pick("body ", body), ...pick("metadata ", metadata as object), ...pick("header ", headers) };
}

function pick(where: string, fields: object): Record<string, unknown> {
  const named = Object.entries(fields).filter(([name]) => /session|trace/i.test(name));
  return Object.fromEntries(named.map(([name, value]) => [where + name, value]));
}

const ENDPOINTS = [
  { endpoint: "/chat/completions", useResponsesApi: false },
  { endpoint: "/responses", useResponsesApi: true },
];

const CALLS: Record<string, (model: SessionChatOpenAI, options: { sessionId: string }) => Promise<unknown>> = {
  invoke: (model, options) => model.invoke("hi", options),
  stream: async (model, options) => collect(await model.stream("hi", options)),
  "streamEvents v3": (model, options) => collect(model.streamEvents("hi", options)),
};

const CASES = ENDPOINTS.flatMap((each) => Object.entries(CALLS).map(([name, call]) => ({ ...each, name, call })));

const LITELLM = { "body litellm_session_id": "s", "body litellm_trace_id": "s", "header x-litellm-session-id": "s" };
const { "header x-litellm-session-id": _, ...BODY } = LITELLM;

const TRANSPORTS: readonly [transport: SessionTransport | undefined, fields: Record<string, unknown>][] = [
  [undefined, LITELLM],
  ["litellm", LITELLM],
  ["metadata", { "metadata litellm_trace_id": "s" }],
  ["body", BODY],
  ["headers", { "header x-litellm-session-id": "s" }],
  ["none", {}],
  [{ body: ["session"] }, { "body session": "s" }],
  [
    { body: ["a_session", "b_session"], metadata: ["session_id"], headers: ["X-Session", "x-trace.id"] },
    {
      "body a_session": "s",
      "body b_session": "s",
      "metadata session_id": "s",
      "header x-session": "s",
      "header x-trace.id": "s",
    },
  ],
  [{ headers: ["X-My-Session"], body: undefined, metadata: [] }, { "header x-my-session": "s" }],
];

describe.each(CASES)("$name on $endpoint", ({ endpoint, useResponsesApi, call }) => {
  it.each(TRANSPORTS)("sessionTransport %j writes its fields", async (sessionTransport, fields) => {
    const model = modelFor(gateway.current, { useResponsesApi, sessionTransport, modelKwargs: { user: "u" } });
    await call(model, { sessionId: "s" });
    expect(gateway.current.requests.map(({ path }) => path)).toEqual([endpoint]);
    expect(gateway.current.requests.map(fieldsOf)).toEqual([fields]);
    expect(gateway.current.requests[0]?.body).toMatchObject({ user: "u", model: "gpt-4o" });
  });

  it("metadata in the request that the user set is sent together with the session", async () => {
    const modelKwargs = { metadata: { mine: "1", other: "2" } };
    for (const sessionTransport of ["litellm", "metadata", { metadata: ["a", "b"] }] as const) {
      await call(modelFor(gateway.current, { useResponsesApi, sessionTransport, modelKwargs }), { sessionId: "s" });
    }
    expect(gateway.current.requests.map(({ body }) => body.metadata)).toEqual([
      { mine: "1", other: "2" },
      { mine: "1", other: "2", litellm_trace_id: "s" },
      { mine: "1", other: "2", a: "s", b: "s" },
    ]);
    expect(modelKwargs).toEqual({ metadata: { mine: "1", other: "2" } });
  });

  it.each(["søren", " s", "s ", "日本", "s\u00a0"])(
    "the session header is not sent for the id %j, which no header can hold",
    async (id) => {
      await call(modelFor(gateway.current, { useResponsesApi }), { sessionId: id });
      await call(
        modelFor(gateway.current, { useResponsesApi, sessionTransport: { headers: ["x-session"], body: ["session"] } }),
        {
          sessionId: id,
        },
      );
      expect(gateway.current.requests.map(fieldsOf)).toEqual([
        { "body litellm_session_id": id, "body litellm_trace_id": id },
        { "body session": id },
      ]);
    },
  );

  it.each(["headers", { headers: ["x-session"] }] as const)(
    "sessionTransport %j throws for an id that no header can hold",
    async (sessionTransport) => {
      const model = modelFor(gateway.current, { useResponsesApi, sessionTransport });
      const error = await Promise.resolve()
        .then(() => call(model, { sessionId: "søren" }))
        .catch((error: unknown) => error);
      expect(SessionIdError.isInstance(error)).toBe(true);
      expect(String(error)).toContain('Session id "søren" can\'t be sent by a sessionTransport that has headers only');
      expect(gateway.current.requests).toEqual([]);
      await call(model, { sessionId: "~a b!" });
      expect(Object.values(fieldsOf(gateway.current.requests[0] as GatewayRequest))).toEqual(["~a b!"]);
    },
  );
});

describe("a transport", () => {
  it("copies of a model use its sessionTransport", async () => {
    const model = modelFor(gateway.current, { sessionTransport: "body" });
    await model.withSession("s").bindTools([]).invoke("hi");
    await withSession(model.withConfig({ tags: ["x"] }), { sessionId: "s" }).invoke("hi");
    expect(gateway.current.requests.map(fieldsOf)).toEqual([BODY, BODY]);
  });

  it("sessionTransport writes nothing without a session", async () => {
    for (const [sessionTransport] of TRANSPORTS) {
      const model = modelFor(gateway.current, { sessionTransport });
      await model.invoke("hi");
      await collect(await model.stream("hi", { sessionId: false }));
    }
    expect(gateway.current.requests.map(fieldsOf)).toEqual(TRANSPORTS.flatMap(() => [{}, {}]));
  });

  it("a name that is listed twice in sessionTransport is sent once", async () => {
    const sessionTransport = { headers: ["x-session", "X-Session"], body: ["session", "session"] };
    await modelFor(gateway.current, { sessionTransport }).invoke("hi", { sessionId: "s" });
    expect(gateway.current.requests.map(fieldsOf)).toEqual([{ "body session": "s", "header x-session": "s" }]);
  });

  it("sessionTransport accepts names that are properties of Object.prototype", async () => {
    const sessionTransport = { body: ["constructor"], metadata: ["toString"] };
    await modelFor(gateway.current, { sessionTransport }).invoke("hi", { sessionId: "s" });
    expect(gateway.current.requests[0]?.body).toMatchObject({ constructor: "s", metadata: { toString: "s" } });
  });

  it.each<[string, unknown, RegExp]>([
    [
      "an unknown name",
      "litelm",
      /expected "litellm", "metadata", "body", "headers", "none", or an object .*got "litelm"/,
    ],
    ["a name that every object has", "toString", /got "toString"/],
    ["the empty name", "", /got ""/],
    ["true", true, /got true/],
    ["a number", 42, /got 42/],
    ["an array", ["litellm"], /got an array/],
    ["a function", () => "litellm", /got a value of type function/],
    ["an unknown key", { header: ["x-session"] }, /got the key "header"/],
    ["an unknown key next to a valid one", { body: ["session"], Body: [] }, /got the key "Body"/],
    ["no names", {}, /no name in "body", "metadata" or "headers"; to send nothing, use "none"/],
    ["empty arrays", { body: [], headers: [] }, /no name in/],
    [
      "names that are no array",
      { body: "session" },
      /sessionTransport\.body: expected an array of names, got "session"/,
    ],
    ["a name that is no string", { metadata: [42] }, /sessionTransport\.metadata: 42 can't hold a session id/],
    ["an empty body field", { body: [""] }, /sessionTransport\.body: "" can't hold/],
    ["an empty metadata field", { metadata: [""] }, /sessionTransport\.metadata: "" can't hold/],
    ...["messages", "input", "model", "stream", "metadata", "__proto__"].map(
      (name) =>
        [`the body field ${name}`, { body: ["ok", name] }, RegExp(`"${name}" can't hold`)] as [string, unknown, RegExp],
    ),
    ["the metadata field __proto__", { metadata: ["__proto__"] }, /"__proto__" can't hold/],
    ["the header __proto__", { headers: ["__proto__"] }, /"__proto__" can't hold/],
    ...["Authorization", "content-type", "Content-Length", "host", "connection", "accept", "transfer-encoding"].map(
      (name) =>
        [`the header ${name}`, { headers: [name] }, RegExp(`"${name}" can't hold`)] as [string, unknown, RegExp],
    ),
    ...["", "x session", "x-sessiön", "x:session", "x\nsession"].map(
      (name) =>
        [`the header ${JSON.stringify(name)}`, { headers: [name] }, /sessionTransport\.headers: .* can't hold/] as [
          string,
          unknown,
          RegExp,
        ],
    ),
  ])("sessionTransport throws for %s", (_, sessionTransport, message) => {
    const make = () => modelFor(gateway.current, { sessionTransport: sessionTransport as SessionTransport });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});
