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

/** Names that would replace what is asked, how it is sent or who asks. */
const REFUSED = {
  body: `messages input model stream metadata __proto__ tools tool_choice functions function_call prompt instructions
    system contents previous_response_id conversation store max_tokens temperature response_format n seed stop
    stream_options user safety_identifier user_id organization api_key api_base base_url api_version timeout
    request_timeout num_retries max_retries fallbacks mock_response custom_llm_provider extra_headers extra_body headers
    litellm_metadata litellm_params litellm_call_id litellm_credential_name guardrails tags cache no-log drop_params
    user_config model_list aws_access_key_id aws_session_token vertex_credentials azure_ad_token langfuse_secret_key
    jsonrpc method params file image documents query service_tier`,
  metadata: `__proto__ tags user_id user guardrails spend_logs_metadata user_api_key user_api_key_team_id model_group
    headers litellm_call_id`,
  headers: `__proto__ Authorization Proxy-Authorization authentication Cookie set-cookie X-API-Key api-key
    x-goog-api-key x-goog-user-project x-amz-security-token ocp-apim-subscription-key X-LiteLLM-API-Key Host Connection
    Keep-Alive proxy-connection Proxy-Authenticate te trailer Transfer-Encoding Upgrade http2-settings Expect
    content-type Content-Length content-encoding content-language accept accept-encoding range if-match if-none-match
    cache-control origin referer user-agent x-forwarded-for X-Forwarded-Host forwarded via x-real-ip
    x-http-method-override x-original-url idempotency-key openai-organization openai-project anthropic-version
    anthropic-beta x-stainless-retry-count sec-websocket-protocol mcp-session-id mcp-protocol-version last-event-id
    x-litellm-timeout x-litellm-num-retries x-litellm-tags x-litellm-spend-logs-metadata x-litellm-call-id
    x-litellm-end-user-id x-litellm-agent-id`,
};

describe.each(Object.entries(REFUSED))("names of sessionTransport in %s", (key, names) => {
  it.each(names.split(/\s+/))("sessionTransport throws a TypeError that names %s", (name) => {
    const make = () => modelFor(gateway.current, { sessionTransport: { [key]: ["ok-session", name] } });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(`Invalid sessionTransport.${key}: "${name}" can't hold a session id`);
  });
});

it("sessionTransport takes every name of the named transports, and names without a meaning", async () => {
  const names = [
    "session",
    "session_id",
    "conversation_id",
    "thread_id",
    "trace_id",
    "chat-id",
    "userSession",
    "Model",
  ];
  const body = ["litellm_session_id", "litellm_trace_id", "prompt_cache_key", ...names];
  const headers = ["x-litellm-session-id", "X-LiteLLM-Trace-Id", "x-request-group", "session-id", "x-content"];
  const metadata = ["litellm_session_id", "litellm_trace_id", ...names];
  await modelFor(gateway.current, { sessionTransport: { body, metadata, headers } }).invoke("hi", { sessionId: "s" });
  const [request] = gateway.current.requests;
  expect(body.map((name) => request?.body[name])).toEqual(body.map(() => "s"));
  expect(request?.body.metadata).toEqual(Object.fromEntries(metadata.map((name) => [name, "s"])));
  expect(headers.map((name) => request?.headers[name.toLowerCase()])).toEqual(headers.map(() => "s"));
});
