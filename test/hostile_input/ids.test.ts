import { describe, expect, it, vi } from "vitest";
import {
  SessionCallbackHandler,
  type SessionChatOpenAICallOptions,
  SessionIdError,
  SessionOpenAIEmbeddings,
  sessionFetch,
  withSession,
} from "../../src/index.js";
import { connection, modelFor, sessions, useGateway } from "../support/sessions.js";

const gateway = useGateway();

/** An object that throws when it is inspected. */
const hostile: object = new Proxy(
  {},
  {
    get: () => fail(),
    has: () => fail(),
    ownKeys: () => fail(),
    getPrototypeOf: () => fail(),
    getOwnPropertyDescriptor: () => fail(),
  },
);

function fail(): never {
  throw new Error("looked into");
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Invalid ids, of any type. */
const IMPOSSIBLE: [string, unknown][] = [
  ["a line break", "a\r\nx-evil: 1"],
  ["NUL", "a\0b"],
  ["DEL", "a\x7f"],
  ["a C1 control", "a\x85"],
  ["a lone high surrogate", "a\ud800"],
  ["a lone low surrogate", "\udc00a"],
  ["1,025 characters", "x".repeat(1025)],
  ["8 MB", "x".repeat(8_000_000)],
  ["NaN", Number.NaN],
  ["a BigInt", 1n],
  ["a symbol", Symbol("id")],
  ["a boolean", true],
  ["an array", ["a"]],
  ["a function", () => "a"],
  ["a String object", Object("a")],
  ["an object whose toString throws", { toString: fail }],
  ["a Proxy that throws", hostile],
  ["a revoked Proxy", revoked()],
];

/** Unusual but valid ids. */
const POSSIBLE = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "<script>",
  "%s{{id}}",
  "'; DROP TABLE",
  "👩‍💻",
  "\u202eabc",
];

const asOption = (sessionId: unknown) => ({ sessionId }) as SessionChatOpenAICallOptions;

/** All explicit sources of an id. */
const DOORS: Record<string, (id: unknown) => Promise<unknown>> = {
  "call option": async (id) => modelFor(gateway.current).invoke("x", asOption(id)),
  "stream option": async (id) => modelFor(gateway.current).stream("x", asOption(id)),
  "batch option": async (id) => modelFor(gateway.current).batch(["x"], asOption(id)),
  "bound option": async (id) => modelFor(gateway.current).withConfig(asOption(id)).invoke("x"),
  withSession: async (id) =>
    modelFor(gateway.current)
      .withSession(id as string)
      .invoke("x"),
  "configurable.sessionId": async (id) => modelFor(gateway.current).invoke("x", { configurable: { sessionId: id } }),
  "configurable.session_id": async (id) => modelFor(gateway.current).invoke("x", { configurable: { session_id: id } }),
  "the constructor": async (id) => modelFor(gateway.current, asOption(id)).invoke("x"),
  handler: async (sessionId) => {
    const handler = new SessionCallbackHandler({ sessionId: sessionId as string });
    await modelFor(gateway.current).invoke("x", { callbacks: [handler] });
  },
  "wrapper's field": async (sessionId) =>
    withSession(modelFor(gateway.current), { sessionId: sessionId as string }).invoke("x"),
  "wrapper's function": async (sessionId) =>
    withSession(modelFor(gateway.current), { sessionId: () => sessionId as string }).invoke("x"),
  "wrapper's option": async (sessionId) =>
    withSession(modelFor(gateway.current)).invoke("x", { sessionId: sessionId as string }),
  embeddings: async (id) => {
    const fields = { ...connection(gateway.current), model: "e", ...asOption(id) };
    await new SessionOpenAIEmbeddings(fields).embedQuery("x");
  },
  sessionFetch: async (id) => {
    const send = sessionFetch({ sessionId: () => id as string });
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ model: "m", messages: [] });
    await send(`${gateway.current.url}/chat/completions`, { method: "POST", headers, body });
  },
};

describe.each(Object.entries(DOORS))("an id from %s", (door, send) => {
  it.each(IMPOSSIBLE)("an invalid id throws before a request is sent: %s", async (name, id) => {
    if (name === "a function" && door === "wrapper's field") return; // A function is valid there.
    const error: unknown = await send(id).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(SessionIdError.isInstance(error), String(error)).toBe(true);
    expect((error as Error).message.length).toBeLessThan(400);
    expect((error as Error).message).not.toMatch(/[\p{Cc}\p{Cs}]/u);
    expect(gateway.current.requests).toEqual([]);
  });

  it("an unusual but valid id is sent unchanged", async () => {
    const [dangerous] = POSSIBLE;
    await send(dangerous);
    expect(sessions(gateway.current)).toEqual([dangerous]);
  });
});

it.each(POSSIBLE)("the id %j is sent unchanged", async (sessionId) => {
  await modelFor(gateway.current).invoke("x", { sessionId });
  const [request] = gateway.current.requests;
  expect(request?.body).toMatchObject({ litellm_session_id: sessionId, litellm_trace_id: sessionId });
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

it.each(["a\nb", "a\x7f", "a\x85", "x".repeat(1025)])(
  "the constructor throws for the id %j in the environment",
  (id) => {
    vi.stubEnv("LITELLM_SESSION_ID", id);
    expect(() => modelFor(gateway.current, { sessionId: undefined })).toThrow(SessionIdError);
  },
);

it.each(IMPOSSIBLE)("%s as thread_id or in the metadata is ignored", async (_, id) => {
  const model = modelFor(gateway.current);
  await model.invoke("x", { configurable: { thread_id: id } });
  await model.invoke("x", { metadata: { session_id: id, thread_id: id, conversation_id: "a" } });
  expect(sessions(gateway.current)).toEqual([undefined, "a"]);
});
