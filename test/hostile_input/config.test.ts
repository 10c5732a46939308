import type { RunnableConfig } from "@langchain/core/runnables";
import { ChatOpenAI } from "@langchain/openai";
import { describe, expect, it } from "vitest";
import { type SessionChatOpenAIFields, withSession } from "../../src/index.js";
import { connection, modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** The error of a call, or undefined. The timeout of the test ends a call that hangs. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

const getter = (key: string) =>
  Object.defineProperty({}, key, {
    enumerable: true,
    get() {
      throw new Error("getter");
    },
  });

const cycle: Record<string, unknown> = {};
cycle.self = cycle;

describe.each(["configurable", "metadata", "tags", "callbacks"])("%s of a wrong type", (key) => {
  it.each([null, "text", "", 7, true, [], () => undefined, Object.create(null)])(
    "a config value of the wrong type has ChatOpenAI's result: %j",
    async (value) => {
      const config = { [key]: value } as RunnableConfig;
      const expected = await errorOf(() => new ChatOpenAI(connection(gateway.current)).invoke("x", config));
      gateway.current.requests.length = 0;
      const model = modelFor(gateway.current);
      expect(await errorOf(() => model.invoke("x", { ...config, sessionId: "a" }))).toEqual(expected);
      expect(await errorOf(() => withSession(model, { sessionId: "b" }).invoke("x", config))).toEqual(expected);
      if (!expected) expect(sessions(gateway.current)).toEqual(["a", "b"]);
    },
  );
});

it.each(["sessionId", "session_id", "thread_id"])(
  "a call rejects with the error of a getter in configurable.%s",
  async (key) => {
    const model = modelFor(gateway.current);
    const config = { configurable: getter(key) };
    expect(await errorOf(() => model.invoke("x", config))).toEqual(new Error("getter"));
    expect(await errorOf(() => model.stream("x", config))).toEqual(new Error("getter"));
    expect(await errorOf(() => withSession(model).invoke("x", config))).toEqual(new Error("getter"));
    expect(gateway.current.requests).toEqual([]);
  },
);

it("a call rejects with the error of a wrapper's function", async () => {
  const thrown = new Error("mine");
  const fail = () => {
    throw thrown;
  };
  const model = modelFor(gateway.current);
  expect(await errorOf(() => withSession(model, { sessionId: fail }).invoke("x"))).toBe(thrown);
  expect(await errorOf(() => withSession(model, { onSession: fail }).invoke("x"))).toBe(thrown);
  expect(gateway.current.requests).toEqual([]);
});

describe("extraBody and modelKwargs", () => {
  const polluting = JSON.parse(
    '{ "__proto__": { "polluted": true }, "constructor": { "prototype": 1 }, "toString": 1 }',
  );

  it.each<[string, SessionChatOpenAIFields, object]>([
    ["extraBody", {}, { extraBody: polluting }],
    ["extraBody.metadata", { modelKwargs: { metadata: { a: 1 } } }, { extraBody: { metadata: polluting } }],
    ["modelKwargs", { modelKwargs: polluting }, {}],
  ])("%s: names of Object.prototype are sent as keys and change no prototype", async (name, fields, options) => {
    for (const sessionTransport of ["litellm", "metadata"] as const) {
      await modelFor(gateway.current, { ...fields, sessionTransport }).invoke("x", { ...options, sessionId: "a" });
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    const [first, second] = gateway.current.requests;
    expect(first?.body).toMatchObject({ litellm_session_id: "a" });
    expect(second?.body.metadata).toMatchObject({ litellm_trace_id: "a" });
    const sent = name === "extraBody.metadata" ? first?.body.metadata : first?.body;
    expect(Object.keys(sent as object)).toEqual(expect.arrayContaining(["constructor", "toString"]));
  });

  it("inherited properties of extraBody are not sent", async () => {
    const extraBody = Object.create({ messages: [], tags: ["inherited"] });
    await modelFor(gateway.current).invoke("x", { extraBody });
    expect(gateway.current.requests[0]?.body).not.toHaveProperty("tags");
    expect(gateway.current.requests[0]?.body.messages).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ["a cycle", { cycle }],
    ["a BigInt", { n: 1n }],
    ["a getter that throws", getter("tags")],
    ["a toJSON that throws", { tags: { toJSON: () => JSON.parse("{") } }],
    ["a revoked Proxy", { tags: revokedProxy() }],
  ])("%s rejects the call before a request is sent", async (name, extraBody) => {
    // LangChain retries an error of the user's code, as in ChatOpenAI. It must not retry the others, which takes a minute.
    const model = modelFor(gateway.current, { maxRetries: name.includes("toJSON") ? 0 : 6 });
    const options = { extraBody: extraBody as Record<string, unknown>, sessionId: "a" };
    expect(await errorOf(() => model.invoke("x", options))).toBeInstanceOf(Error);
    expect(await errorOf(async () => (await model.stream("x", options)).cancel())).toBeInstanceOf(Error);
    expect(gateway.current.requests).toEqual([]);
  });

  it("an extraBody of 8 MB is sent completely", async () => {
    const note = "x".repeat(8_000_000);
    await modelFor(gateway.current).invoke("x", { extraBody: { note }, sessionId: "a" });
    expect(gateway.current.requests[0]?.body.note).toHaveLength(note.length);
  });
});

it.each(["constructor", "toString", "hasOwnProperty"])("a sessionTransport may contain the name %s", async (name) => {
  const sessionId = "a";
  for (const sessionTransport of [{ body: [name] }, { metadata: [name] }]) {
    await modelFor(gateway.current, { sessionTransport }).invoke("x", { sessionId });
  }
  const [first, second] = gateway.current.requests;
  expect(Object.entries(first?.body ?? {})).toContainEqual([name, "a"]);
  expect(Object.entries(second?.body.metadata ?? {})).toContainEqual([name, "a"]);
});

describe("headers of a call", () => {
  it.each<[string, unknown]>([
    ["a line break", { "x-a": "1\r\nx-evil: 1" }],
    ["a name that is none", { "x a": "1" }],
    ["a character beyond latin-1", { "x-a": "€" }],
    ["a getter that throws", getter("x-a")],
  ])("headers with %s reject the call at once", async (_, headers) => {
    const model = modelFor(gateway.current, { maxRetries: 6 });
    const options = { options: { headers: headers as Record<string, string> }, sessionId: "a" };
    expect(await errorOf(() => model.invoke("x", options))).toBeInstanceOf(Error);
    expect(await errorOf(async () => (await model.stream("x", options)).cancel())).toBeInstanceOf(Error);
    expect(gateway.current.requests).toEqual([]);
  });

  it("a header with a name of Object.prototype is sent and changes no prototype", async () => {
    const headers = JSON.parse('{ "__proto__": "1", "constructor": "2" }');
    await modelFor(gateway.current).invoke("x", { options: { headers }, sessionId: "a" });
    expect(gateway.current.requests[0]?.headers).toMatchObject({ constructor: "2", "x-litellm-session-id": "a" });
  });
});

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
