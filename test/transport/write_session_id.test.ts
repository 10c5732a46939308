import { describe, expect, it } from "vitest";
import type { SessionChatOpenAI, SessionChatOpenAICallOptions, SessionChatOpenAIFields } from "../../src/index.js";
import { collect } from "../support/runnables.js";
import { modelFor, sessionOf, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

type Options = Partial<SessionChatOpenAICallOptions>;
type HeadersLike = NonNullable<NonNullable<Options["options"]>["headers"]>;

type Call = (model: SessionChatOpenAI, options: Options) => Promise<unknown>;

const CALLS: Record<string, Call> = {
  invoke: (model, options) => model.invoke("hi", options),
  stream: async (model, options) => collect(await model.stream("hi", options)),
  "streamEvents v3": (model, options) => collect(model.streamEvents("hi", options)),
  "generate of a bound copy": (model, options) => model.withConfig(options).generate([[["user", "hi"]]]),
};

/** Each method on each endpoint, and `invoke` also with `streaming: true`. */
const CASES = [false, true].flatMap((useResponsesApi) => [
  ...Object.entries(CALLS).map(([name, call]) => ({
    name,
    call,
    fields: { useResponsesApi } as SessionChatOpenAIFields,
  })),
  { name: "invoke", call: CALLS.invoke as Call, fields: { useResponsesApi, streaming: true as const } },
]);

/** The forms in which the openai SDK takes headers. */
const FORMS: Record<string, (headers: Record<string, string>) => HeadersLike> = {
  "a record": (headers) => headers,
  "a record in other case": (headers) =>
    Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toUpperCase(), v])),
  Headers: (headers) => new Headers(headers),
  rows: (headers) => Object.entries(headers),
};

/** The form in which LangChain takes a client's default headers. */
const DEFAULT_FORMS = {
  ...FORMS,
  "nullable headers": (headers: Record<string, string>) => ({ values: new Headers(headers), nulls: new Set<string>() }),
};

const headersOf = () => gateway.current.requests.map(({ headers }) => headers);

