import { afterEach, expect, it, vi } from "vitest";
import { SessionOpenAIEmbeddings } from "../../src/index.js";
import { connection, modelFor, useGateway } from "../support/sessions.js";

const gateway = useGateway();

afterEach(() => {
  vi.restoreAllMocks();
});

const STEP = { path: [] };
const ours = { langchain: STEP };

/** The metadata fields of the only request, sent with these body fields of the user. */
async function sent(extraBody: Record<string, unknown>, useResponsesApi = false) {
  const model = modelFor(gateway.current, { logSteps: true, useResponsesApi });
  await model.invoke("hi", { extraBody });
  const { metadata, litellm_metadata } = gateway.current.requests.at(-1)?.body ?? {};
  return { metadata, litellm_metadata };
}

it("on chat, the step is in metadata, beside everything that the user has there", async () => {
  expect(await sent({})).toEqual({ metadata: { spend_logs_metadata: ours } });
  const metadata = { foo: 1, tags: ["a"], spend_logs_metadata: { team: "x" } };
  expect(await sent({ metadata })).toEqual({
    metadata: { foo: 1, tags: ["a"], spend_logs_metadata: { team: "x", ...ours } },
  });
});

it("on chat with the user's litellm_metadata, both places have the step, both users' keys and both tags", async () => {
  expect(
    await sent({
      metadata: { foo: 1, tags: ["a", "b"], spend_logs_metadata: { x: 1, both: "metadata" } },
      litellm_metadata: { bar: 1, tags: ["b", "c"], spend_logs_metadata: { y: 1, both: "litellm" } },
    }),
  ).toEqual({
    metadata: { foo: 1, tags: ["a", "b", "c"], spend_logs_metadata: { x: 1, y: 1, both: "metadata", ...ours } },
    litellm_metadata: { bar: 1, tags: ["a", "b", "c"], spend_logs_metadata: { x: 1, y: 1, both: "litellm", ...ours } },
  });
});

it("on /responses, the step is in litellm_metadata, and metadata, which the provider gets, stays", async () => {
  expect(await sent({ metadata: { foo: "1" } }, true)).toEqual({
    metadata: { foo: "1" },
    litellm_metadata: { spend_logs_metadata: ours },
  });
  expect(await sent({ litellm_metadata: { tags: ["a"], spend_logs_metadata: { x: 1 } } }, true)).toEqual({
    metadata: undefined,
    litellm_metadata: { tags: ["a"], spend_logs_metadata: { x: 1, ...ours } },
  });
});

it("the user's own key langchain stays", async () => {
  const metadata = { spend_logs_metadata: { langchain: "mine" } };
  expect(await sent({ metadata })).toEqual({ metadata });
});

it.each([
  { metadata: "text" },
  { metadata: { spend_logs_metadata: "text" } },
  { metadata: { spend_logs_metadata: ["text"] } },
])("a value of another type stays as it is, without a step: %j", async (extraBody) => {
  expect(await sent(extraBody)).toEqual(extraBody);
});

it("the user's header gets the step, in ASCII, whether the call or the client sets it", async () => {
  const name = "x-litellm-spend-logs-metadata";
  const header = '{"team":"é"}';
  const expected = JSON.stringify({ langchain: STEP, team: "é" }).replace("é", "\\u00e9");
  const model = modelFor(gateway.current, { logSteps: true });
  await model.invoke("hi", {
    options: { headers: { "X-LiteLLM-Spend-Logs-Metadata": '{"team":"\\u00e9"}', "x-mine": "stays" } },
    sessionId: "s",
  });
  const ofClient = {
    configuration: { baseURL: gateway.current.url, defaultHeaders: { [name]: '{"team":"\\u00e9"}' } },
  };
  await modelFor(gateway.current, { logSteps: true, ...ofClient }).invoke("hi");
  await new SessionOpenAIEmbeddings({
    ...connection(gateway.current),
    ...ofClient,
    logSteps: true,
  } as never).embedQuery("hi");
  expect(gateway.current.requests.map(({ headers }) => headers[name])).toEqual([expected, expected, expected]);
  expect(gateway.current.requests[0]?.headers).toMatchObject({ "x-mine": "stays", "x-litellm-session-id": "s" });
  expect(JSON.parse(expected)).toEqual({ ...ours, ...JSON.parse(header) });
});

it("a header that is no JSON object, or removed, stays as it is", async () => {
  const name = "x-litellm-spend-logs-metadata";
  const model = modelFor(gateway.current, { logSteps: true });
  await model.invoke("hi", { options: { headers: { [name]: "text" } } });
  const defaultHeaders = { [name]: '{"a":1}' };
  const withDefault = modelFor(gateway.current, {
    logSteps: true,
    configuration: { baseURL: gateway.current.url, defaultHeaders },
  });
  await withDefault.invoke("hi", { options: { headers: { [name]: null } } as never });
  expect(gateway.current.requests.map(({ headers }) => headers[name])).toEqual(["text", undefined]);
});

it("a provider's own host gets no step", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const bodies: unknown[] = [];
  const fetch = async (_url: unknown, init?: { body?: unknown }) => {
    bodies.push(JSON.parse(String(init?.body)));
    return new Response(JSON.stringify({ choices: [{ message: { role: "assistant", content: "hi" } }] }), {
      headers: { "content-type": "application/json" },
    });
  };
  for (const sessionTransport of ["litellm", { body: ["user_session"] }] as const) {
    const configuration = { baseURL: "https://api.openai.com/v1", fetch: fetch as never };
    await modelFor(gateway.current, { logSteps: true, sessionTransport, configuration }).invoke("hi");
  }
  expect(bodies).toHaveLength(2);
  expect(JSON.stringify(bodies)).not.toContain("spend_logs_metadata");
});