describe.each(CASES)("$name, $fields", ({ call, fields }) => {
  it.each(Object.entries(FORMS))("the headers of one call are sent together with the session: %s", async (_, form) => {
    const options = { headers: form({ "x-own": "1", "x-other": "2" }) };
    await call(modelFor(gateway.current, fields), { sessionId: "s", options });
    await call(modelFor(gateway.current, fields), { options });
    expect(headersOf()).toMatchObject([
      { "x-own": "1", "x-other": "2" },
      { "x-own": "1", "x-other": "2" },
    ]);
    expect(sessions(gateway.current)).toEqual(["s", undefined]);
  });

  it.each(Object.entries(FORMS))(
    "the session is not written if the headers of one call already set it: %s",
    async (_, form) => {
      const options = { headers: form({ "x-litellm-session-id": "mine", "x-own": "1" }) };
      await call(modelFor(gateway.current, fields), { sessionId: "s", options });
      expect(sessions(gateway.current)).toEqual([[undefined, undefined, "mine"]]);
      expect(headersOf()).toMatchObject([{ "x-own": "1" }]);
    },
  );

  it.each(Object.entries(DEFAULT_FORMS))(
    "default headers are sent together with the session, or instead of it if they set it: %s",
    async (_, form) => {
      const withDefaults = (headers: Record<string, string>) => {
        const configuration = {
          baseURL: gateway.current.url,
          defaultHeaders: form(headers) as unknown as Record<string, string>,
        };
        return modelFor(gateway.current, { ...fields, configuration });
      };
      const options = { headers: { "X-Own": "call" } };
      await call(withDefaults({ "x-own": "default", "x-default": "2" }), { sessionId: "s", options });
      await call(withDefaults({ "x-litellm-session-id": "mine" }), { sessionId: "s" });
      expect(headersOf()).toMatchObject([{ "x-own": "call", "x-default": "2" }, {}]);
      expect(sessions(gateway.current)).toEqual(["s", [undefined, undefined, "mine"]]);
    },
  );

  it.each<[string, SessionChatOpenAIFields, Options, unknown]>([
    ["modelKwargs", { modelKwargs: { litellm_trace_id: "mine" } }, {}, [undefined, "mine", undefined]],
    ["extraBody", {}, { extraBody: { litellm_session_id: "mine" } }, ["mine", undefined, undefined]],
    [
      "modelKwargs, with a metadata transport",
      {
        modelKwargs: { metadata: { litellm_trace_id: "mine" } },
        sessionTransport: { metadata: ["litellm_trace_id"], body: ["litellm_session_id"] },
      },
      {},
      undefined,
    ],
    [
      "extraBody, with a metadata transport",
      { sessionTransport: { metadata: ["litellm_trace_id"], headers: ["x-litellm-session-id"] } },
      { extraBody: { metadata: { litellm_trace_id: "mine" } } },
      undefined,
    ],
    [
      "a header in any case, with a custom transport",
      { sessionTransport: { headers: ["x-session-A"], body: ["litellm_session_id", "litellm_trace_id"] } },
      { options: { headers: { "X-SESSION-a": "mine" } } },
      undefined,
    ],
  ])("no session field is written if the user set one of them in %s", async (_, own, options, expected) => {
    await call(modelFor(gateway.current, { ...fields, ...own }), { sessionId: "s", ...options });
    expect(sessions(gateway.current)).toEqual([expected]);
    const [request] = gateway.current.requests;
    if (expected === undefined)
      expect({ ...request?.headers, ...(request?.body.metadata as object) }).toSatisfy((sent: object) =>
        Object.values(sent).includes("mine"),
      );
  });

  it("fields of another transport, and unset ones, do not count as a session that the user set", async () => {
    const modelKwargs = { session_id: "mine", litellm_trace_id: undefined, metadata: { litellm_trace_id: "mine" } };
    await call(modelFor(gateway.current, { ...fields, modelKwargs }), {
      sessionId: "s",
      options: { headers: { "x-litellm-trace-id": "mine" } },
    });
    expect(sessions(gateway.current)).toEqual(["s"]);
    const [request] = gateway.current.requests;
    expect(request?.body).toMatchObject({ session_id: "mine", metadata: { litellm_trace_id: "mine" } });
    expect(request?.headers).toMatchObject({ "x-litellm-trace-id": "mine" });
  });
});

it("the headers of one call override the headers that are bound to a copy, in invoke and stream", async () => {
  const model = modelFor(gateway.current, { sessionId: "s" }).withConfig({
    options: { headers: { "x-own": "bound" } },
  });
  await model.invoke("hi");
  await model.invoke("hi", { options: { headers: new Headers({ "x-own": "call" }) } });
  await collect(await model.stream("hi", { options: { headers: [["X-OWN", "call"]] } }));
  expect(headersOf()).toMatchObject([{ "x-own": "bound" }, { "x-own": "call" }, { "x-own": "call" }]);
  expect(gateway.current.requests.map(sessionOf)).toEqual(["s", "s", "s"]);
});

it("a header with two values is sent as the openai SDK sends it", async () => {
  const headers: HeadersLike = { "x-own": ["1", "2"] };
  const model = modelFor(gateway.current);
  await model.invoke("hi", { options: { headers } });
  await model.invoke("hi", { sessionId: "s", options: { headers } });
  await collect(
    await model.stream("hi", {
      sessionId: "s",
      options: {
        headers: [
          ["x-own", "1"],
          ["x-own", "2"],
        ],
      },
    }),
  );
  expect(headersOf()).toMatchObject([{ "x-own": "1, 2" }, { "x-own": "1, 2" }, { "x-own": "1, 2" }]);
});

it("a call can remove a default header with null, as in the openai SDK", async () => {
  const configuration = { baseURL: gateway.current.url, defaultHeaders: { "x-own": "1" } };
  const model = modelFor(gateway.current, { configuration, sessionId: "s" });
  await model.invoke("hi", { options: { headers: { "X-Own": null } } });
  await collect(await model.stream("hi", { options: { headers: { "x-own": null } } }));
  expect(headersOf().map((headers) => "x-own" in headers)).toEqual([false, false]);
  expect(sessions(gateway.current)).toEqual(["s", "s"]);
});
